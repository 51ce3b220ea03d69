
"use strict";
const $ = (id) => document.getElementById(id);
// All remote text goes through here, and only as text, never as HTML.
function el(tag, props, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(props || {})) {
    if (value !== undefined && value !== false) node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.flat(Infinity).filter((c) => c !== null && c !== undefined && c !== ""));
  return node;
}
function svg(tag, props, ...children) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(props || {})) node.setAttribute(name, value);
  node.append(...children);
  return node;
}
const text = (id, value) => { if ($(id).textContent !== value) $(id).textContent = value; };
const show = (id, yes) => { if ($(id).hidden === yes) $(id).hidden = !yes; };
const fact = (name, ...value) => el("div", {}, el("dt", {}, name), el("dd", {}, ...value));
const list = (items) => el("ul", { class: "plain" }, ...items.map((item) => el("li", {}, item)));
const badge = (kind, words) => el("span", { class: "badge " + kind }, words);
const mono = (words) => el("span", { class: "mono" }, words);

// Redraws only when the content differs, so that the focus stays, and a screen reader keeps its place.
const drawn = new Map();
function draw(id, what, make) {
  const print = JSON.stringify(what);
  if (drawn.get(id) === print) return;
  drawn.set(id, print);
  $(id).replaceChildren(...[make(what)].flat());
}
// One child per item, by its key; children of unchanged items stay the same nodes. Items with the same key are numbered,
// as two steps of a phone may be equal. While the focus is among the children none of them moves, or else somebody who
// tabs through them would miss those that moved up.
function sync(id, items, keyOf, make) {
  const parent = $(id), old = new Map(), times = new Map();
  for (const node of parent.children) old.set(node.dataset.key, node);
  const focused = parent.contains(document.activeElement) ? document.activeElement.closest("[data-key]")?.dataset.key : null;
  let at = parent.firstElementChild;
  for (const item of items) {
    const own = keyOf(item), nth = times.get(own) || 0, print = JSON.stringify(item);
    const key = nth ? `${own} ${nth}` : own;
    times.set(own, nth + 1);
    let node = old.get(key);
    const stays = node && focused;
    old.delete(key);
    if (!node || node.print !== print) {
      const fresh = make(item);
      fresh.dataset.key = key;
      fresh.print = print;
      if (node) { if (node === at) at = fresh; node.replaceWith(fresh); }
      if (node && focused === key) fresh.querySelector("a, button")?.focus();
      node = fresh;
    }
    if (node === at) at = at.nextElementSibling;
    else if (!stays) parent.insertBefore(node, at);
  }
  for (const node of old.values()) node.remove();
}

class Refused extends Error {
  constructor(status, words) { super(words); this.status = status; }
}
async function answer_of(path, options) {
  const answer = await fetch(path, { cache: "no-store", signal: AbortSignal.timeout(15000), ...options });
  const json = await answer.json().catch(() => null);
  if (answer.ok) return json;
  throw new Refused(answer.status, json?.error || `Dropwire answered ${answer.status}.`);
}
async function ask(path) {
  try {
    return await answer_of(path);
  } catch (problem) {
    if (problem.status === 404) return null;
    throw problem;
  }
}

function size(octets) {
  const units = ["bytes", "KB", "MB", "GB", "TB"];
  let n = 0;
  for (; octets >= 999.95 && n < units.length - 1; ++n) octets /= 1000;
  return (n ? octets.toFixed(1) : octets) + " " + units[n];
}
function span(seconds) {
  if (seconds < 60) return Math.max(0, Math.round(seconds)) + " s";
  if (seconds < 3600) return Math.floor(seconds / 60) + " min";
  if (seconds < 86400) return Math.floor(seconds / 3600) + " h " + Math.floor(seconds % 3600 / 60) + " min";
  return Math.floor(seconds / 86400) + " d " + Math.floor(seconds % 86400 / 3600) + " h";
}
let skew = 0;  // ms that the box's clock is ahead of ours
const since = (at) => (Date.now() + skew - Date.parse(at)) / 1000;
const ago_words = (at) => since(at) < 5 ? "now" : span(since(at)) + " ago";
function ago(at) {
  return at ? el("time", { datetime: at, title: new Date(at).toLocaleString(), "data-ago": true }, ago_words(at)) : "never";
}
setInterval(() => {
  for (const node of document.querySelectorAll("time[data-ago]")) {
    const words = ago_words(node.getAttribute("datetime"));
    if (node.textContent !== words) node.textContent = words;
  }
  for (const node of document.querySelectorAll("[data-since]")) {
    const words = span(since(node.dataset.since));
    if (node.textContent !== words) node.textContent = words;
  }
}, 1000);
const running = (at) => el("span", { "data-since": at }, span(since(at)));
function clock(at) {
  return el("time", { datetime: at }, new Date(at).toLocaleString([], { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", second: "2-digit" }));
}

// "press * * # to unlock": single keys are shown as keys.
function with_keys(words) {
  const out = [];
  let at = 0;
  for (const found of words.matchAll(/(?<=^|[\s(])[*#0-9](?: [*#0-9])+(?=$|[\s.,;:)])/g)) {
    out.push(words.slice(at, found.index));
    for (const key of found[0].split(" ")) out.push(el("kbd", {}, key), " ");
    out.pop();
    at = found.index + found[0].length;
  }
  out.push(words.slice(at));
  return out;
}
const steps = (items) => el("ol", { class: "steps" }, items.map((step) => el("li", {}, with_keys(step))));
const kGravity = { error: "Wrong", warning: "Look at this", info: "Worth knowing" };
function finding(f, ...more) {
  return el("div", { class: "finding " + f.severity, "data-code": f.code },
    el("h3", {}, badge(f.severity === "info" ? "" : f.severity, kGravity[f.severity] || f.severity), " ", f.title || f.seen),
    f.title ? el("p", {}, el("strong", {}, "Seen: "), f.seen) : null,
    f.follows?.length ? el("details", {}, el("summary", {}, f.follows.length === 1 ? "1 thing that comes from it" : `${f.follows.length} things that come from it`), list(f.follows.map((x) => x.seen))) : null, el("p", {}, f.means), f.do ? el("p", {}, el("strong", {}, "Do: "), with_keys(f.do)) : null, more);
}
const grave = (f) => ({ error: 0, warning: 1 })[f.severity] ?? 2;
const gravest_first = (findings) => [...findings].sort((a, b) => grave(a) - grave(b));
// SCCP uses only TCP.
const protocol = (x) => x.protocol === "sip" && x.transport ? `SIP by ${x.transport.toUpperCase()}` : (x.protocol || "").toUpperCase();
const name_of = (x) => x.device || x.address;
const phone_link = (key, words) => el("a", { href: "#phone/" + encodeURIComponent(key), class: "mono" }, words);
