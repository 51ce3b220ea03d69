
// The steps of the first phone, from its first request to a call in which both sides heard each other.
let first_key = "";
const kWay = ["asked", "fetching", "registered", "calling", "heard"];
const kWayNames = { asked: "Asks for its files", fetching: "Fetches them", registered: "Is registered", calling: "Has a call", heard: "Both sides hear each other" };
// The first one that sent a device name: a stranger or a browser is no phone.
function pick_first(p) {
  if (!p) return;
  const named = p.phones.filter((x) => x.device);
  if (!named.some((x) => x.key === first_key)) first_key = named.length ? named[0].key : "";
  show("first-keys", !first_key);
  show("first-phone", !!first_key);
  if (first_key) want("first", true);
}
const first_path = () => first_key ? "/api/phones/" + encodeURIComponent(first_key) : "/api/connect";
function first_words(x) {
  const f = x.first_call, files = `${f.files} of ${f.files_known}`;
  return { asked: "It asked for its files.", fetching: f.files < f.files_known ? `Fetching files: ${files}.` : `It has its files (${files}). Waiting until it registers.`,
    registered: `Registered${x.lines.length ? " as " + x.lines.join(", ") : ""}. Call a number now.`, calling: "A call is up. Speak, and listen.",
    one_sided: "The call ended, and not both sides were heard. Call again; if it happens again, look below.",
    heard: "Both sides heard each other. This phone works." }[f.stage] || "";
}
function show_first(x) {
  if (!x || !x.first_call) return;
  const stage = x.first_call.stage, at = kWay.indexOf(stage === "one_sided" ? "calling" : stage);
  draw("first-name", [x.key, x.model], () => [phone_link(x.key, name_of(x)), x.model ? ` (${x.model})` : ""]);
  text("first-words", first_words(x));
  draw("first-way", [at, stage], () => kWay.map((name, i) => el("li", { "aria-current": i === at ? "step" : false },
    badge(i < at || stage === "heard" ? "good" : i === at ? (stage === "one_sided" ? "warning" : "good") : "", kWayNames[name]))));
  const bad = gravest_first(x.findings).filter((f) => f.severity !== "info");
  draw("first-findings", bad, () => bad.map((f) => finding(f)));
}
function showFirst(x) {
  if (x?.first_call) show_first(x);
}
function show_keys(g) {
  showGuide(g);
  draw("first-addresses", g.addresses, () => g.addresses.length ? g.addresses.map((a) => el("span", {}, a)) : "this box has no IPv4 address yet, and phones need one");
  const model = $("first-model").value, usual = g.families[0];
  if ($("first-model").options.length === 1) $("first-model").append(...g.families.flatMap((f) => f.models).sort().map((m) => el("option", { value: m }, m)));
  const family = g.families.find((f) => f.models.includes(model)) || usual;
  draw("first-steps", [family, g.addresses], () => !family ? [] : [family.trust_list.length ? [el("h3", {}, "First: erase an old trust list, if there is one"), steps(family.trust_list)] : null,
    el("h3", {}, family.trust_list.length ? "Then: tell it this box's address" : "Tell it this box's address"), steps(family.connect)].flat().filter(Boolean));
}
$("first-model").addEventListener("change", () => show_keys(guide));
