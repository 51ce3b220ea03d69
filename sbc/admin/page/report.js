
// One text for somebody who helps: what is wrong, the story of one phone, the log, and ten seconds of its messages.
const kWatch = 10;  // seconds
async function report_text(key) {
  const about = key ? "?device=" + encodeURIComponent(key) : "";
  const options = { cache: "no-store", signal: AbortSignal.timeout((kWatch + 30) * 1000) };
  const answer = await fetch("/api/report" + about, options);
  if (!answer.ok) throw new Refused(answer.status, (await answer.json().catch(() => null))?.error || `Dropwire answered ${answer.status}.`);
  const words = await answer.text();
  if (!key) return words;
  const said = await fetch(`/api/phones/${encodeURIComponent(key)}/trace?format=text&seconds=${kWatch}&octets=1048576`, options).then((a) => a.ok ? a.text() : "");
  return `${words}\n==== Messages of ${key} in ${kWatch} s ====\n\n${said || "Nothing was said.\n"}`;
}
async function save_report(key, button) {
  button.disabled = true;
  say(key ? `Collecting what is known of ${key}, and its messages for ${kWatch} s…` : "Collecting what is known of this box…");
  try {
    const link = el("a", { href: URL.createObjectURL(new Blob([await report_text(key)], { type: "text/plain" })), download: "dropwire-report.txt" });
    document.body.append(link);
    link.click();
    link.remove();
    setTimeout(() => URL.revokeObjectURL(link.href), 60000);
    say("Your browser saved dropwire-report.txt. Send that file to your operator: names, numbers and addresses are in it, passwords are not.");
  } catch (problem) {
    if (problem.status === 401 || problem.status === 403) location.hash = "#login";
    say(problem.status ? sentence(problem.message) : "No answer from Dropwire.", true);
  }
  button.disabled = false;
}
for (const button of document.querySelectorAll("[data-report]"))
  button.addEventListener("click", () => save_report(button.dataset.report === "phone" && shown ? shown.key : "", button));
