#include "sbc/doctor/box_causes.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "sbc/doctor/box.hpp"
#include "sbc/doctor/central_side.hpp"
#include "sbc/doctor/finding_code.hpp"
#include "sbc/doctor/finding_text.hpp"
#include "sbc/phones/phone.hpp"

namespace dw::doctor {
using namespace phones;
namespace {

constexpr std::string_view code(Code of) {
  return of.text();
}

/// All servers of a protocol that has some.
std::string_view all_down(const BoxFacts& box, Protocol protocol, std::string_view down, WallTime now) {
  bool any = false;
  for (const CallServer& server : box.own->call_servers) {
    if (server.protocol != protocol) continue;
    if (!ails(server, now)) return {};
    any = true;
  }
  return !any ? std::string_view() : central_unreachable(box, now) ? code("central_unreachable") : down;
}

std::string_view files(const BoxFacts& box, WallTime now) {
  if (box.own->origins.empty() || std::ranges::any_of(box.own->origins, &OriginState::healthy)) return {};
  return central_unreachable(box, now) ? code("central_unreachable") : code("origin_down");
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
  if (cause == code("call_server_down") || cause == code("sip_server_down"))
    return "the telephone server does not answer";
  if (cause == code("central_unreachable")) return "the telephone server does not answer";
  if (cause == code("sip_off")) return "this box does not speak SIP";
  return "this box knows no telephone server for it";
}

}  // namespace

BoxCauses box_causes(const BoxFacts& box, WallTime now) {
  if (!box.own) return {};
  BoxCauses out;
  out.hosted = box.hosted;
  const auto sip_service = std::ranges::find(box.own->services, "sip", &Service::name);
  out.sccp_served = box.own->sccp_enabled;
  out.sip_served = sip_service == box.own->services.end() || sip_service->enabled;
  out.sccp = box.own->configured ? sccp(box, now) : code("not_configured");
  out.sip = box.own->configured ? sip(box, now) : code("not_configured");
  if (box.own->configured) out.files = files(box, now);
  if (std::ranges::any_of(box.network.sip_alg, &AlgProbe::altered)) out.alg = code("sip_alg_on_path");
  if (too_slow(box.own->media)) out.media = code("media_too_slow");
  return out;
}

Finding caused_by_box(Finding found, std::string_view cause) {
  if (cause.empty()) return found;
  const auto kind = std::ranges::find(kFindingKinds, cause, &FindingKind::code);
  found.severity = Severity::info;
  found.cause = cause;
  found.of_box = true;
  found.means = fmt::format("The phone is not at fault. This box has found the cause: {} ({}).",
                            kind == kFindingKinds.end() ? cause : kind->title, cause);
  found.remedy = "See what the box needs (dropwire doctor). The phone tries again by itself.";
  return found;
}

Finding finding_of_no_server(const Phone& phone, std::string seen, std::string_view cause) {
  if (!cause.empty()) seen = fmt::format("{}{}; {}", phone.registered ? "" : "not registered: ", reason(cause), seen);
  return caused_by_box(make_finding("no_call_server", Severity::error, std::move(seen), phone), cause);
}

}  // namespace dw::doctor
