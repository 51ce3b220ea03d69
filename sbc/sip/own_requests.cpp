#include "sbc/sip/own_requests.hpp"

#include <fmt/format.h>

namespace dw::sip {
namespace {

/// 7940 and 7960: they know check-sync, and start over when `sync` in their file is another than before.
bool is_old_cisco(const Binding& b) {
  constexpr unsigned k7960 = 7, k7940 = 8;
  return b.device_type == k7960 || b.device_type == k7940 || b.user_agent.find("CP7960") != std::string::npos ||
         b.user_agent.find("CP7940") != std::string::npos;
}

bool is_cisco(const Binding& b) {
  return b.device_type != 0 || b.device.starts_with("SEP") || b.user_agent.starts_with("Cisco-CP");
}

/// The event package that its firmware knows.
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

std::string options_request(const OwnRequest& own, std::string_view uri, std::string_view via_params) {
  return fmt::format(
      "OPTIONS {0} SIP/2.0\r\nVia: SIP/2.0/{1} {2};branch={3}{6}\r\nMax-Forwards: 70\r\n"
      "From: <sip:dropwire@{2}>;tag={4}\r\nTo: <{0}>\r\nCall-ID: {5}\r\nCSeq: 1 OPTIONS\r\nContact: "
      "<sip:dropwire@{2}>\r\n"
      "Content-Length: 0\r\n\r\n",
      uri, to_string(own.transport), own.us, own.branch, own.tag, own.call_id, via_params);
}

std::string start_over_request(const OwnRequest& own, const Binding& b, bool boot) {
  const Package package = package_for(b, boot);
  return fmt::format(
      "NOTIFY {0} SIP/2.0\r\nVia: SIP/2.0/{1} {2};branch={3}\r\nMax-Forwards: 70\r\nFrom: <sip:dropwire@{2}>;tag={4}\r\n"
      "To: <{0}>\r\nCall-ID: {5}\r\nCSeq: 1 NOTIFY\r\nContact: <sip:dropwire@{2}>\r\nEvent: {6}\r\n"
      "Subscription-State: active\r\n{7}Content-Length: {8}\r\n\r\n{9}",
      b.contact_uri, to_string(own.transport), own.us, own.branch, own.tag, own.call_id, package.event,
      package.type.empty() ? std::string() : "Content-Type: " + package.type + "\r\n", package.body.size(),
      package.body);
}

}  // namespace dw::sip
