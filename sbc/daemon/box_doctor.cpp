#include "sbc/daemon/box_doctor.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>

namespace dw {
namespace {

using phones::Severity;

/// Nothing of this program is older: an earlier clock was never set.
constexpr WallTime kNotBefore = std::chrono::sys_days{std::chrono::year{2026} / 1 / 1};

constexpr std::uint64_t kFullPercent = 80;  // of media.ports: time to say so

void look_at_services(std::vector<admin::DoctorFinding>& out, const admin::Status& status) {
  for (const auto& service : status.services) {
    if (!service.enabled || service.up()) continue;
    out.push_back(
        {"listener_down", Severity::error,
         fmt::format("The {} service does not listen: {}", service.name, service.error),
         "Phones that ask for it get no answer.",
         "Look which program has the port (ss -lunpt), stop it or choose another address in access.listen."});
  }
}

void look_at_origins(std::vector<admin::DoctorFinding>& out, const admin::Status& status,
                     const conf::Config& config) {
  if (status.origins.empty()) {
    out.push_back({"no_origins", Severity::error, "No origin is configured.",
                   "There is nowhere to get files from, so every phone is told \"file not found\".",
                   "Set central to the host of the telephone server in dropwire.toml, or list "
                   "central.provisioning.origins."});
    return;
  }
  const bool all_down = std::ranges::none_of(status.origins, &admin::OriginState::healthy);
  for (const auto& origin : status.origins) {
    if (origin.healthy) continue;
    out.push_back({"origin_down", all_down ? Severity::error : Severity::warning,
                   fmt::format("{} does not answer: {}", origin.url, origin.last_error),
                   all_down ? "Phones get what is in the cache; what is not there, they do not get."
                            : "Files come from the other origins meanwhile.",
                   "Check that this box reaches the internet and that the address is right: curl -v followed "
                   "by the address."});
  }
  if (!config.cache.enable || !status.cache.storing) {
    out.push_back({"cache_off", Severity::warning,
                   config.cache.enable ? fmt::format("Nothing can be kept in {}.", status.cache.directory)
                                       : std::string("The disk cache is turned off."),
                   "Every file crosses the internet anew, and phones do not boot while the origins are down.",
                   config.cache.enable ? "Check that the directory exists, belongs to the dropwire user and "
                                         "that the disk has room (df -h)."
                                       : "Set cache.enable = true."});
  }
}

/// Of one protocol, which has at least one: `what` is "SCCP" or "SIP".
void look_at_servers(std::vector<admin::DoctorFinding>& out, const admin::Status& status,
                     phones::Protocol protocol, std::string_view what) {
  const auto is_down = [&](const admin::CallServer& s) { return s.protocol != protocol || !s.up; };
  const bool all_down = std::ranges::all_of(status.call_servers, is_down);
  const bool sip = protocol == phones::Protocol::sip;
  for (const auto& server : status.call_servers) {
    if (server.up || server.protocol != protocol) continue;
    const bool udp = server.transport == "udp";
    out.push_back(
        {sip ? "sip_server_down" : "call_server_down", all_down ? Severity::error : Severity::warning,
         fmt::format("The {} server {} {}: {}", sip ? "SIP" : "call", server.name,
                     udp ? "does not answer" : "can't be reached", server.last_error),
         all_down ? fmt::format("No phone can register by {}.", what)
                  : std::string("Phones register with the others meanwhile."),
         udp ? "Check that it runs, that it answers OPTIONS from this box's address, and that no firewall is "
               "between (UDP)."
             : "Check that it runs and listens there, and that no firewall is between: nc -vz followed by "
               "host and port."});
  }
}

void look_at_call_servers(std::vector<admin::DoctorFinding>& out, const admin::Status& status,
                          const conf::Config& config) {
  if (!config.access.sccp.enable) return;
  if (config.central.sccp.servers.empty()) {
    out.push_back(
        {"no_call_servers", Severity::warning, "SCCP is on, and no call server is configured.",
         "Phones that register by SCCP are let go at once; those with SIP firmware are not concerned.",
         "Set central to the host of the telephone server, or list central.sccp.servers; without SCCP "
         "phones, set access.sccp.enable = false."});
    return;
  }
  look_at_servers(out, status, phones::Protocol::sccp, "SCCP");
}

void look_at_sip(std::vector<admin::DoctorFinding>& out, const admin::Status& status,
                 const conf::Config& config) {
  const auto service = std::ranges::find(status.services, "sip", &admin::Service::name);
  if (service == status.services.end()) return;
  if (!service->enabled) {
    if (!status.sip_phones) return;
    out.push_back({"sip_off", Severity::warning, "SIP is off, and phones with SIP firmware are known here.",
                   "They have their files from this box and can't register through it.",
                   "Set access.sip.enable = true; or give those phones SCCP firmware."});
    return;
  }
  if (config.central.sip.servers.empty()) {
    out.push_back(
        {"no_sip_servers", Severity::warning, "SIP is on, and no SIP server is configured.",
         "Phones with SIP firmware can't register; those that register by SCCP are not concerned.",
         "Set central to the host of the telephone server, or list central.sip.servers; without SIP phones, "
         "set access.sip.enable = false."});
    return;
  }
  look_at_servers(out, status, phones::Protocol::sip, "SIP");
}

void look_at_media(std::vector<admin::DoctorFinding>& out, const admin::Status& status) {
  const admin::MediaState& media = status.media;
  if (media.capacity == 0 || media.streams * 100 < media.capacity * kFullPercent) return;
  const bool full = media.streams >= media.capacity;
  out.push_back(
      {"media_ports_used_up", full ? Severity::error : Severity::warning,
       fmt::format("{} of {} media streams are in use.", media.streams, media.capacity),
       full ? "A further call has no audio." : "Once all are, further calls have no audio.",
       "Widen media.ports; if they are wide enough, raise the limit of open files (LimitNOFILE in the "
       "service's unit)."});
}

void look_at_addresses(std::vector<admin::DoctorFinding>& out, const admin::Status& status,
                       const conf::Config& config) {
  if (!status.phone_addresses.empty()) return;
  if (std::ranges::all_of(config.access.listen, [](const IpAddress& a) { return a.is_loopback(); })) {
    out.push_back({"no_address", Severity::info, "This box listens on loopback addresses only.",
                   "No phone can reach it; programs on this machine can, as for a trial.",
                   "For phones, name an address that they reach in access.listen."});
    return;
  }
  out.push_back({"no_address", Severity::error, "This box has no address that a phone could reach.",
                 "There is nothing to type in as TFTP Server 1.",
                 "Connect it to the network of the phones."});
}

}  // namespace

std::vector<admin::DoctorFinding> box_findings(const admin::Status& status, const conf::Config& config,
                                               WallTime now) {
  std::vector<admin::DoctorFinding> out;
  look_at_services(out, status);
  look_at_addresses(out, status, config);
  look_at_origins(out, status, config);
  look_at_call_servers(out, status, config);
  look_at_sip(out, status, config);
  look_at_media(out, status);
  if (now < kNotBefore) {
    out.push_back({"clock_wrong", Severity::error, fmt::format("The clock says {}.", to_rfc3339(now)),
                   "HTTPS origins are refused, because no certificate is valid at that time, and stories are "
                   "dated wrongly.",
                   "Turn time synchronisation on: timedatectl set-ntp true."});
  }
  return out;
}

}  // namespace dw
