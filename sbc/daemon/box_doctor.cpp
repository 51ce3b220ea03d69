#include "sbc/daemon/box_doctor.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace dw {
namespace {

using phones::Severity;

/// Nothing of this program is older: an earlier clock was never set.
constexpr WallTime kNotBefore = std::chrono::sys_days{std::chrono::year{2026} / 1 / 1};

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

void look_at_addresses(std::vector<admin::DoctorFinding>& out, const admin::Status& status) {
  if (!status.phone_addresses.empty()) return;
  out.push_back({"no_address", Severity::error, "This box has no address that a phone could reach.",
                 "There is nothing to type in as TFTP Server 1.",
                 "Connect it to the network of the phones."});
}

}  // namespace

std::vector<admin::DoctorFinding> box_findings(const admin::Status& status, const conf::Config& config,
                                               WallTime now) {
  std::vector<admin::DoctorFinding> out;
  look_at_services(out, status);
  look_at_addresses(out, status);
  look_at_origins(out, status, config);
  if (now < kNotBefore) {
    out.push_back({"clock_wrong", Severity::error, fmt::format("The clock says {}.", to_rfc3339(now)),
                   "HTTPS origins are refused, because no certificate is valid at that time, and stories are "
                   "dated wrongly.",
                   "Turn time synchronisation on: timedatectl set-ntp true."});
  }
  return out;
}

}  // namespace dw
