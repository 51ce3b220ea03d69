
// Which view is shown, and which data is requested when.
const kViews = ["home", "phone", "connect", "files", "box", "login", "claim", "first", "settings"];
const kWhenGone = "Look whether the box has power and is on the network. If it is, run “sudo systemctl restart dropwire” on it, or unplug it and plug it in again; "
  + "“sudo journalctl -u dropwire” says why it ended. This page goes on by itself.";
const kBetween = 700, kPoll = 4000, kTryAgain = 20000;  // ms
function chosen() {
  try { return location.hash.startsWith("#phone/") ? decodeURIComponent(location.hash.slice(7)) : ""; } catch { return ""; }
}
function view() {
  const name = location.hash.slice(1).split(/[/?]/)[0];
  if (unclaimed()) return "claim";
  return kViews.includes(name) ? name : "home";
}
const kAsks = {
  status: [() => "/api/status", (s) => s && showStatus(s)],
  doctor: [() => "/api/doctor", showDoctor],
  phones: [phones_path, showPhones],
  calls: [() => "/api/calls", showCalls],
  phone: [() => "/api/phones/" + encodeURIComponent(chosen()), showPhone],
  connect: [() => "/api/connect", showGuide],
  files: [() => "/api/files", showFiles],
  admissions: [() => "/api/admissions?limit=0", showAdmissions],
  newcomers: [() => "/api/phones?limit=50", pick_first],
  first: [first_path, showFirst],
  keys: [() => "/api/connect", show_keys],
  settings: [() => "/api/settings", showSettings],
};
// The data that each view needs; anything else is requested when a view needs it.
const kNeeds = { home: ["phones", "status", "doctor", "calls", "admissions"], phone: ["status", "connect", "phone"], connect: ["status", "connect"],
  files: ["status", "files"], box: ["status", "doctor"], login: [], claim: [], first: ["status", "keys", "newcomers", "first"], settings: ["status", "settings"] };
const due = new Set();
let timer = null, looking = false, looked_at = 0, lastGood = null;
function want(name, soon) {
  if (!kNeeds[view()].includes(name)) return;
  due.add(name);
  if (!timer && !looking) timer = setTimeout(look, soon ? 0 : Math.max(0, looked_at + kBetween - Date.now()));
  else if (timer && soon) { clearTimeout(timer); timer = setTimeout(look, 0); }
}
const want_all = (soon) => kNeeds[view()].forEach((name) => want(name, soon));
async function look() {
  timer = null;
  if (looking || document.hidden) return;
  looking = true;
  const round = [...due];
  due.clear();
  try {
    for (const name of round) {
      if (!kNeeds[view()].includes(name)) continue;
      const [path, draw_it] = kAsks[name], asked = path();
      const got = await ask(asked);
      if (path() === asked) draw_it(got); else due.add(name);
    }
    lastGood = new Date();
    show("lost", false);
  } catch (problem) {
    round.forEach((name) => due.add(name));
    if (problem.status === 401 || problem.status === 403) {
      await lookAtSession();
      text("health", "Log in to see");
      if (view() !== "login") location.hash = "#login";
    } else {
      const words = problem.status ? `Dropwire does not answer as it should: ${problem.message}`
        : "No answer from Dropwire" + (lastGood ? "; what you see is from " + lastGood.toLocaleTimeString() : "") + ". " + kWhenGone;
      text("lost", words);
      show("lost", true);
      $("health").className = "badge error";
      text("health", "No answer");
      drawn.clear();
    }
  }
  looking = false;
  looked_at = Date.now();
  if (due.size && !document.hidden) timer = setTimeout(look, lastGood && $("lost").hidden ? kBetween : kPoll);
}

// Events say what changed; without them the data is requested every few seconds. A hidden page holds no connection, as
// a browser opens only six to a host, for all its tabs together.
let feed = null, live = false, fed_at = 0;
function hang_up() {
  feed?.close();
  feed = null;
  live = false;
}
function listen() {
  hang_up();
  fed_at = Date.now();
  if (!window.EventSource || document.hidden || unclaimed()) return;
  feed = new EventSource("/api/events");
  const on = (name, act) => feed.addEventListener(name, (e) => { live = true; show_feed(); act(JSON.parse(e.data)); });
  on("hello", () => want_all(true));
  on("status", () => want("status"));
  on("doctor", () => { want("doctor"); want("status"); });
  on("calls", () => { want("calls"); want("first"); if (shown?.calls.length) want("phone"); });
  on("files", () => want("files"));
  on("phones", (what) => {
    want("phones");
    want("newcomers");
    want("status");
    if (what.more || what.keys.includes(shown?.key || chosen())) want("phone");
  });
  feed.addEventListener("error", () => { live = false; show_feed(); });
}
function show_feed() { text("feed", live ? "live" : "asking every few seconds"); }
setInterval(() => {
  if (document.hidden) return;
  if (!live) want_all();
  if (!live && (!feed || feed.readyState === 2) && Date.now() - fed_at > kTryAgain) listen();
}, kPoll);

let came_from = "#home", last_view = null;
async function go() {
  const now = view();
  read_filter();
  for (const name of kViews) $("view-" + name).hidden = name !== now;
  for (const link of document.querySelectorAll("nav a")) {
    if (link.dataset.view === now || (now === "phone" && link.dataset.view === "home")) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  const titles = { connect: "Connect a phone – Dropwire", files: "Files – Dropwire", box: "This box – Dropwire", login: "Log in – Dropwire",
    claim: "Set up this box – Dropwire", first: "Your first phone – Dropwire", settings: "Settings – Dropwire" };
  document.title = titles[now] || "Dropwire";
  if (now !== "login") came_from = location.hash || "#home";
  if (now !== "phone" || trace?.key !== chosen()) end_trace();
  $("back").href = list_address(looked_for);
  if (now !== "phone") shown = null;
  else if (shown?.key !== chosen()) { for (const id of ["facts", "findings", "phone-state", "actions"]) { $(id).replaceChildren(); drawn.delete(id); } sync("steps", [], null, null); }
  want_all(true);
  if (last_view !== null) {
    if (now !== last_view || now !== "home") window.scrollTo(0, 0);
    if (now !== "login" && last_view !== "login") show("done", false);
    if (now !== last_view || now !== "home") $("view-" + now).querySelector("h2").focus({ preventScroll: true });
  }
  last_view = now;
}
window.addEventListener("hashchange", go);
document.addEventListener("visibilitychange", () => {
  if (document.hidden) return hang_up();
  listen();
  want_all(true);
});
// A page in the browser's back-forward cache holds no connection.
window.addEventListener("pagehide", hang_up);
window.addEventListener("pageshow", (e) => { if (e.persisted) { listen(); want_all(true); } });
$("skip").addEventListener("click", (e) => { e.preventDefault(); $("main").focus(); });
lookAtSession().then(go).then(listen).then(find_operation);
