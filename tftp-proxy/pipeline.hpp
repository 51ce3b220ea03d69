#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "sbc/base/fair_share.hpp"
#include "sbc/base/known_sources.hpp"
#include "sbc/base/metrics.hpp"
#include "sbc/base/time.hpp"
#include "sbc/base/wire_tap.hpp"
#include "sbc/net/log.hpp"
#include "tftp-proxy/cache.hpp"
#include "tftp-proxy/core/admissions.hpp"
#include "tftp-proxy/core/cnf_rewrite.hpp"
#include "tftp-proxy/core/content_memory.hpp"
#include "tftp-proxy/core/spelling.hpp"
#include "tftp-proxy/flight.hpp"
#include "tftp-proxy/library.hpp"
#include "tftp-proxy/origin.hpp"
#include "tftp-proxy/prefetcher.hpp"
#include "tftp-proxy/services.hpp"

namespace dw::provisioning {

/// An origin as the API shows it.
struct OriginStatus {
  std::string url;  ///< without user and password
  OriginHealth::State state{};
  std::string last_error;
  std::optional<WallTime> last_success;
  bool has_answered = false;          ///< ever since it was configured
  std::optional<TimePoint> retry_at;  ///< while it is down: when it is asked again
  std::uint64_t requests = 0, failures = 0, octets = 0;
  Duration answer_time{};
};

/// Where the servers get files from: memory, the disk cache, the origins, and the rewriting of configs
/// (pipeline_rewrite.cpp), in that order outwards. One fetch per name, however many ask. On the loop's thread; owns
/// everything it started, and contents that it handed out stay valid without it (those not whole by then stay waiting:
/// stop the servers first). More than 30 methods, as each stage of a file's way is one; what a stage knows is in a
/// class of its own.
class Pipeline : public Library {
 public:
  struct Options {
    std::vector<std::string> origins;  ///< URLs (parse_origin), asked in this order
    Origin::Options origin;
    FetchLimits fetch;
    std::uint64_t memory = 32ULL << 20;  ///< octets of whole files kept in memory
    bool rewrite = true;
    bool drop_trust_lists = true;    ///< CTL*.tlv and ITL*.tlv of the origins: never asked for, always missing
    RewriteOptions rewriting;        ///< its `host` is filled in for each request
    std::string advertise = "auto";  ///< "auto": the address that the phone asked; else a host or address
    Prefetcher::Options prefetch;
    std::string service_key;  ///< what URLs of services are signed with, where they are rewritten; empty: none is
  };
  /// Callbacks for others.
  struct Sinks {
    /// A config went through the rewriter for this phone: what was changed, or why not, and what is in it.
    std::function<void(const FileRequest&, const Rewritten&)> on_rewrite;
    std::function<void(RewriteOptions&)> central_side{};  ///< adds the current names of the central side
  };

  /// `cache` may be null and must outlive the pipeline.
  Pipeline(net::Loop& loop, const Options& options, Cache* cache, Sinks sinks);
  ~Pipeline();

  ContentPtr open(const FileRequest& request) override;
  bool is_service(const ServiceRequest& request) const override { return services_.takes(request); }
  ContentPtr open_service(const ServiceRequest& request) override;
  NameBudget* names() override { return names_; }
  /// The known sources, and the budget that counts names that were not found. Both outlive this. To be called first.
  void use(KnownSources& known, NameBudget& names);
  /// Decides who may have a device's own files. Outlives this. Without it everybody may.
  void use(Admissions& admissions) {
    admissions_ = &admissions;
    services_.use(admissions);
  }

  /// Fetches a file again, as it is at the origin, and keeps that instead of the cached copy; removes the copy if
  /// there is no such file any more. If no origin can deliver it the copy stays, and the content fails.
  ContentPtr refresh(const std::string& name);

  /// Takes new options. Running fetches are finished with the old ones; an origin that stays in the list keeps
  /// its state.
  void reconfigure(const Options& options);

  /// For a device's config that was just not found: existing ones with one typo in the MAC, as far as an
  /// origin lists its files.
  std::vector<std::string> near_names(const std::string& name) const;

  std::vector<OriginStatus> origin_status() const;
  std::size_t flights() const { return flights_.size(); }
  void append_metrics(MetricsText& out) const;
  /// Gets each request to an origin, for each phone that waits for the file.
  void set_tap(const WireTap& tap) { tap_ = &tap; }

 private:
  struct Negative {
    TimePoint until;
    Error error;
    std::vector<std::string> near;
  };
  struct Alias {
    std::string real;
    TimePoint until;
  };
  class Rewriting;

  bool admits(const FileRequest& request);
  ContentPtr obtain(const std::string& name);
  ContentPtr obtain_exact(const std::string& name);
  ContentPtr confirmed_in_memory(const std::string& name, CacheClass kept_as);
  bool take_place(Flight& flight);
  ContentPtr launch(const std::string& name, CacheClass kept_as, bool again);
  ContentPtr rewritten(const FileRequest& request, const ContentPtr& source);
  ContentPtr rewrite_now(const FileRequest& request, const Content& source);
  std::string host_for(const IpAddress& local) const;
  RewriteOptions rewriting_for(const IpAddress& local) const;
  void read_facts(const std::string& name, Bytes octets);
  void set_origins(const Options& options);
  void set_services(const Options& options);
  template <class Map>
  void make_room(Map& map);

  // What flights call.
  void arrived(const Flight& flight, const std::string& real, const ContentPtr& content, bool fresh);
  void missing(const Flight& flight, const Error& error);
  void asked(const Flight& flight, const OriginAsked& what);
  void over(const Flight& flight);

  net::Loop& loop_;
  Options options_;
  Cache* cache_;
  Sinks sinks_;
  const WireTap* tap_ = &WireTap::nobody();
  IpAddress asker_;  ///< within open()
  KnownSources* known_ = nullptr;
  NameBudget* names_ = nullptr;
  Admissions* admissions_ = nullptr;
  net::LogLimit kept_out_log_{10, 100};
  FairShare fetches_;  ///< by source, of fetches that were asked for
  FetchCounters counters_;
  FetchLoad load_;
  std::vector<std::shared_ptr<OriginSlot>> slots_;
  Services services_;
  ContentMemory memory_;
  SpellingMemory spellings_;
  std::unordered_map<std::string, Negative> negative_;
  std::unordered_map<std::string, Alias> aliases_;  // asked name → what it turned out to be called
  std::shared_ptr<Pipeline*> self_;                 // for contents that outlive us
  FlightContext flight_context_;
  std::unordered_map<std::string, std::shared_ptr<Flight>> flights_;
  Prefetcher prefetcher_;
};

}  // namespace dw::provisioning
