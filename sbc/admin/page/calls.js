
const kWidth = 152, kHeight = 38;
const last = (values) => values.findLast((v) => v !== null && v !== undefined);
// Bars for loss, a line for jitter; gaps where nothing arrived.
function plot(values, every, kind, unit, least, states) {
  const known = values.filter((v) => v !== null);
  const top = Math.max(least, ...known), dx = kWidth / Math.max(values.length, 8);
  const y = (v) => kHeight - 2 - (kHeight - 6) * v / top;
  const x0 = kWidth - values.length * dx;
  const words = known.length ? `${kind} over the last ${span(values.length * every)}: now ${last(values)} ${unit}, at most ${Math.max(...known)} ${unit}` : `${kind}: nothing passed yet`;
  const marks = known.length ? [svg("path", { class: "ground", d: `M${x0.toFixed(1)} ${kHeight - 1.5}H${kWidth}` })] : [];
  if (kind === "Loss") {
    values.forEach((v, i) => { if (v) marks.push(svg("rect", { class: "loss " + (states?.[i] || "ok"), x: x0 + i * dx, y: y(v), width: Math.max(dx - .6, 1), height: kHeight - 1 - y(v) })); });
  } else {
    let path = "", pen = "M";
    values.forEach((v, i) => { if (v === null) pen = "M"; else { path += `${pen}${(x0 + (i + .5) * dx).toFixed(1)} ${y(v).toFixed(1)}`; pen = "L"; } });
    if (path) marks.push(svg("path", { class: "jitter", d: path }));
  }
  return svg("svg", { class: "plot", viewBox: `0 0 ${kWidth} ${kHeight}`, preserveAspectRatio: "none", role: "img", "aria-label": words }, ...marks);
}
function lane(title, flow, history, every) {
  const none = flow.packets === 0, q = flow.quality;
  const jitter = flow.jitter_ms === null ? "jitter not measured" : `jitter ${flow.jitter_ms} ms`;
  return el("div", { class: "lane" }, el("strong", {}, title), " ",
    badge(none ? "warning" : kStands[q.state], q.words), q.mos === null ? "" : el("small", { class: "quiet" }, ` MOS ${q.mos.toFixed(1)} of 4.4, estimated`),
    none ? "" : history ? el("div", { class: "plots" },
      el("figure", {}, plot(history.loss_percent, every, "Loss", "%", 5, history.state), el("figcaption", {}, flow.loss_percent === null ? "loss not known" : `loss ${flow.loss_percent} % of ${flow.packets + flow.lost}`)),
      el("figure", {}, plot(history.jitter_ms, every, "Jitter", "ms", 20), el("figcaption", {}, jitter))) :
    el("p", { class: "quiet" }, `${flow.packets} packets, ${flow.loss_percent === null ? "loss not known" : flow.loss_percent + " % lost"}, ${jitter}`));
}
const call_key = (x) => [name_of(x), x.reference, x.call_id, x.own_number, x.streams[0]?.phone_facing].join(" ");
function talk(x) {
  const s = x.streams[0];
  const far = x.far_name ? `${x.far_number} (${x.far_name})` : x.far_number;
  const way = x.way === "incoming" ? "called by" : x.way ? "calls" : "with";
  const history = s?.history;
  return el("li", {}, el("p", {}, phone_link(name_of(x), name_of(x)), x.own_number ? ` ${x.own_number} ` : " ", way, " ", el("strong", {}, far || "nobody yet"),
    ` · ${x.state} · `, running(x.since), s?.codec ? ` · ${s.codec}` : ""),
    !s ? el("p", { class: "quiet" }, "No audio yet.") : s.direct ? el("p", { class: "quiet" }, "The two phones talk directly to each other.")
      : el("div", { class: "lanes" }, lane("From the phone", s.from_phone, history?.from_phone, history?.every_s),
        lane("To the phone", s.from_central, history?.from_central, history?.every_s)));
}
function showCalls(c) {
  if (!c) return;
  show("calls", c.total > 0);
  text("busy", c.total === c.calls.length ? (c.total === 1 ? "1 is up" : `${c.total} are up`) : `${c.calls.length} of ${c.total}`);
  sync("talks", c.calls, call_key, talk);
}
