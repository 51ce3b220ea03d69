
function state_of(x) {
  return [x.registered ? badge("good", "Registered") : badge("", "Not registered"), " ",
    x.state === "trouble" || x.state === "failed" ? badge(kStands[x.state], x.cause && x.severity === "info" ? "No telephone server" : "Needs attention")
      : x.findings_count ? badge("", "Note") : null,
    x.reason && x.state !== "ok" ? el("small", { class: "quiet" }, x.reason) : null];
}
$("attention").addEventListener("click", (e) => {
  if (e.target.id !== "to-needing") return;
  e.preventDefault();
  look_for({ show: "attention", sort: looked_for.sort });
  $("h-phones").scrollIntoView();
  $("show").focus();
});

const kStep = { boot: "Start", lists: "Trust list", config: "Configuration", recovery: "Recovery", firmware: "Firmware", extras: "Extras",
  note: "Note", registration: "Registration", call: "Call", action: "From this page" };
function step(s) {
  return el("li", { class: "step-" + s.step }, el("p", {}, el("strong", {}, kStep[s.step] || s.step), clock(s.at)), el("p", {}, s.detail));
}
let shown = null;  // the phone whose story is shown
function showPhone(x) {
  shown = x;
  const key = chosen();
  text("h-phone", x ? name_of(x) : key);
  document.title = (x ? name_of(x) : key) + " – Dropwire";
  for (const id of ["facts", "phone-findings", "phone-actions", "phone-story"]) show(id, !!x);
  show("phone-gone", !x);
  if (!x) { show("phone-calls", false); $("phone-state").replaceChildren(); return; }
  draw("phone-state", [x.registered], () => x.registered ? badge("good", "Registered") : badge("", "Not registered"));
  const about = { ...x, story: 0, findings: 0, calls: 0 };
  draw("facts", about, () => [
    fact("Registered", x.registered ? `with ${x.server || "the call server"}` : "no"),
    fact(x.lines.length > 1 ? "Lines" : "Line", x.lines.join(", ") || "none known"),
    fact("Model", x.model || x.user_agent || "not known yet"), fact("Protocol", protocol(x) || "not known yet"),
    fact("Firmware", x.firmware ? mono(x.firmware) : "not known yet"),
    fact("Address", mono(x.address), x.mac ? el("br") : null, x.mac ? el("small", {}, "MAC ", mono(x.mac)) : null),
    fact("Fetches files by", x.uses_http ? "HTTP" : "TFTP"), fact("Last seen", ago(x.last_seen)), fact("First seen", clock(x.first_seen))]);
  const findings = gravest_first(x.findings);
  const family = guide.families.find((f) => f.family === x.family);
  draw("findings", [findings, family, x.state, x.reason], () => findings.length ? findings.map((f) => {
    const keys = keys_for(f, family, x);
    return finding(keys ? { ...f, do: "" } : f, keys, f.cause ? el("p", {}, el("a", { href: "#home" }, "What is wrong with the box")) : null);
  })
    : x.state === "ok" ? el("p", {}, badge("good", "All well"), " Nothing is wrong with this phone, as far as its requests show.")
      : el("p", {}, badge(kStands[x.state], "Not known yet"), ` Nothing was found wrong so far: it is ${x.reason}.`));
  show("phone-calls", x.calls.length > 0);
  sync("phone-talks", x.calls, call_key, talk);
  showActions(x);
  sync("steps", [...x.story].reverse(), (s) => s.at + s.step + s.detail, step);
}
// What to press on this model.
function keys_for(f, family, x) {
  if (!family || f.code !== "trust_list_present" || !family.trust_list.length) return null;
  return [el("h4", {}, x.model ? `Erase it. On a ${x.model.split("/").join(" or ")}:` : "Erase it. On most models:"), steps(family.trust_list)];
}
