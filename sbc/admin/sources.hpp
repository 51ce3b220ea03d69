#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "nat/core/portmap/types.hpp"
#include "sbc/admin/log_ring.hpp"
#include "sbc/admin/outcome.hpp"
#include "sbc/admin/record_store.hpp"
#include "sbc/admin/setup.hpp"
#include "sbc/base/endpoint.hpp"
#include "sbc/base/metrics.hpp"
#include "sbc/base/time.hpp"
#include "sbc/doctor/box.hpp"
#include "sbc/doctor/box_verdict.hpp"
#include "sbc/doctor/network_facts.hpp"
#include "sbc/phones/inventory.hpp"
#include "sbc/phones/signalling.hpp"
#include "tftp-proxy/core/admissions.hpp"
#include "tftp-proxy/core/content.hpp"

namespace dw {
class WireTap;
}
namespace dw::admin {

using doctor::CacheState;
using doctor::CallServer;
using doctor::MediaState;
using doctor::OriginState;
using doctor::Service;

/// A source whose packets are dropped for a while, because of abuse.
struct Ban {
  IpAddress source;
  std::string reason;          ///< a few words; may quote untrusted text
  std::uint64_t offences = 0;  ///< abuses so far
  WallTime until{};
};

/// What was requested of the home's router, and its answers.
struct RouterState {
  nat::portmap::Facts facts;
  TimePoint now{};  ///< on the clock of `facts`
};

/// This box at a glance.
struct Status {
  std::string version, mode, central;
  WallTime now{}, started{};
  bool draining = false;
  bool configured = true;                    ///< conf::Central::configured
  std::vector<std::string> phone_addresses;  ///< what a person may enter as TFTP Server 1
  bool only_ipv6 = false;                    ///< as doctor::OwnFacts
  std::vector<Service> services;
  std::vector<OriginState> origins;
  /// SCCP's, then SIP's, each in order of preference; none for a protocol that is off.
  std::vector<CallServer> call_servers;
  static constexpr std::size_t kMaxBans = 256;
  std::vector<Ban> bans;         ///< newest first, at most kMaxBans
  std::uint64_t bans_total = 0;  ///< including those not shown
  bool sip_phones = false;       ///< Inventory::knows(sip), whether registered or not
  MediaState media;
  RouterState router;
  std::optional<doctor::AudioWay> audio;  ///< as doctor::BoxFacts
  CacheState cache;
  std::vector<std::string> config_files;
  WallTime config_loaded{};

  /// Every enabled listener is up, and the program is not shutting down.
  bool ready() const;
};

struct CachedFile {
  std::string name;
  std::uint64_t size = 0;
  std::string etag, last_modified, origin;
  WallTime fetched{};
};
struct FilesReport {
  std::vector<CachedFile> cached;
};

struct ReloadOutcome {
  bool taken = false;
  std::vector<std::string> problems;  ///< "dropwire.toml:12:9: error: …"
};

enum class PhoneAction : std::uint8_t {
  restart,  ///< it registers again and reads its config again
  reset,    ///< it reboots
  forget,   ///< its record here is deleted
};

/// What the daemon lets the admin side see and do. All functions are called on the loop; the path of one that is not
/// set answers 404. `inventory` and `verdicts` outlive the AdminServer.
struct Sources {
  std::function<Status()> status;
  phones::Inventory* inventory = nullptr;
  doctor::VerdictBook* verdicts = nullptr;  ///< of `inventory`; set if that is
  /// Running calls, with their media figures so far. Not set: there are none.
  std::function<std::vector<phones::Call>()> calls;
  /// Measures the path to the central side, unless that was just done, and calls `done`, now or later.
  std::function<void(std::function<void()> done)> measure;
  /// The results of that. Not set: nothing is known.
  std::function<const doctor::NetworkFacts&()> network;
  /// Calls `done` once, now or later.
  std::function<void(std::function<void(std::vector<doctor::Finding>)> done)> doctor;
  /// Which of these findings show at phones. Not set: none do.
  std::function<doctor::BoxCauses()> causes;
  RecordStore* records = nullptr;  ///< of finished calls; outlives the AdminServer
  std::function<FilesReport()> files;
  /// One file through the pipeline, as a phone would get it; `name` has passed parse_file_name.
  std::function<provisioning::ContentPtr(const std::string& name)> open_file;
  std::function<ReloadOutcome()> reload;
  /// `force`: even if it is in a call, or registered.
  std::function<void(const phones::Phone& phone, PhoneAction action, bool force, OnOutcome done)> act;
  /// Fetches a file again, even if it is cached; `name` has passed parse_file_name.
  std::function<void(const std::string& name, OnOutcome done)> refresh;
  provisioning::Admissions* admissions = nullptr;  ///< outlives the AdminServer
  WireTap* tap = nullptr;                          ///< outlives the AdminServer
  std::optional<Setup> setup;
  /// What is known of this box and of these phones, for somebody who helps: text without secrets.
  std::function<std::string(const std::vector<const phones::Phone*>& about, const std::vector<doctor::Finding>& of_box,
                            const doctor::Verdict& verdict)>
      report;
  std::shared_ptr<LogRing> log;
  std::vector<std::function<void(MetricsText&)>> metrics;

  doctor::BoxCauses causes_now() const { return causes ? causes() : doctor::BoxCauses(); }
  std::vector<phones::Absence> absences() const {
    return records ? records->absences() : std::vector<phones::Absence>();
  }
};

}  // namespace dw::admin
