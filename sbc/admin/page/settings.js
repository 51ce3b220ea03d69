
// The few settings that can be changed here; all others are in files.
let settings = null;
function from_words(s) {
  return s.from.includes("page.toml") ? "set on this page" : s.from === "--set" ? "set on the service's command line" : s.from === "default" || !s.from ? "as shipped" : `set in ${s.from}`;
}
function showSettings(s) {
  if (!s) return;
  settings = s;
  if (document.activeElement !== $("set-central")) $("set-central").value = s.central.value;
  $("set-central").disabled = s.central.fixed;
  $("set-router").disabled = s.port_mapping.fixed;
  $("set-router").checked = s.port_mapping.value !== "off";
  text("central-from", from_words(s.central));
  text("router-from", from_words(s.port_mapping));
  show("restart-line", s.needs_restart);
  show("restart", s.can_restart);
  text("restart-why", s.can_restart ? "Some changes take effect after a restart. Calls may end first." : "Some changes take effect when Dropwire restarts.");
}
async function save_setting(body, error_id) {
  unsay(error_id);
  try {
    const got = await post("/api/settings", body);
    say(sentence(got.said || "saved"));
    want("settings", true);
    want("status");
  } catch (problem) {
    wrong(error_id, problem);
    want("settings", true);
  }
}
$("set-try").addEventListener("click", () => try_server("/api/settings/try", { central: $("set-central").value }, "set-reach", "central-error"));
$("central-form").addEventListener("submit", (e) => { e.preventDefault(); save_setting({ central: $("set-central").value }, "central-error"); });
$("set-router").addEventListener("change", () => save_setting({ router_ports: $("set-router").checked }, "router-error"));
$("restart").addEventListener("click", async () => {
  try { say(sentence((await post("/api/restart")).said) + " Log in again then."); } catch (problem) { say(problem.message, true); }
});
$("password-form").addEventListener("submit", async (e) => {
  e.preventDefault();
  unsay("password-error");
  if (passwords_differ("new-password", "new-again", "password-error")) return;
  try {
    await post("/api/settings/password", { old: $("old-password").value, new: $("new-password").value });
    for (const id of ["old-password", "new-password", "new-again"]) $(id).value = "";
    await lookAtSession();
    listen();
    say("The password was changed. Everybody else is logged out.");
  } catch (problem) {
    wrong("password-error", problem);
  }
});
