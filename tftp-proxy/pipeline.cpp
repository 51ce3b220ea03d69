#include "tftp-proxy/pipeline.hpp"

#include <algorithm>
#include <random>

#include "tftp-proxy/core/trust_list.hpp"

namespace dw::provisioning {
namespace {

constexpr std::size_t kMaxNegatives = 4096;                // entries; of aliases as many
constexpr Duration kAliasGood = std::chrono::minutes(10);  // then the exact name is asked again

/// Of one source, which may be the router of a site whose phones all boot; half of the whole is kept for known ones.
FairShare::Options fetch_shares(const FetchLimits& limits) {
  constexpr std::size_t kStrangersPart = 4, kPercent = 50;
  FairShare::Options o;
  o.total = limits.max_flights;
  o.per_source = std::max<std::size_t>(1, limits.max_flights / kStrangersPart);
  o.kept_for_known = kPercent;
  return o;
}

constexpr std::string_view kNotAdmitted =
    "access.provisioning.phones keeps it from this address, so the answer was that it does not exist";

std::uint64_t random_seed() {
  std::random_device device;
  return (std::uint64_t{device()} << 32) | device();
}

}  // namespace

std::string_view to_string(Transport transport) {
  return transport == Transport::tftp ? "tftp" : transport == Transport::http ? "http" : "control";
}

Pipeline::Pipeline(net::Loop& loop, const Options& options, Cache* cache, Sinks sinks)
    : loop_(loop),
      options_(options),
      cache_(cache),
      sinks_(std::move(sinks)),
      fetches_(fetch_shares(options.fetch), random_seed()),
      services_(loop),
      memory_(options.memory),
      self_(std::make_shared<Pipeline*>(this)),
      flight_context_{loop_,
                      cache_,
                      options_.fetch,
                      slots_,
                      memory_,
                      spellings_,
                      counters_,
                      load_,
                      [this](const Flight& f, const std::string& real, const ContentPtr& c, bool fresh) {
                        arrived(f, real, c, fresh);
                      },
                      [this](const Flight& f, const Error& error) { missing(f, error); },
                      [this](const Flight& f, const OriginAsked& what) { asked(f, what); },
                      [this](const Flight& f) { over(f); }},
      prefetcher_(loop, options.prefetch,
                  {[this](const std::string& name) {
                     return cache_ != nullptr && cache_->storing() && !cache_->find_ignoring_case(name);
                   },
                   [this](const std::string& name) { return obtain(name); },
                   [this] { return flights_.size() - std::min(flights_.size(), prefetcher_.running()); }}) {
  set_origins(options);
}

Pipeline::~Pipeline() {
  *self_ = nullptr;
  // Flights report their end to us: destroy them while we are whole.
  auto flights = std::move(flights_);
  flights_.clear();
  flights.clear();
}

void Pipeline::set_origins(const Options& options) {
  const auto old = std::exchange(slots_, {});
  for (const std::string& text : options.origins) {
    const auto url = parse_origin(text);
    if (!url) {
      spdlog::error("event=origin_ignored reason=\"{}\"", escaped(url.error().text, 300));
      continue;
    }
    auto slot = std::make_shared<OriginSlot>(*url, make_origin(loop_, *url, options.origin), random_seed());
    for (const auto& before : old) {
      if (!(before->url == *url)) continue;
      slot->health = before->health;
      slot->requests = before->requests;
      slot->failures = before->failures;
      slot->octets = before->octets;
      slot->answer_time = before->answer_time;
      slot->last_success = before->last_success;
      slot->has_answered = before->has_answered;
    }
    slots_.push_back(std::move(slot));
  }
  set_services(options);
  if (cache_ == nullptr) return;
  cache_->for_each([this](const CacheEntry& entry) {
    for (const auto& slot : slots_)
      slot->has_answered = slot->has_answered || slot->label == entry.origin;
  });
}

void Pipeline::set_services(const Options& options) {
  Services::Options o;
  o.enable = options.rewrite &&
             (options.rewriting.urls == Action::rewrite || options.rewriting.secure_urls == Action::rewrite);
  for (const auto& slot : slots_) {
    if (slot->url.http_family() && !slot->url.has_placeholders && slot->url.only.empty())
      o.origins.push_back(slot->url);
  }
  o.ca_file = options.origin.ca_file;
  o.key = options.service_key;
  o.connect_timeout = options.origin.connect_timeout;
  o.stall_timeout = options.origin.stall_timeout;
  services_.configure(std::move(o));
}

void Pipeline::reconfigure(const Options& options) {
  set_origins(options);
  options_ = options;
  memory_.limit(options.memory);
  fetches_.configure(fetch_shares(options.fetch));
  prefetcher_.set_options(options.prefetch);
  negative_.clear();
  aliases_.clear();
}

ContentPtr Pipeline::open(const FileRequest& request) {
  if (options_.drop_trust_lists && is_trust_list_name(request.name)) {
    return Content::failure({Errc::not_found,
                             "trust lists of the central server are not passed on: a phone that took one would "
                             "refuse its rewritten config"});
  }
  if (is_server_list(request.name) && request.transport != Transport::control) {
    kept_out_log_.warn(
        "event=server_list peer={} transport={} file=\"{}\" asked for the list of all configs, which nobody is given",
        request.peer.address.to_string(), to_string(request.transport), escaped(request.name, 64));
    return Content::failure({Errc::not_found, "a list of all that the server has is given to nobody"});
  }
  if (!admits(request)) return Content::failure({Errc::not_admitted, std::string(kNotAdmitted)});
  asker_ = request.peer.address;
  const ContentPtr content = obtain(request.name);
  asker_ = {};
  if (!options_.rewrite || cnf_kind(request.name) == CnfKind::none) return content;
  return rewritten(request, content);
}

/// Before anything is looked up: what exists and what does not is the same to who may not have it. A person at the
/// control socket may.
bool Pipeline::admits(const FileRequest& request) {
  if (!admissions_ || request.transport == Transport::control) return true;
  if (admissions_->admits(loop_.now(), wall_now(), request.peer.address, request.name)) return true;
  kept_out_log_.info("event=not_admitted peer={} transport={} file=\"{}\" answered that there is no such file",
                     request.peer.address.to_string(), to_string(request.transport), escaped(request.name, 64));
  return false;
}

ContentPtr Pipeline::open_service(const ServiceRequest& request) {
  return services_.open(request, rewriting_for(request.local));
}

/// By the spelling that the origin is known to use for this name, if the name itself turned out to be none.
ContentPtr Pipeline::obtain(const std::string& name) {
  const auto alias = aliases_.find(name);
  if (alias == aliases_.end()) return obtain_exact(name);
  if (loop_.now() >= alias->second.until) {
    aliases_.erase(alias);
    return obtain_exact(name);
  }
  const std::string real = alias->second.real;
  return obtain_exact(real);
}

ContentPtr Pipeline::obtain_exact(const std::string& name) {
  if (const auto running = flights_.find(name); running != flights_.end()) {
    ++counters_.joins;
    running->second->note_asker(asker_);
    return running->second->lease();
  }
  const CacheClass kept_as = cache_class(name, options_.drop_trust_lists);
  if (ContentPtr content = confirmed_in_memory(name, kept_as)) {
    ++counters_.memory_hits;
    return content;
  }
  if (const auto negative = negative_.find(name); negative != negative_.end()) {
    if (loop_.now() < negative->second.until) {
      ++counters_.negative_hits;
      return Content::failure(negative->second.error);
    }
    negative_.erase(negative);
  }
  return launch(name, kept_as, false);
}

ContentPtr Pipeline::confirmed_in_memory(const std::string& name, CacheClass kept_as) {
  if (!is_common(kept_as)) return nullptr;
  ContentPtr content = memory_.find(name);
  if (!content) return nullptr;
  if (const auto entry = cache_ == nullptr ? std::nullopt : cache_->find(name))
    return is_confirmed(*entry, kept_as, options_.fetch) ? content : nullptr;
  // Only memory has it: since then nobody was asked.
  const bool has_validator = !content->meta().etag.empty() || !content->meta().last_modified.empty();
  if (kept_as == CacheClass::resource && has_validator) return nullptr;
  return loop_.now() - memory_.since(name) < options_.fetch.revalidate ? content : nullptr;
}

ContentPtr Pipeline::launch(const std::string& name, CacheClass kept_as, bool again) {
  if (flights_.size() >= options_.fetch.max_flights) {
    ++counters_.refused;
    return Content::failure({Errc::exhausted, "too many files are being fetched at the same time"});
  }
  const bool whole_first = options_.rewrite && cnf_kind(name) != CnfKind::none;
  const auto flight = std::make_shared<Flight>(flight_context_, name, kept_as, whole_first);
  if (!take_place(*flight)) {
    ++counters_.refused;
    return Content::failure({Errc::exhausted, "too many files are being fetched for this source"});
  }
  flight->note_asker(asker_);
  flights_.emplace(name, flight);
  ContentPtr content = flight->lease();
  again ? flight->start_over() : flight->start();
  return content;
}

void Pipeline::use(KnownSources& known, NameBudget& names) {
  known_ = &known;
  names_ = &names;
  services_.use(known);
  if (cache_ != nullptr) cache_->for_each([&](const CacheEntry& entry) { names.exists(loop_.now(), entry.name); });
}

/// What we fetch for ourselves, ahead of phones or for a person, is counted by max_flights alone.
bool Pipeline::take_place(Flight& flight) {
  if (!asker_ || !known_) return true;
  const Standing standing = known_->standing(loop_.now(), asker_);
  if (fetches_.take(asker_, standing) != FairShare::Verdict::granted) return false;
  flight.place = Flight::Place{asker_, standing};
  return true;
}

ContentPtr Pipeline::refresh(const std::string& name) {
  if (std::ranges::none_of(slots_, [](const auto& s) { return s->health.state() == OriginHealth::State::up; }))
    return Content::failure({Errc::unavailable, "no origin answers; what is kept of the file stays"});
  negative_.erase(name);
  aliases_.erase(name);
  if (const auto running = flights_.find(name); running != flights_.end()) return running->second->lease();
  return launch(name, cache_class(name, options_.drop_trust_lists), true);
}

/// Room for one more: what is out of date goes, and when that is not enough, all: it is only what saves
/// asking.
template <class Map>
void Pipeline::make_room(Map& map) {
  if (map.size() < kMaxNegatives) return;
  std::erase_if(map, [now = loop_.now()](const auto& entry) { return entry.second.until <= now; });
  if (map.size() >= kMaxNegatives) map.clear();
}

void Pipeline::arrived(const Flight& flight, const std::string& real, const ContentPtr& content, bool fresh) {
  const std::string& asked = flight.name();
  if (names_) {
    names_->exists(loop_.now(), asked);
    if (real != asked) names_->exists(loop_.now(), real);
  }
  if (real != asked && (fresh || is_common(flight.kept_as()))) {
    make_room(aliases_);
    aliases_[asked] = {real, loop_.now() + kAliasGood};
  }
  if (fresh) {
    spellings_.remember(real);
    if (cache_ != nullptr && flight.kept_as() != CacheClass::never) cache_->store(real, content);
  } else {
    ++counters_.cache_hits;
  }
  memory_.put(loop_.now(), real, content);
  const CnfKind kind = cnf_kind(asked);
  if (kind == CnfKind::none) {
    prefetcher_.want(files_named_by(asked, content->octets()));
  } else if (!options_.rewrite) {
    read_facts(asked, content->octets());
  }
}

void Pipeline::missing(const Flight& flight, const Error& error) {
  make_room(negative_);
  const TimePoint until = loop_.now() + negative_ttl(flight.name(), options_.fetch.negative);
  negative_[flight.name()] = {until, error, flight.near()};
  if (names_) names_->missing(loop_.now(), flight.name(), until);
  memory_.remove(flight.name());
  spellings_.forget(flight.name());
  std::erase_if(aliases_, [&](const auto& entry) { return entry.second.real == flight.name(); });
}

std::vector<std::string> Pipeline::near_names(const std::string& name) const {
  const auto missing = negative_.find(name);
  return missing == negative_.end() ? std::vector<std::string>() : missing->second.near;
}

void Pipeline::asked(const Flight& flight, const OriginAsked& what) {
  if (!tap_->on()) return;
  std::string_view why = what.error ? std::string_view(what.error->text) : what.unchanged ? "unchanged" : "whole";
  if (const std::string before = what.origin + ": "; why.starts_with(before)) why.remove_prefix(before.size());
  const std::string line =
      fmt::format("{}{}{}: {}, {} octets, {} ms", what.origin, what.origin.ends_with('/') ? "" : "/", what.spelling,
                  why, what.octets, std::chrono::floor<std::chrono::milliseconds>(what.took).count());
  for (const IpAddress& phone : flight.askers()) {
    WireRecord record{};
    record.protocol = WireRecord::Protocol::fetch;
    record.side = WireRecord::Side::central;
    record.phone = phone;
    record.octets = as_bytes(line);
    tap_->tell(record);
  }
}

void Pipeline::over(const Flight& flight) {
  // The flight is in its own member function: it goes when its caller lets go of it.
  const auto at = flights_.find(flight.name());
  if (at == flights_.end() || at->second.get() != &flight) return;
  if (flight.place) fetches_.give_back(flight.place->source, flight.place->standing);
  flights_.erase(at);
}

std::vector<OriginStatus> Pipeline::origin_status() const {
  std::vector<OriginStatus> out;
  for (const auto& slot : slots_) {
    const OriginHealth& health = slot->health;
    const bool down = health.state() == OriginHealth::State::down;
    out.push_back({slot->label, health.state(), health.last_error(), slot->last_success, slot->has_answered,
                   down ? std::optional(health.retry_at()) : std::nullopt, slot->requests, slot->failures, slot->octets,
                   slot->answer_time});
  }
  return out;
}

void Pipeline::append_metrics(MetricsText& out) const {
  for (const auto& slot : slots_) {
    const MetricsText::Labels labels = {{"origin", slot->label}};
    out.counter("dropwire_origin_requests_total", "Requests to an origin", slot->requests, labels);
    out.counter("dropwire_origin_failures_total", "Requests that an origin failed to serve", slot->failures, labels);
    out.counter("dropwire_origin_received_bytes_total", "Octets of files from an origin", slot->octets, labels);
    out.gauge("dropwire_origin_up", "1 while an origin is asked, 0 while it is left alone",
              slot->health.state() == OriginHealth::State::up ? 1 : 0, labels);
    out.gauge("dropwire_origin_answer_seconds", "Smoothed time from a request to the file",
              std::chrono::duration<double>(slot->answer_time).count(), labels);
  }
  static constexpr std::string_view kName = "dropwire_files_total";
  static constexpr std::string_view kHelp = "Files asked of the pipeline, by what became of it";
  const FetchCounters& c = counters_;
  out.counter(kName, kHelp, c.joins, {{"how", "joined"}});
  out.counter(kName, kHelp, c.memory_hits, {{"how", "memory"}});
  out.counter(kName, kHelp, c.cache_hits, {{"how", "cache"}});
  out.counter(kName, kHelp, c.misses, {{"how", "origin"}});
  out.counter(kName, kHelp, c.negative_hits, {{"how", "known_missing"}});
  out.counter(kName, kHelp, c.refused, {{"how", "refused"}});
  out.counter("dropwire_files_revalidated_total", "Kept files that an origin said are unchanged", c.revalidated);
  out.counter("dropwire_files_stale_total", "Kept files served because no origin could be had", c.stale);
  out.counter("dropwire_fetches_kept_on_total", "Fetches that went on for the cache alone", c.orphans);
  out.counter("dropwire_fetches_cancelled_total", "Fetches that nobody wanted any more", c.cancelled);
  out.gauge("dropwire_fetches", "Files being fetched now", static_cast<double>(flights_.size()));
  out.gauge("dropwire_memory_bytes", "Octets of files kept in memory", static_cast<double>(memory_.octets()));
  out.table("fetches", flights_.size(), options_.fetch.max_flights);
  if (names_) names_->append_metrics(out);
  if (admissions_) admissions_->append_metrics(out);
  prefetcher_.append_metrics(out);
  services_.append_metrics(out);
}

}  // namespace dw::provisioning
