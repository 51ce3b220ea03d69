
// The list of phones, of which there may be ten thousand: the filter is in the URL ("#home?state=failed&sort=name"), a
// window of rows is requested, and only the visible ones are in the document.
const kWindow = 100, kAround = 8, kMaxRows = 65536;  // rows asked for; drawn above and below what is seen; that can be scrolled to
const kFields = { q: "find", show: "show", state: "with-state", protocol: "with-protocol", model: "with-model", firmware: "with-firmware", network: "with-network", sort: "sort" };
const kHidden = ["cause", "finding"];  // set only by links
const kRare = ["state", "protocol", "model", "firmware", "network"];
let looked_for = {}, rows = { offset: 0, list: [], matching: 0, of: "" }, row_height = 72;

// The filter in the URL; other views leave it unchanged.
function read_filter() {
  if (view() !== "home") return;
  const at = location.hash.indexOf("?"), got = {};
  for (const [name, value] of new URLSearchParams(at < 0 ? "" : location.hash.slice(at + 1)))
    if ((name in kFields || kHidden.includes(name)) && value) got[name] = value;
  if (query_of(got) === query_of(looked_for)) return;
  looked_for = got;
  rows = { offset: 0, list: [], matching: 0, of: "" };
  for (const [name, id] of Object.entries(kFields)) if ($(id).value.trim() !== (got[name] || "")) $(id).value = got[name] || "";
  if (kRare.some((name) => got[name])) $("more-filters").open = true;
}
const query_of = (filter) => [...Object.keys(kFields), ...kHidden].filter((name) => filter[name]).map((name) => `${name}=${encodeURIComponent(filter[name])}`).join("&");
const only_filter = () => { const { sort, ...filter } = looked_for; return filter; };
const list_address = (filter) => "#home" + (query_of(filter) ? "?" + query_of(filter) : "");
const phones_path = () => `/api/phones?limit=${kWindow}` + (rows.offset ? `&offset=${rows.offset}` : "") + (query_of(looked_for) ? "&" + query_of(looked_for) : "");
function look_for(filter) {
  if (query_of(filter) === query_of(looked_for)) return;
  history.replaceState(null, "", list_address(filter));
  read_filter();
  want("phones", true);
}

function row(x, index) {
  const about = [x.model, protocol(x)].filter(Boolean).join(" · ");
  const cell = (tag, props, ...children) => el(tag, props, el("div", {}, ...children));
  return el("tr", { "aria-rowindex": String(index + 2) },
    cell("th", { scope: "row" }, phone_link(x.key, name_of(x)), el("small", { class: "quiet" }, about || x.user_agent || "model not known yet"),
      x.lines.length ? el("small", { class: "narrow quiet" }, (x.lines.length > 1 ? "lines " : "line ") + x.lines.join(", ")) : null,
      x.device ? el("small", { class: "narrow quiet" }, x.address) : null),
    cell("td", {}, state_of(x)),
    cell("td", { class: "wide" }, x.lines.join(", ") || "–"), cell("td", { class: "wide mono" }, x.address),
    cell("td", { class: "wide mono" }, x.firmware || "–"), cell("td", { class: "wide" }, ago(x.last_seen)));
}
function showPhones(p) {
  if (!p) return;
  const filtered = query_of(only_filter()) !== "", same = rows.of === query_of(looked_for) + "@" + rows.offset;
  let list = p.phones;
  if (same && $("rows").contains(document.activeElement)) {  // whoever goes through them by Tab would miss what changes places
    const by_key = new Map(list.map((x) => [x.key, x]));
    const stay = rows.list.filter((x) => by_key.has(x.key)).map((x) => by_key.get(x.key)), known = new Set(stay.map((x) => x.key));
    list = [...stay, ...list.filter((x) => !known.has(x.key))];
  }
  rows = { offset: rows.offset, list, matching: p.matching, of: query_of(looked_for) + "@" + rows.offset };
  text("count", p.total === 0 ? "" : filtered ? `${p.matching} of ${p.total}` : p.total === 1 ? "1 known" : `${p.total} known`);
  show("filter", p.total > 1 || filtered);
  show("list", p.matching > 0);
  show("none", p.matching === 0);
  draw("none", p.total === 0, (empty) => empty
    ? ["No phone has asked for a file or registered yet. ", el("a", { href: "#connect" }, "Connect one")] : "No phone matches.");
  show("beyond", p.matching > kMaxRows);
  $("list").setAttribute("aria-rowcount", String(p.matching + 1));
  draw_groups(p);
  draw_exports(p);
  draw_rows();
  showBulk(p);
  showAttention(attention, p.attention || 0);
}
// Phones with one cause, as a link that filters for them.
function draw_groups(p) {
  const all = (p.groups || []).filter((g) => g.severity !== "info" || looked_for.cause === g.code);
  const chosen = looked_for.cause || looked_for.finding;
  show("groups", p.total > 1 && (all.length > 0 || !!chosen));
  draw("groups", [all.slice(0, 8), looked_for], () => [
    chosen ? el("a", { class: "group", href: list_address({ ...looked_for, cause: "", finding: "" }) }, "All causes") : null,
    ...all.slice(0, 8).map((g) => el("a", { class: "group " + g.severity, href: list_address({ ...looked_for, cause: g.code, finding: "" }), "aria-current": looked_for.cause === g.code && "true" },
      el("strong", {}, g.phones === 1 ? "1 phone" : `${g.phones} phones`), ": " + g.title))].filter(Boolean));
}
function draw_exports(p) {
  show("export", p.matching > 0);
  draw("export", [query_of(looked_for)], ([query]) => ["Save this list: ",
    el("a", { href: "/api/phones?format=csv" + (query ? "&" + query : ""), download: "dropwire-phones.csv" }, "CSV"), " · ",
    el("a", { href: "/api/phones?limit=all" + (query ? "&" + query : ""), download: "dropwire-phones.json" }, "JSON")]);
}
// Which rows are visible, from the list's position on the screen.
function in_view() {
  const most = Math.min(rows.matching, kMaxRows), top = $("list").tHead.getBoundingClientRect().bottom;
  const first = Math.min(Math.max(0, Math.floor(-top / row_height)), Math.max(0, most - 1));
  return [Math.max(0, first - kAround), Math.min(most, Math.ceil((innerHeight - top) / row_height) + kAround), most];
}
function draw_rows() {
  if (view() !== "home") return;
  if ($("list").hidden) return $("rows").replaceChildren();
  const [from, to, most] = in_view(), end = rows.offset + rows.list.length;
  const first = Math.min(Math.max(from, rows.offset), end), last = Math.min(Math.max(to, first), end);
  const parent = $("rows"), old = new Map(), focused = parent.contains(document.activeElement) ? document.activeElement.closest("tr").dataset.key : null;
  const shown = rows.list.slice(first - rows.offset, last - rows.offset), keys = new Set(shown.map((x) => x.key));
  for (const node of [...parent.children]) {
    if (keys.has(node.dataset.key)) { old.set(node.dataset.key, node); continue; }
    if (node.dataset.key === focused) $("list").focus({ preventScroll: true });  // it is scrolled away: the next Tab goes to what is seen
    node.remove();
  }
  let at = parent.firstElementChild;
  shown.forEach((x, i) => {
    let node = old.get(x.key);
    const print = JSON.stringify(x);
    if (!node || node.print !== print) {
      const fresh = row(x, first + i);
      fresh.dataset.key = x.key;
      fresh.print = print;
      if (node) { if (node === at) at = fresh; node.replaceWith(fresh); }
      if (node && focused === x.key) fresh.querySelector("a").focus({ preventScroll: true });
      node = fresh;
    }
    node.setAttribute("aria-rowindex", String(first + i + 2));
    if (node === at) at = at.nextElementSibling; else parent.insertBefore(node, at);
  });
  const measured = parent.firstElementChild?.getBoundingClientRect().height;
  if (measured && Math.abs(measured - row_height) > 0.5) { row_height = measured; return draw_rows(); }
  space("above", first);
  space("below", most - last);
  // Requests another window when the visible rows come close to its end.
  const low = from < rows.offset, high = to > end && end < most;
  if (!low && !high) return;
  const offset = Math.max(0, Math.min(Math.round((from + to - kWindow) / 2), most - 1));
  if (offset !== rows.offset) { rows.offset = offset; want("phones", true); }
}
function space(id, count) {
  const cell = $(id).firstElementChild.firstElementChild, height = count * row_height + "px";
  if (cell.style.height !== height) cell.style.height = height;
  show(id, count > 0);
}
let drawing = null;
function redraw() {
  drawing ??= requestAnimationFrame(() => { drawing = null; draw_rows(); });
}
window.addEventListener("scroll", redraw, { passive: true });
window.addEventListener("resize", redraw, { passive: true });

let typing = null;
function refilter() {
  clearTimeout(typing);
  typing = setTimeout(() => {
    const filter = { ...looked_for };
    for (const [name, id] of Object.entries(kFields)) filter[name] = $(id).value.trim();
    look_for(filter);
  }, 200);
}
$("filter").addEventListener("input", refilter);
$("filter").addEventListener("change", refilter);
$("filter").addEventListener("submit", (e) => { e.preventDefault(); refilter(); });
