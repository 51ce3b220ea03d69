
// The messages between a phone and this box from now on, one per line.
const kTraceSeconds = 600, kTraceLines = 1000;
let trace = null;  // { key, lines, stop } of the trace that is shown
function trace_says(words) { text("trace-state", words); }
function end_trace() {
  trace?.stop.abort();
  trace = null;
  show("phone-trace", false);
}
async function begin_trace(key) {
  end_trace();
  const mine = trace = { key, lines: [], stop: new AbortController() };
  text("trace", "");
  text("trace-command", `sudo dropwire trace ${key} -w ${key}.pcapng`);
  show("trace-stop", true);
  show("trace-save", false);
  show("phone-trace", true);
  trace_says("Waiting for what it says.");
  $("h-trace").focus();
  let end = `Ended after ${span(kTraceSeconds)}.`;
  try {
    const answer = await fetch(`/api/phones/${encodeURIComponent(key)}/trace?seconds=${kTraceSeconds}`, { cache: "no-store", signal: mine.stop.signal });
    if (!answer.ok) throw new Refused(answer.status, (await answer.json().catch(() => null))?.error || `Dropwire answered ${answer.status}.`);
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    for (let rest = ""; ;) {
      const { value, done } = await reader.read();
      if (done) break;
      const lines = (rest + value).split("\n");
      rest = lines.pop();
      if (!lines.length || trace !== mine) continue;
      mine.lines.push(...lines);
      mine.lines.splice(0, mine.lines.length - kTraceLines);
      const at_end = $("trace").scrollTop + $("trace").clientHeight >= $("trace").scrollHeight - 4;
      text("trace", mine.lines.join("\n"));
      if (at_end) $("trace").scrollTop = $("trace").scrollHeight;
      trace_says(mine.lines.length === kTraceLines ? `The last ${kTraceLines} messages` : mine.lines.length === 1 ? "1 message" : `${mine.lines.length} messages`);
      show("trace-save", true);
    }
  } catch (problem) {
    end = problem.name === "AbortError" ? "Stopped." : problem.status ? sentence(problem.message) : "It broke off: no answer from Dropwire.";
  }
  if (trace !== mine) return;
  trace_says(end);
  show("trace-stop", false);
}
$("trace-stop").addEventListener("click", () => { trace?.stop.abort(); $("h-trace").focus(); });
$("trace-save").addEventListener("click", () => {
  const url = URL.createObjectURL(new Blob([trace.lines.join("\n") + "\n"], { type: "text/plain" }));
  el("a", { href: url, download: trace.key + ".txt" }).click();
  setTimeout(() => URL.revokeObjectURL(url), 10000);
});
