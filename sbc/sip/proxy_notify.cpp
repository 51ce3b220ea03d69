#include "sbc/sip/proxy.hpp"

// Asks a phone to start over: by the event package that its firmware knows (cisco-provisioning §5.4).
namespace dw::sip {
namespace {

constexpr Duration kAnswerWithin = std::chrono::seconds(10);

/// 7940 and 7960: they know check-sync, and start over when `sync` in their file is another than before.
bool is_old_cisco(const Binding& b) {
  constexpr unsigned k7960 = 7, k7940 = 8;
  return b.device_type == k7960 || b.device_type == k7940 || b.user_agent.find("CP7960") != std::string::npos ||
         b.user_agent.find("CP7940") != std::string::npos;
}

bool is_cisco(const Binding& b) {
  return b.device_type != 0 || b.device.starts_with("SEP") || b.user_agent.starts_with("Cisco-CP");
}

struct Package {
  std::string event, type, body;
};

Package package_for(const Binding& b, bool boot) {
  if (is_old_cisco(b)) return {"check-sync", {}, {}};
  if (!is_cisco(b)) return {boot ? "check-sync;reboot=true" : "check-sync;reboot=false", {}, {}};
  constexpr std::string_view kNone = "0000000000000000";  // a stamp that no file has: all are read
  return {
      "service-control", "text/plain",
      fmt::format("action={}\r\nRegisterCallId={{{}}}\r\nConfigVersionStamp={{{}}}\r\nDialplanVersionStamp={{{}}}\r\n"
                  "SoftkeyVersionStamp={{{}}}\r\n",
                  boot ? "reset" : "restart", b.call_id, kNone, kNone, kNone)};
}

}  // namespace

std::optional<std::uint64_t> Proxy::ask_to_start_over(TimePoint now, const Binding& b, bool boot, Output& out) {
  if (b.stale_connection || connections_.is_gone(b.reach.flow)) return std::nullopt;
  Transaction* const t = transactions_.begin(Method::notify, {});
  if (!t) return std::nullopt;
  t->purpose = Transaction::Purpose::start_over;
  t->binding = b.id;
  t->to = b.reach.flow;
  if (t->to.transport == Transport::udp) t->to.peer = bindings_.reach_of(b).destination();
  const std::string us = router_.us_for(b);
  const Package package = package_for(b, boot);
  t->branch = identifiers_.branch();
  t->forwarded = fmt::format(
      "NOTIFY {0} SIP/2.0\r\nVia: SIP/2.0/{1} {2};branch={3}\r\nMax-Forwards: 70\r\nFrom: <sip:dropwire@{2}>;tag={4}\r\n"
      "To: <{0}>\r\nCall-ID: {5}\r\nCSeq: 1 NOTIFY\r\nContact: <sip:dropwire@{2}>\r\nEvent: {6}\r\n"
      "Subscription-State: active\r\n{7}Content-Length: {8}\r\n\r\n{9}",
      b.contact_uri, to_string(t->to.transport), us, t->branch, identifiers_.token(), identifiers_.token(),
      package.event, package.type.empty() ? std::string() : "Content-Type: " + package.type + "\r\n",
      package.body.size(), package.body);
  transactions_.send_request(now, *t, kAnswerWithin, out);
  return t->serial;
}

void Proxy::on_start_over_answer(const Transaction& t, std::uint16_t status, Output& out) {
  const Binding* const b = bindings_.by_id(t.binding);
  Event event = b ? event_of(Event::Kind::asked, *b) : event_of(Event::Kind::asked, t.to, {});
  event.request = t.serial;
  event.status = status;
  out.events.push_back(std::move(event));
}

}  // namespace dw::sip
