#include "sbc/phones/no_server.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "sbc/phones/box.hpp"
#include "sbc/phones/finding_code.hpp"
#include "sbc/phones/network_findings.hpp"
#include "sbc/phones/text.hpp"

namespace dw::phones {
namespace {

constexpr std::string_view code(Code of) {
  return of.text();
}

/// All servers of a protocol that has some.
std::string_view all_down(const BoxFacts& box, Protocol protocol, std::string_view down, WallTime now) {
  bool any = false, told = false;
  for (const CallServer& server : box.own->call_servers) {
    if (server.protocol != protocol) continue;
    if (!ails(server, now)) return {};
    any = true;
    told = told || !shut_off(box, server.name);
  }
  return !any ? std::string_view() : told ? down : code("central_unreachable");
}

std::string_view sccp(const BoxFacts& box, WallTime now) {
  if (!box.own->sccp_enabled) return {};
  if (box.own->sccp_servers == 0) return code("no_call_servers");
  return all_down(box, Protocol::sccp, code("call_server_down"), now);
}

std::string_view sip(const BoxFacts& box, WallTime now) {
  const auto service = std::ranges::find(box.own->services, "sip", &Service::name);
  if (service == box.own->services.end()) return {};
  if (!service->enabled) return box.own->sip_phones ? code("sip_off") : std::string_view();
  if (box.own->sip_servers == 0) return code("no_sip_servers");
  return all_down(box, Protocol::sip, code("sip_server_down"), now);
}

std::string_view reason(std::string_view cause) {
  if (cause == code("call_server_down") || cause == code("sip_server_down")) return "the telephone server does not answer";
  if (cause == code("central_unreachable")) return "nothing of the central side answers";
  if (cause == code("sip_off")) return "this box does not speak SIP";
  return "this box knows no telephone server for it";
}

}  // namespace

NoServer no_server_now(const BoxFacts& box, WallTime now) {
  if (!box.own) return {};
  if (!box.own->configured) return {code("not_configured"), code("not_configured")};
  return {sccp(box, now), sip(box, now)};
}

Finding finding_of_no_server(const Phone& phone, std::string seen, std::string_view cause) {
  if (cause.empty()) return make_finding("no_call_server", Severity::error, std::move(seen), phone);
  Finding found = make_finding("no_call_server", Severity::info,
                               fmt::format("{}{}; {}", phone.registered ? "" : "not registered: ", reason(cause), seen), phone);
  found.cause = cause;
  found.means = fmt::format("The fault is not the phone's: it is told as {} of this box.", cause);
  found.remedy = fmt::format("Do what the box's finding {} says: dropwire doctor. The phone tries again by itself.", cause);
  return found;
}

}  // namespace dw::phones
