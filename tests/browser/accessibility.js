// What a person with a keyboard, a screen reader or weak eyes would stumble over on the page as it is now: a list of
// "rule: where". Rules as WCAG 2.2 AA has them, as far as a program can judge.
const found = [];
const report = (rule, node, more) => found.push(`${rule}: ${where(node)}${more ? " " + more : ""}`);
function where(node) {
  if (!node || !node.tagName) return String(node);
  const text = (node.textContent || "").trim().replace(/\s+/g, " ").slice(0, 40);
  return `<${node.tagName.toLowerCase()}${node.id ? "#" + node.id : ""}${typeof node.className === "string" && node.className ? "." + node.className : ""}> "${text}"`;
}
function seen(node) {
  if (!node.checkVisibility({ checkOpacity: true, checkVisibilityCSS: true })) return false;
  const box = node.getBoundingClientRect();
  return box.width > 1 && box.height > 1 && box.right > 0 && getComputedStyle(node).clipPath !== "inset(50%)";
}
const all = (selector, root) => [...(root || document).querySelectorAll(selector)];
const visible = (selector, root) => all(selector, root).filter(seen);

function name_of_control(node) {
  const by = node.getAttribute("aria-labelledby");
  if (by) return by.split(" ").map((id) => document.getElementById(id)?.textContent || "").join(" ").trim();
  if (node.getAttribute("aria-label")) return node.getAttribute("aria-label").trim();
  if (node.labels && node.labels.length) return [...node.labels].map((l) => l.textContent).join(" ").trim();
  if (["INPUT", "SELECT", "TEXTAREA"].includes(node.tagName)) return (node.title || "").trim();
  return ((node.textContent || "").trim() || node.title || "").trim();
}

function page_rules() {
  if (!document.documentElement.lang) report("lang", document.documentElement);
  if (!document.title.trim()) report("title", document.documentElement);
  const ids = all("[id]").map((n) => n.id);
  ids.filter((id, i) => ids.indexOf(id) !== i).forEach((id) => report("duplicate-id", id));
  // The verdict is of any length: at its longest it still fits.
  const health = document.getElementById("health"), now = health?.textContent;
  if (health) health.textContent = "Your telephone server does not answer, and 10000 phones need attention";
  const wide = document.documentElement.scrollWidth > document.documentElement.clientWidth;
  if (wide) report("wider-than-screen", document.documentElement, `${document.documentElement.scrollWidth} > ${document.documentElement.clientWidth}`);
  if (health) health.textContent = now;
  for (const attribute of ["aria-labelledby", "aria-describedby", "aria-controls"]) {
    for (const node of all(`[${attribute}]`))
      for (const id of node.getAttribute(attribute).split(" ")) if (!document.getElementById(id)) report("broken-reference", node, id);
  }
  const live = all("[aria-live], [role=status], [role=alert]").length;
  if (live > 6) report("too-much-live", document.body, live);
}
function landmark_rules() {
  for (const [landmark, selector] of [["banner", "body > header"], ["main", "main"], ["contentinfo", "body > footer"]])
    if (visible(selector).length !== 1) report("landmark", landmark);
  for (const node of visible("nav, section, [role=region], [role=search]"))
    if (!node.getAttribute("aria-label") && !node.getAttribute("aria-labelledby")) report("unnamed-landmark", node);
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const parent = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || !seen(parent)) continue;
    if (!parent.closest("header, main, footer, nav, .skip, script, style")) report("outside-landmarks", parent);
  }
}
function heading_rules() {
  if (visible("h1").length !== 1) report("one-h1", document.body, visible("h1").length);
  let level = 0;
  for (const node of visible("h1, h2, h3, h4, h5, h6")) {
    const own = Number(node.tagName[1]);
    if (own > level + 1) report("heading-order", node, `h${own} after h${level}`);
    if (!node.textContent.trim()) report("empty-heading", node);
    level = own;
  }
}
function control_rules() {
  for (const node of visible("a[href], button, input, select, textarea, summary, [tabindex='0'], [role=button]")) {
    if (!name_of_control(node)) report("unnamed-control", node);
    if (node.tabIndex > 0) report("tabindex-above-zero", node);
    const box = node.getBoundingClientRect();
    const inline = node.tagName === "A" && getComputedStyle(node).display === "inline";
    if (!inline && (box.width < 24 || box.height < 24)) report("small-target", node, `${Math.round(box.width)}x${Math.round(box.height)}`);
  }
  for (const node of visible("input[type=password]")) if (!node.autocomplete) report("no-autocomplete", node);
  for (const node of visible("input[placeholder]")) {
    const style = getComputedStyle(node), pen = document.createElement("canvas").getContext("2d");
    pen.font = style.font;
    const cancel = node.type === "search" ? 16 : 0;  // the room that its button takes once something is in it
    const room = node.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight) - cancel;
    const width = pen.measureText(node.placeholder).width;
    if (width > room) report("cut-placeholder", node, `"${node.placeholder}" ${Math.ceil(width)} > ${Math.floor(room)}`);
  }
  for (const node of visible("svg")) {
    if (node.getAttribute("role") === "img" ? !node.getAttribute("aria-label") : node.getAttribute("aria-hidden") !== "true") report("unnamed-image", node);
  }
  for (const node of visible("img")) if (!node.hasAttribute("alt")) report("unnamed-image", node);
  for (const node of visible("[aria-hidden=true]")) if (node.querySelector("a, button, input, select")) report("hidden-control", node);
}
function table_rules() {
  for (const table of visible("table")) {
    const heads = all("thead th", table);
    if (!heads.length || heads.some((h) => h.scope !== "col" || !h.textContent.trim())) report("table-headers", table);
    for (const row of all("tbody:not([aria-hidden=true]) tr", table)) {
      if (row.children.length !== heads.length) report("table-row-width", row);
      const name = row.querySelector("th[scope=row]");
      if (!name) report("table-row-header", row);
      else if (seen(name) && name.clientWidth < 110) report("crushed-row-header", name, name.clientWidth);
    }
  }
  for (const list of visible("ul, ol")) for (const child of list.children) if (child.tagName !== "LI") report("list-child", child);
  for (const list of visible("dl")) for (const term of all("dt", list)) if (term.nextElementSibling?.tagName !== "DD") report("term-without-value", term);
}

function colour(text) {
  const parts = text.match(/[\d.]+/g).map(Number);
  return { r: parts[0], g: parts[1], b: parts[2], a: parts.length > 3 ? parts[3] : 1 };
}
const over = (top, below) => ({ r: top.r * top.a + below.r * (1 - top.a), g: top.g * top.a + below.g * (1 - top.a), b: top.b * top.a + below.b * (1 - top.a), a: 1 });
function background(node) {
  const layers = [];
  for (let n = node; n; n = n.parentElement) {
    const own = colour(getComputedStyle(n).backgroundColor);
    if (own.a > 0) layers.push(own);
    if (own.a === 1) break;
  }
  return layers.reverse().reduce((below, top) => over(top, below), { r: 255, g: 255, b: 255, a: 1 });
}
function luminance({ r, g, b }) {
  const [x, y, z] = [r, g, b].map((v) => { v /= 255; return v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4; });
  return .2126 * x + .7152 * y + .0722 * z;
}
function contrast(a, b) {
  const [light, dark] = [luminance(a), luminance(b)].sort((x, y) => y - x);
  return (light + .05) / (dark + .05);
}
function contrast_rules() {
  const judged = new Set();
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || judged.has(node) || !seen(node) || node.disabled) continue;
    judged.add(node);
    const style = getComputedStyle(node), size = parseFloat(style.fontSize);
    const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    const below = background(node), ratio = contrast(over(colour(style.color), below), below);
    if (ratio < (large ? 3 : 4.5)) report("contrast", node, ratio.toFixed(2));
  }
  for (const node of visible("input, select, button, textarea")) {
    const style = getComputedStyle(node), around = background(node.parentElement);
    const edge = contrast(colour(style.borderTopColor), around), own = contrast(background(node), around);
    if (Math.max(edge, own) < 3) report("edge-contrast", node, Math.max(edge, own).toFixed(2));
  }
}

page_rules();
landmark_rules();
heading_rules();
control_rules();
table_rules();
contrast_rules();
return found;
