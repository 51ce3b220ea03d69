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
#include "sbc/phones/box.hpp"
#include "sbc/phones/box_verdict.hpp"
#include "sbc/phones/inventory.hpp"
#include "sbc/phones/network_facts.hpp"
#include "sbc/phones/signalling.hpp"
#include "tftp-proxy/core/admissions.hpp"
#include "tftp-proxy/core/content.hpp"

namespace dw {
class WireTap;
}
namespace dw::admin {

using phones::CacheState;
using phones::CallServer;
using phones::MediaState;
using phones::OriginState;
using phones::Service;

/// A source whose packets are dropped for a while, because it abused us.
struct Ban {
  IpAddress source;
  std::string reason;          ///< a few words; may quote untrusted text
  std::uint64_t offences = 0;  ///< so far
  WallTime until{};
};

/// What the home's router was asked for, and what it said.
struct RouterState {
  nat::portmap::Facts facts;
  TimePoint now{};  ///< by the clock of `facts`
};

/// This box at a glance.
struct Status {
  std::string version, mode, central;
  WallTime now{}, started{};
  bool draining = false;
  bool configured = true;                    ///< conf::Central::configured
  std::vector<std::string> phone_addresses;  ///< what a person may type as TFTP Server 1
  bool only_ipv6 = false;                    ///< as phones::OwnFacts
  std::vector<Service> services;
  std::vector<OriginState> origins;
  /// SCCP's, then SIP's, each in the order of preference; none of a protocol that is off.
  std::vector<CallServer> call_servers;
  static constexpr std::size_t kMaxBans = 256;
  std::vector<Ban> bans;         ///< the newest first, at most kMaxBans
  std::uint64_t bans_total = 0;  ///< with those not shown
  bool sip_phones = false;       ///< Inventory::knows(sip): registered or not
  MediaState media;
  RouterState router;
  std::optional<phones::AudioWay> audio;  ///< as phones::BoxFacts
  CacheState cache;
  std::vector<std::string> config_files;
  WallTime config_loaded{};

  /// Every enabled listener is up, and we are not on the way out.
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
  restart,  ///< it registers anew, with its config read again
  reset,    ///< it boots
  forget,   ///< its record here goes
};

/// What the daemon lets the admin side see and do. All are called on the loop; one that is not set makes its
/// address answer 404. What `inventory` and `verdicts` point to outlives the AdminServer.
struct Sources {
  std::function<Status()> status;
  phones::Inventory* inventory = nullptr;
  phones::VerdictBook* verdicts = nullptr;  ///< of `inventory`; set if that is
  /// Calls that are up, with what their media did so far. Not set: there are none.
  std::function<std::vector<phones::Call>()> calls;
  /// Measures the way to the central side, or finds that this was just done, and calls `done`, at once or later.
  std::function<void(std::function<void()> done)> measure;
  /// What is known of it. Not set: nothing.
  std::function<const phones::NetworkFacts&()> network;
  /// Calls `done` once, at once or later.
  std::function<void(std::function<void(std::vector<phones::Finding>)> done)> doctor;
  /// What of that shows at phones. Not set: nothing does.
  std::function<phones::BoxCauses()> causes;
  RecordStore* records = nullptr;  ///< of calls that are over; outlives the AdminServer
  std::function<FilesReport()> files;
  /// One file through the pipeline, as a phone would get it; `name` has passed parse_file_name.
  std::function<provisioning::ContentPtr(const std::string& name)> open_file;
  std::function<ReloadOutcome()> reload;
  /// `force`: although it is in a call, or registered.
  std::function<void(const phones::Phone& phone, PhoneAction action, bool force, OnOutcome done)> act;
  /// Fetches a file anew, whatever is kept of it; `name` has passed parse_file_name.
  std::function<void(const std::string& name, OnOutcome done)> refresh;
  provisioning::Admissions* admissions = nullptr;  ///< outlives the AdminServer
  WireTap* tap = nullptr;                          ///< outlives the AdminServer
  std::optional<Setup> setup;
  /// What is known of this box and of these phones, for whoever helps: text without secrets.
  std::function<std::string(const std::vector<const phones::Phone*>& about, const std::vector<phones::Finding>& of_box,
                            const phones::Verdict& verdict)>
      report;
  std::shared_ptr<LogRing> log;
  std::vector<std::function<void(MetricsText&)>> metrics;

  phones::BoxCauses causes_now() const { return causes ? causes() : phones::BoxCauses(); }
};

}  // namespace dw::admin
