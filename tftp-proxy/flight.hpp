#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sbc/base/endpoint.hpp"
#include "sbc/base/source.hpp"
#include "sbc/net/timer.hpp"
#include "tftp-proxy/cache.hpp"
#include "tftp-proxy/core/content_memory.hpp"
#include "tftp-proxy/core/fetch_policy.hpp"
#include "tftp-proxy/core/origin_health.hpp"
#include "tftp-proxy/core/spelling.hpp"
#include "tftp-proxy/origin.hpp"

namespace dw::provisioning {

/// One configured origin and what is known of it. Shared with the fetches that still use it after a reload.
struct OriginSlot {
  OriginSlot(OriginUrl u, std::unique_ptr<Origin> o, std::uint64_t seed)
      : url(std::move(u)), label(url.label()), origin(std::move(o)), health(seed) {}

  OriginUrl url;
  std::string label;
  std::unique_ptr<Origin> origin;
  OriginHealth health;
  std::uint64_t requests = 0, failures = 0, octets = 0;
  Duration answer_time{};  ///< smoothed, request to first octet
  std::optional<WallTime> last_success;
  /// It has answered since it was configured, "no such file" included, or a file of it is cached. One that never has is
  /// asked last, and an outage of it does not make "no such file" uncertain.
  bool has_answered = false;
};

struct FetchCounters {
  std::uint64_t joins = 0, memory_hits = 0, cache_hits = 0, misses = 0, revalidated = 0, stale = 0, negative_hits = 0;
  std::uint64_t refused = 0, orphans = 0, cancelled = 0;
};

struct FetchLimits {
  Duration answer_within = std::chrono::seconds(7);  ///< then those who wait get an answer, whatever it is
  Duration patience = std::chrono::seconds(3);       ///< for one origin's first octet while another is left
  Duration negative = std::chrono::seconds(30);      ///< how long "no such file" is believed (negative_ttl)
  Duration revalidate = std::chrono::minutes(10);    ///< how long a copy is served without asking (CacheClass)
  std::uint64_t max_in_flight = 256ULL << 20;        ///< octets of all files that are being fetched
  std::size_t max_flights = 512;
  std::size_t max_orphans = 64;  ///< fetches that continue only for the cache
  friend bool operator==(const FetchLimits&, const FetchLimits&) = default;
};

/// What all flights use together.
struct FetchLoad {
  std::uint64_t octets = 0;  ///< of files that are being fetched
  std::size_t orphans = 0;
};

/// The end of one request to an origin, for one spelling of a file.
struct OriginAsked {
  const std::string& origin;  ///< its label
  const std::string& spelling;
  std::uint64_t octets;
  Duration took;
  bool unchanged;
  const Error* error;  ///< null if a file came, or it is unchanged
};

class Flight;

/// What a flight gets from the pipeline that owns it. All of it outlives the flight.
struct FlightContext {
  net::Loop& loop;
  Cache* cache;  ///< may be null
  const FetchLimits& limits;
  const std::vector<std::shared_ptr<OriginSlot>>& origins;
  ContentMemory& memory;
  SpellingMemory& spellings;  ///< that origins use
  FetchCounters& counters;
  FetchLoad& load;
  /// A whole file, as `real` spells it. Not `fresh`: it came from the cache.
  std::function<void(const Flight&, const std::string& real, const ContentPtr&, bool fresh)> on_arrived;
  std::function<void(const Flight&, const Error&)> on_missing;  ///< every origin says that there is none
  std::function<void(const Flight&, const OriginAsked&)> on_asked;
  std::function<void(const Flight&)> on_over;  ///< the flight may be dropped
};

/// Whether this copy may be served without asking an origin.
bool is_confirmed(const CacheEntry& entry, CacheClass kept_as, const FetchLimits& limits);

/// The fetch of one name, shared by everyone who wants it: the disk cache, then the origins in order, each
/// asked for the exact name and, when it has none, for a few other spellings. Owned by the pipeline.
///
/// Those who wait are answered within FetchLimits::answer_within: with the cached copy, or "unavailable"; the fetch
/// continues if the cache can use the file. Nobody ever gets an incomplete file as a complete one. More than 30
/// methods, as each step of a fetch is one, and all move the same state.
class Flight : public std::enable_shared_from_this<Flight> {
 public:
  /// `whole_first`: nothing is handed out before the file is whole (it will be rewritten), so that another
  /// origin or the kept copy can still stand in when one breaks off.
  Flight(const FlightContext& context, std::string name, CacheClass cache_class, bool whole_first);
  ~Flight();

  void start();
  /// Uses no cached copy and sends no validator. The copy is replaced, or removed if there is no such file; if the
  /// origins fail it stays.
  void start_over();
  /// The content to hand out. When the last holder drops it, the flight ends or continues only for the cache.
  ContentPtr lease();
  const std::string& name() const { return name_; }
  /// The sources that asked for it: the first kMaxAskers, each once. Empty: not asked for by a source.
  static constexpr std::size_t kMaxAskers = 16;
  void note_asker(const IpAddress& address);
  const std::vector<IpAddress>& askers() const { return askers_; }
  CacheClass kept_as() const { return class_; }
  /// The source whose share of the fetches it uses; set by the pipeline.
  struct Place {
    IpAddress source;
    Standing standing{};
  };
  std::optional<Place> place;
  const std::vector<std::string>& near() const { return near_; }  ///< OriginEnd::near, of all origins

 private:
  void load_copy(const CacheEntry& entry, std::string how, std::function<void()> otherwise);
  static void fill(const ContentPtr& content, Bytes octets, const CacheEntry& entry, const std::string& how);
  std::optional<CacheEntry> copy_at_hand() const;
  void ask_origins();
  void next();
  void ask(OriginSlot& slot, const std::string& spelling);
  bool another_is_left() const;
  void on_found(ContentMeta meta, const std::string& real);
  void on_octets(Bytes octets);
  void on_end(OriginEnd end);
  void on_complete();
  void on_unchanged();
  void on_failure(const Error& error, bool reached);
  void on_impatient();
  void on_deadline();
  void on_unwanted();
  void settle();
  void finish_with(const Error& error);
  bool worth_going_on() const;
  void tell_asked(bool unchanged, const Error* error);
  void drop_fetch(bool abandoned);
  void end();
  OriginSlot& slot() { return *slots_[at_]; }

  const FlightContext& context_;
  std::string name_;
  CacheClass class_;
  bool whole_first_;
  ContentPtr content_;            // where octets go
  std::weak_ptr<Content> lease_;  // what was handed out of it
  std::vector<std::shared_ptr<OriginSlot>> slots_;
  std::size_t at_ = 0;        // slot asked
  std::size_t spelling_ = 0;  // 0: the exact name, else candidates_[spelling_ - 1]
  std::size_t extra_requests_ = 0;
  std::optional<std::vector<std::string>> candidates_;
  std::optional<CacheEntry> entry_;  // the kept copy
  bool ignore_copy_ = false;         // it turned out damaged, or is not wanted
  std::unique_ptr<OriginFetch> fetch_;
  TimePoint asked_at_{};
  ContentMeta staged_meta_;
  Buffer staged_;
  std::string real_;
  std::vector<IpAddress> askers_;
  std::uint64_t received_ = 0;
  Findings findings_;
  std::vector<std::string> near_;
  bool orphan_ = false;
  bool over_ = false;
  net::Timer patience_;
  net::Timer deadline_;
};

}  // namespace dw::provisioning
