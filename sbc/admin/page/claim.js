
// A box without a password: asks for its code, a password and the telephone server, and shows nothing else.
const unclaimed = () => !!session.claim_open && session.required;
const kServices = { http: "Files by HTTP", tftp: "Files by TFTP", sccp: "Calls by SCCP", sip: "Calls by SIP" };
function reach_line(r) {
  const [kind, words] = kReach[r.state] || ["", r.state];
  const port = r.name.slice(r.name.lastIndexOf(":") + 1);
  return el("li", {}, `${kServices[r.service] || r.service} (${r.transport.toUpperCase()} ${port}): `, badge(kind === "error" ? "" : kind, words));
}
function show_reach(id, got) {
  const open = got.reach.filter((r) => r.state === "open");
  const can_call = open.some((r) => r.service === "sccp" || r.service === "sip"), has_files = open.some((r) => r.service === "http" || r.service === "tftp");
  const verdict = !open.length ? badge("error", "Nothing answers there") : !can_call ? badge("warning", "Has files, takes no calls")
    : !has_files ? badge("warning", "Takes calls, has no files") : badge("good", "This server answers");
  $(id).replaceChildren(el("p", {}, verdict), el("ul", { class: "plain" }, got.reach.map(reach_line)));
}
// Tries the server in `field` with every protocol, and shows the results in #`id`.
async function try_server(path, body, id, error_id) {
  unsay(error_id);
  $(id).setAttribute("role", "status");  // only while there is something to announce: many live regions are noise
  $(id).replaceChildren(el("p", { class: "quiet" }, "Asking the server…"));
  try {
    show_reach(id, await post(path, body));
    return true;
  } catch (problem) {
    $(id).replaceChildren();
    wrong(error_id, problem);
    return false;
  }
}
function show_error(id, words) {
  $(id).setAttribute("role", "alert");
  text(id, words);
  show(id, true);
}
function unsay(id) {
  show(id, false);
  $(id).removeAttribute("role");
}
const wrong = (id, problem) => show_error(id, problem.status ? sentence(problem.message) : "No answer from Dropwire.");
function passwords_differ(first, second, error_id) {
  const why = $(first).value.length < 8 ? "The password needs at least 8 characters." : $(first).value !== $(second).value ? "The two passwords differ." : "";
  if (why) { show_error(error_id, why); $(first).focus(); }
  return !!why;
}
function showClaim() {
  const alone = unclaimed();
  document.querySelector("nav").hidden = alone;
  show("for-scripts", !alone);
  show("to-claim", !!session.claim_open && !session.password_set);
  if (!alone) return;
  text("what", "A new box");
  text("health", "Not set up yet");
  $("health").className = "badge";
}
$("claim-try").addEventListener("click", async () => {
  $("claim-try").disabled = true;
  await try_server("/api/claim/try", { code: $("claim-code").value, central: $("claim-central").value }, "claim-reach", "claim-error");
  $("claim-try").disabled = false;
});
$("claim").addEventListener("submit", async (e) => {
  e.preventDefault();
  unsay("claim-error");
  if (passwords_differ("claim-password", "claim-again", "claim-error")) return;
  $("claim-done").disabled = true;
  try {
    await post("/api/claim", { code: $("claim-code").value, password: $("claim-password").value, central: $("claim-central").value });
    for (const id of ["claim-code", "claim-password", "claim-again"]) $(id).value = "";
    $("claim-reach").removeAttribute("role");
    await lookAtSession();
    say("This box is yours. The password is set.");
    location.hash = "#first";
    await go();
    listen();
  } catch (problem) {
    wrong("claim-error", problem);
    if (problem.status === 401) $("claim-code").select();
  }
  $("claim-done").disabled = false;
});
