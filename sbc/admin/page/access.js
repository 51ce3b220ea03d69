
// Logging in, and what needs a login.
let session = { password_set: false, required: false, logged_in: false, csrf: "" };
const may_act = () => session.logged_in && session.account !== "reader";
function showSession(s) {
  session = s || { password_set: false, required: false, logged_in: false, csrf: "" };
  text("account", session.logged_in ? "Logged in" : "Log in");
  text("h-login", session.logged_in ? "You are logged in" : session.password_set ? "Log in" : "No password is set");
  show("login", session.password_set && !session.logged_in);
  show("logout", session.logged_in);
  showClaim();
  show("which-account", !!session.reader_set);
  draw("login-why", session, (x) => x.logged_in ? x.account === "reader" ? "You see everything, and change nothing: this is the reader's account." : "You can restart phones and fetch files again." : x.password_set
    ? x.required ? "This box shows its phones to those who know its password." : "Reading needs no password. Restarting a phone, forgetting it, or fetching a file again does."
    : [x.required ? "It has no password, so it shows its phones to nobody but itself. To see them from here, run " :
      "It has no password, so nothing can be changed from here. To restart phones and fetch files from here, run ",
      el("code", {}, "sudo dropwire passwd"), " on this box and choose one."]);
  if (shown) showActions(shown);
  if (admissions) showAdmissions(admissions);
  if (files) showFiles(files);
}
function say(words, bad) {
  $("done").className = "note" + (bad ? " error" : "");
  text("done", words);
  show("done", true);
}
const post = (path, body) => answer_of(path, { method: "POST", body: body ? JSON.stringify(body) : "",
  headers: { "X-CSRF-Token": session.csrf || "", ...(body ? { "Content-Type": "application/json" } : {}) } });
// True when it was done. `insist(message)` is called if the action can be forced (a call is up).
async function perform(path, insist) {
  let done = false;
  try {
    const got = await post(path);
    say(sentence(got?.said || "done"));
    done = true;
  } catch (problem) {
    if (problem.status === 401 || problem.status === 403) await lookAtSession();
    say(problem.status ? "That was not done: " + sentence(problem.message) : "No answer from Dropwire.", true);
    if (problem.status === 409 && insist) insist(problem.message);
  }
  want("phones"); want("phone"); want("files"); want("admissions");
  return done;
}
const sentence = (words) => words.charAt(0).toUpperCase() + words.slice(1) + (/[.!?]$/.test(words) ? "" : ".");
async function lookAtSession() {
  showSession(await ask("/api/session").catch(() => session));
}
$("login").addEventListener("submit", async (e) => {
  e.preventDefault();
  show("login-error", false);
  try {
    await post("/api/login", { password: $("password").value, ...(session.reader_set ? { account: $("login-as").value } : {}) });
    $("password").value = "";
    await lookAtSession();
    say("You are logged in.");
    find_operation();
    if (!live) listen();
    location.hash = came_from;
  } catch (problem) {
    $("login-error").textContent = problem.status === 401 ? "That is not the password." : problem.status ? sentence(problem.message) : "No answer from Dropwire.";
    show("login-error", true);
    $("password").select();
  }
});
$("logout").addEventListener("click", async () => {
  await post("/api/logout").catch(() => null);
  await lookAtSession();
  say("You are logged out.");
  location.hash = "#home";
});

const kActions = {
  restart: { label: "Restart", sure: "Restart this phone? It registers again and reads its configuration." },
  reset: { label: "Reset", sure: "Reset this phone? It boots and fetches its files." },
  forget: { label: "Forget", sure: "Forget this phone and its story? It comes back when it asks again." },
};
const kept_out = (x) => x.findings.some((f) => f.code === "not_admitted");
function showActions(x) {
  draw("actions", [x.key, session.logged_in, session.account, session.password_set, kept_out(x)], () => session.logged_in && !may_act()
    ? el("p", { class: "quiet" }, "This account only reads: ", el("a", { href: "#login" }, "log in as operator"), " to restart this phone or to watch its messages.") : !session.logged_in
    ? el("p", { class: "quiet" }, session.password_set ? [el("a", { href: "#login" }, "Log in"), " to restart or forget this phone, or to watch its messages."]
      : ["To restart a phone from here or to watch its messages, give this box a password: ", el("code", {}, "sudo dropwire passwd"), "."])
    : buttons(x));
}
function buttons(x) {
  return [el("p", { class: "buttons" }, Object.entries(kActions).map(([name, a]) => el("button", { type: "button", "data-act": name }, a.label)),
    el("button", { type: "button", "data-trace": true }, "Watch its messages"),
    kept_out(x) && x.device ? el("button", { type: "button", class: "strong", "data-admit": true }, "Admit this phone") : null),
    el("p", { id: "sure", class: "buttons", hidden: true })];
}
function ask_again(act, words, force) {
  $("sure").replaceChildren(el("strong", {}, words),
    el("button", { type: "button", class: "strong", "data-yes": act, "data-force": force }, force ? `${kActions[act].label} it all the same` : `Yes, ${act} it`),
    el("button", { type: "button", "data-no": act }, "No"));
  show("sure", true);
  $("sure").querySelector("[data-no]").focus();
}
$("actions").addEventListener("click", async (e) => {
  const { act, yes, no, force, trace, admit } = e.target.dataset;
  if (admit !== undefined) return perform(`/api/admissions/${encodeURIComponent(shown.device)}/admit`);
  if (trace !== undefined) return begin_trace(shown.key);
  if (act) return ask_again(act, kActions[act].sure);
  if (!yes && !no) return;
  show("sure", false);
  $("actions").querySelector(`[data-act="${yes || no}"]`)?.focus();
  if (!yes) return;
  const path = `/api/phones/${encodeURIComponent(shown.key)}/${yes}` + (force !== undefined ? "?force=1" : "");
  const insist = force === undefined ? (words) => ask_again(yes, sentence(words), true) : null;
  if (await perform(path, insist) && yes === "forget") location.hash = "#home";
});

// Who may get a phone's own files, where that is limited.
let admissions = null;
function showAdmissions(a) {
  admissions = a;
  const open = a?.windows.find((w) => !w.device);
  show("admission", !!a && a.phones !== "all");
  if (!a || a.phones === "all") return;
  draw("admission", [a.phones, !!open, may_act()], () => [
    el("p", {}, open ? ["Every phone that asks is admitted until ", el("strong", {}, new Date(open.until).toLocaleTimeString()), "."]
      : a.phones === "known" ? "A phone gets its configuration only where it is admitted." : "Only phones of the list, and those that somebody admitted, get their configuration."),
    may_act() ? el("p", { class: "buttons" }, open ? el("button", { type: "button", "data-admission": "close" }, "Admit no more")
      : el("button", { type: "button", "data-admission": "open" }, "Admit new phones for 15 minutes")) : null]);
}
$("admission").addEventListener("click", (e) => {
  const what = e.target.dataset.admission;
  if (what) perform("/api/admissions/" + what);
});
