
let guide = { addresses: [], families: [] };
function showGuide(g) {
  if (!g) return;
  guide = g;
  draw("addresses", g.addresses, () => g.addresses.length ? g.addresses.map((a) => el("span", {}, a)) : "this box has no IPv4 address yet, and phones need one");
  if ($("model").options.length === 1) {
    const models = g.families.flatMap((f) => f.models).sort();
    $("model").append(...models.map((m) => el("option", { value: m }, m)));
  }
  showFamilies();
}
function showFamilies() {
  const model = $("model").value;
  const families = guide.families.filter((f) => !model || f.models.includes(model));
  draw("families", [families, model], () => families.map((f, i) => {
    const parts = [
      f.trust_list.length ? [el("h3", {}, "First: erase an old trust list, if there is one"), steps(f.trust_list)] : null,
      el("h3", {}, f.trust_list.length ? "Then: tell it this box's address" : "Tell it this box's address"), steps(f.connect),
      el("h3", {}, "To restart it"), steps(f.restart),
      f.notes.length ? [el("h3", {}, "Worth knowing"), el("ul", {}, f.notes.map((n) => el("li", {}, with_keys(n))))] : null].flat();
    return el("details", { open: !!model || i === 0, "data-family": f.family },
      el("summary", {}, f.name, " ", f.models.every((m) => f.name.includes(m)) ? null : el("small", { class: "quiet" }, f.models.join(", "))), parts);
  }));
}
$("model").addEventListener("change", showFamilies);

let files = null;
const kMostFiles = 300;
function showFiles(f) {
  if (!f) return;
  files = f;
  const missed = f.missing.filter((m) => !m.optional);
  show("no-missing", !missed.length);
  show("missing-table", f.missing.length > 0);
  sync("missing", [...missed, ...f.missing.filter((m) => m.optional)], (m) => m.name, (m) => el("tr", {}, el("th", { scope: "row" }, mono(m.name),
    m.optional ? el("small", { class: "quiet" }, "phones do without it") : null, el("small", { class: "narrow quiet" }, m.reason)),
    el("td", { class: "keep" }, ago(m.last_asked), el("br"), el("small", {}, m.times === 1 ? "once" : `${m.times} times`)), el("td", { class: "wide" }, m.reason)));
  show("no-cached", !f.cached.length);
  show("cached-table", f.cached.length > 0);
  show("file-filter", f.cached.length > 10);
  const part = $("find-file").value.trim().toLowerCase();
  const fit = f.cached.filter((c) => c.name.toLowerCase().includes(part)).sort((a, b) => a.name < b.name ? -1 : 1);
  text("cached-count", fit.length > kMostFiles ? `${kMostFiles} of ${fit.length}` : fit.length === 1 ? "1 file" : `${fit.length} files`);
  sync("cached", fit.slice(0, kMostFiles).map((c) => ({ ...c, acts: may_act() })), (c) => c.name, (c) => el("tr", {}, el("th", { scope: "row" }, mono(c.name), el("small", { class: "narrow quiet" }, size(c.size))),
    el("td", { class: "wide keep" }, size(c.size)), el("td", { class: "keep" }, ago(c.fetched),
      may_act() ? [el("br"), el("button", { type: "button", "data-refresh": c.name, "aria-label": "Fetch " + c.name + " again" }, "Fetch again")] : null), el("td", { class: "wide mono" }, c.origin)));
}
$("find-file").addEventListener("input", () => showFiles(files));
$("file-filter").addEventListener("submit", (e) => e.preventDefault());
$("cached").addEventListener("click", (e) => {
  const name = e.target.dataset?.refresh;
  if (name) perform(`/api/files/${name.split("/").map(encodeURIComponent).join("/")}/refresh`);
});
