
let box = { phone_addresses: [] };
function showStatus(s) {
  box = s;
  skew = Date.parse(s.now) - Date.now();
  text("what", (s.mode === "hosted" ? "Hosted, in front of " : "On this network, towards ") + (s.central || "no central server yet"));
  text("version", s.version);
  $("setup").hidden = s.configured !== false;
  showVerdict(s.verdict);
  draw("box", { ...s, now: 0, uptime_seconds: 0 }, facts_of_box);
}
function facts_of_box(s) {
  const services = s.services.filter((x) => x.enabled).map((x) => [
    badge(kStands[x.verdict], x.name.toUpperCase()), " ", mono(x.up ? x.addresses.join(", ") : x.error || "does not listen")]);
  const origins = s.origins.map((o) => [mono(o.url), " ", badge(kStands[o.verdict], o.verdict === "ok" ? "answers" : o.healthy ? "not tried yet" : o.has_answered ? o.last_error || "does not answer" : "has never answered")]);
  const servers = s.call_servers.map((c) => [mono(c.name), ` ${protocol(c)} `,
    badge(kStands[c.verdict], c.state === "untried" ? "not tried yet" : c.state === "silent" ? "has not answered yet"
      : c.up ? `${c.phones} ${c.protocol === "sip" ? "registered" : "connected"}` : c.last_error || "does not answer")]);
  const bans = (s.bans || []).slice(0, 5).map((b) => [mono(b.source), ` until ${new Date(b.until).toLocaleTimeString()}: `, b.reason]);
  return [
    fact("Stands", s.mode === "hosted" ? "hosted, in front of the central server" : "at the phones' own network (edge)"),
    fact("Central server", s.central || "none is set"),
    fact("TFTP Server 1", s.phone_addresses.length ? list(s.phone_addresses.map(mono)) : "no address: no network that phones could be on"),
    fact("Files come from", origins.length ? list(origins) : "nowhere yet: set central, or central.provisioning.origins"),
    servers.length ? fact("Calls go to", list(servers)) : null,
    s.media.capacity ? fact("Media", `${s.media.streams} of ${s.media.capacity} streams in use`) : null,
    s.media.fast_path?.state === "on" ? fact("Fast path", `the kernel carries ${s.media.fast_path.streams} of them`)
      : s.media.fast_path?.state === "unavailable" ? fact("Fast path", "not used", el("br"), el("small", {}, s.media.fast_path.why)) : null,
    s.router?.summary && s.mode !== "hosted" ? fact("Home router", s.router.summary) : null,
    s.audio ? fact("Audio", s.audio.by === "nowhere" ? badge("error", s.audio.summary) : s.audio.summary) : null,
    fact("Listens", list(services)),
    s.bans_total ? fact("Shut out", list(bans), el("small", {}, s.bans_total === 1 ? "1 address, because of what it sent" : `${s.bans_total} addresses, because of what they sent`)) : null,
    fact("Cache", s.cache.storing ? `${s.cache.files} files, ${size(s.cache.octets)} of ${size(s.cache.max_octets)}` : badge("warning", "not storing"),
      el("br"), el("small", { class: "mono" }, s.cache.directory)),
    fact("Version", s.version),
    fact("Up since", clock(s.started), " (", running(s.started), ")"),
    fact("Settings", s.config.files.length ? list(s.config.files.map(mono)) : "as shipped, no file"),
  ].filter(Boolean);
}
const kPath = { none: "no NAT: this box has its own outer address", nat: "one router with NAT", carrier: "the router, and the provider's NAT (CGNAT) behind it",
  double_nat: "two routers, one behind the other" };
const kMapping = { endpoint_independent: "one outer port for all destinations", address_dependent: "another outer port for each address",
  address_and_port_dependent: "another outer port for each destination (symmetric)" };
const kFiltering = { endpoint_independent: "lets anybody in", address_dependent: "lets in addresses that were sent to", address_and_port_dependent: "lets in only who was sent to" };
const kReach = { open: ["good", "answers"], refused: ["error", "refuses"], no_answer: ["error", "does not answer"], failed: ["error", "could not be asked"], not_tried: ["", "not tried"] };
// The measurements of the path to the central server, if there are any.
function facts_of_network(n) {
  const reach = n.reach.map((r) => {
    const [kind, words] = kReach[r.state] || ["", r.state];
    return [`${r.service.toUpperCase()} `, mono(r.name), " ", badge(kind, words), r.round_trip_ms === null ? "" : ` ${Math.round(r.round_trip_ms)} ms`,
      r.error ? el("small", {}, " " + r.error) : ""];
  });
  const alg = n.sip_alg.filter((a) => a.altered !== null).map((a) => `${a.transport.toUpperCase()}: ` + (a.altered ? "changes SIP messages" : "leaves SIP alone"));
  if (n.tftp_alg !== null) alg.push(n.tftp_alg ? "helps TFTP along" : "has no TFTP helper");
  return [kPath[n.path] ? fact("Between", kPath[n.path]) : null,
    n.reflexive ? fact("Seen from outside as", mono(n.reflexive)) : null,
    kMapping[n.mapping] || kFiltering[n.filtering] ? fact("NAT kind", [kMapping[n.mapping], kFiltering[n.filtering]].filter(Boolean).join("; ")) : null,
    n.mapping_lifetime_s !== null ? fact("Keeps a UDP mapping", `at least ${span(n.mapping_lifetime_s)}`, n.mapping_dead_at_s === null ? "" : `, gone after ${span(n.mapping_dead_at_s)}`) : null,
    alg.length ? fact("The router", list(alg)) : null, n.udp_blocked ? fact("UDP", badge("error", "is blocked")) : null,
    reach.length ? fact("Reached by", list(reach)) : null, fact("Measured", ago(n.measured_at))].filter(Boolean);
}
$("measure").addEventListener("click", async () => {
  $("measure").disabled = true;
  text("measure", "Measuring…");
  try { showDoctor(await ask("/api/doctor?measure=1")); } catch (problem) { say(problem.message, true); }
  $("measure").disabled = false;
  text("measure", "Measure now");
});
// The verdict comes from the box: `dropwire status` and `dropwire doctor` say the same.
const kStands = { ok: "good", not_known: "", trouble: "warning", failed: "error" };
let needing = 0, verdict = null;
const needing_words = (n) => n === 1 ? "1 phone needs attention" : `${n} phones need attention`;
function showVerdict(v) {
  if (!v) return;
  verdict = v;
  $("health").className = "badge " + kStands[v.state];
  text("health", v.words);
  showAttention(attention, needing);
}
const open_parts = (v) => v.parts.filter((p) => p.state === "not_known").map((p) => p.words);
function showDoctor(d) {
  if (!d) return;
  const findings = gravest_first(d.findings);
  showVerdict(d.verdict);
  show("network-part", "network" in d);
  draw("network", d.network, (n) => n ? facts_of_network(n) : fact("Measured", "not yet"));
  draw("doctor", findings, () => findings.length ? findings.map((f) => finding(f)) : el("p", {}, badge("good", "Healthy"), " Nothing was found wrong."));
  showAttention(findings.filter((f) => f.severity !== "info"), needing);
}
let attention = [];
function showAttention(findings, phones) {
  attention = findings;
  needing = phones;
  draw("attention", [findings, phones, verdict?.state, verdict?.words, verdict && open_parts(verdict)], () => [
    ...findings.map((f) => finding(f)),
    phones ? el("p", {}, el("a", { href: "#home", id: "to-needing" }, needing_words(phones))) : null,
    findings.length || phones || !verdict ? null
      : verdict.state === "ok" ? el("p", {}, badge("good", "All well"), " Nothing needs you.")
        : verdict.state === "not_known" ? el("p", {}, badge("", "Not known yet"), " Nothing was found wrong so far: ", open_parts(verdict).join("; "), ".")
          : el("p", {}, badge(kStands[verdict.state], verdict.words))].filter(Boolean));
}
