
// Actions on all phones of the list: they are counted first, and only those that were counted are affected.
let counted = null, operation = null, operation_timer = null;
const many = (n) => n === 1 ? "1 phone" : `${n} phones`;
const kBulk = { restart: ["Restart", "register again and read their configuration"], reset: ["Reset", "boot and fetch their files"], forget: ["Forget", "lose their story here; those that ask again come back"] };
function showBulk(p) {
  const may = may_act() && p.matching > 0 && p.total > 1;
  show("bulk", may || !!operation);
  if (counted && counted.of !== query_of(only_filter())) drop_question();
  draw("bulk-buttons", [may, p.matching, query_of(only_filter()), operation?.state === "running"], () => may && operation?.state !== "running"
    ? [el("summary", {}, query_of(only_filter()) ? `Do something to ${p.matching === 1 ? "this phone" : `these ${p.matching} phones`}` : `Do something to all ${p.matching} phones`),
      el("p", { class: "buttons" }, Object.entries(kBulk).map(([name, [label]]) => el("button", { type: "button", "data-bulk": name }, `${label} ${many(p.matching)}`)))]
    : el("summary", {}, "Doing something to many phones"));
}
function drop_question() {
  counted = null;
  show("bulk-sure", false);
}
async function count_for(action, force) {
  const filter = query_of(only_filter());
  try {
    const got = await post(`/api/operations?action=${action}` + (filter ? "&" + filter : "&all=1") + (force ? "&force=1" : ""));
    counted = { ...got, of: filter };
  } catch (problem) {
    return say(problem.status ? "That was not done: " + sentence(problem.message) : "No answer from Dropwire.", true);
  }
  const [label, does] = kBulk[action];
  $("bulk-sure").replaceChildren(el("strong", {}, counted.phones === 0 ? "No phone matches any more." : `${label} ${many(counted.phones)}? They ${does}: ${counted.pace} a second, in about ${span(counted.phones / counted.pace + 1)}.`),
    counted.phones ? el("button", { type: "button", class: "strong", "data-begin": action }, `Yes, ${action} ${many(counted.phones)}`) : null,
    el("button", { type: "button", "data-drop": action }, "No"));
  for (const child of [...$("bulk-sure").childNodes]) if (child.nodeType === 3) child.remove();
  show("bulk-sure", true);
  $("bulk-sure").querySelector("[data-drop]").focus();
}
async function begin_operation() {
  const { id, phones } = counted;
  drop_question();
  try {
    showOperation(await post(`/api/operations/${id}/begin?phones=${phones}`));
  } catch (problem) {
    say(problem.status ? "That was not done: " + sentence(problem.message) : "No answer from Dropwire.", true);
  }
}
function showOperation(o) {
  operation = o;
  const over = o.done + o.refused + o.skipped, running = o.state === "running";
  show("bulk", true);
  show("bulk-progress", true);
  draw("bulk-progress", [o, running], () => [
    el("p", { role: "status" }, el("strong", {}, `${kBulk[o.action][0]}: `), running ? `${over} of ${many(o.phones)}` : `${o.state === "stopped" ? `stopped after ${over} of ${many(o.phones)}` : "finished"}: ${o.done} done` + (o.refused ? `, ${o.refused} refused` : "") + (o.skipped ? `, ${o.skipped} passed over because they do not match any more` : "")),
    !running ? null : el("progress", { max: String(Math.max(1, o.phones)), value: String(over), "aria-label": "Phones so far" }),
    running ? el("button", { type: "button", "data-stop": String(o.id) }, "Stop") : null,
    o.errors.length ? list(o.errors.map((e) => sentence(e.error))) : null].filter(Boolean));
  clearTimeout(operation_timer);
  if (running) operation_timer = setTimeout(look_at_operation, 1000); else want("phones");
}
async function look_at_operation() {
  try {
    const got = await ask("/api/operations"), own = got?.operations.find((o) => o.id === operation.id);
    if (own) return showOperation(own);
    operation = null;
    show("bulk-progress", false);
  } catch {
    operation_timer = setTimeout(look_at_operation, 4000);
  }
}
// An operation that was started elsewhere, or before this page was loaded.
async function find_operation() {
  if (!may_act()) return;
  const got = await ask("/api/operations").catch(() => null), running = got?.operations.find((o) => o.state === "running");
  if (running) showOperation(running);
}
$("bulk").addEventListener("click", async (e) => {
  const { bulk, begin, drop, stop } = e.target.dataset;
  if (bulk) return count_for(bulk);
  if (begin) return begin_operation();
  if (drop) { drop_question(); $("bulk-buttons").querySelector(`[data-bulk="${drop}"]`)?.focus(); }
  if (stop) try { showOperation(await post(`/api/operations/${stop}/stop`)); } catch (problem) { say(sentence(problem.message), true); }
});
