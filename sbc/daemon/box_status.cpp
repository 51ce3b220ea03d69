#include "sbc/daemon/box_status.hpp"

#include <algorithm>

#include "sbc/daemon/doctor.hpp"
#include "sbc/doctor/central_side.hpp"
#include "sbc/net/resolver.hpp"

namespace dw {
namespace {

constexpr Duration kOnTheWay =
    std::chrono::seconds(5);  // packets that passed the router before it agreed may arrive so late

/// The time until `at`; 0 if that has passed.
std::chrono::milliseconds from_now(TimePoint at, TimePoint now) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::max(at - now, Duration{}));
}

WallTime wall_ago(WallTime now, TimePoint at, TimePoint mono_now) {
  return now - std::chrono::duration_cast<std::chrono::milliseconds>(std::max(mono_now - at, Duration{}));
}

}  // namespace

std::vector<std::string> BoxStatus::phone_addresses() const {
  if (parts_.loaded.config.access.advertise) return {parts_.loaded.config.access.advertise->to_string()};
  std::vector<std::string> out;
  const auto add = [&](const IpAddress& address) {
    const bool usable = address.is_v4() && !address.is_loopback();  // 7900 phones take IPv4 there
    if (usable && std::ranges::find(out, address.to_string()) == out.end()) out.push_back(address.to_string());
  };
  for (const IpAddress& address : parts_.loaded.config.access.listen) {
    if (!address.is_unspecified()) {
      add(address);
    } else {
      for (const IpAddress& own : net::local_addresses())
        add(own);
    }
  }
  return out;
}

std::vector<admin::Service> BoxStatus::services() const {
  auto all = parts_.fronts.services();
  all.push_back(page_.service());
  all.push_back(network_.stun());
  return all;
}

admin::Status BoxStatus::status() const {
  admin::Status s;
  const conf::Config& config = parts_.loaded.config;
  s.version = DW_VERSION;
  s.mode = config.mode == conf::Mode::edge ? "edge" : "hosted";
  s.central = config.central.host;
  s.now = wall_now();
  s.started = started_;
  s.draining = shutdown_.has_begun();
  s.configured = config.central.configured();
  s.phone_addresses = phone_addresses();
  const auto reaches = [](const IpAddress& a) { return a.is_v6() && !a.is_loopback() && a.scope() == 0; };
  s.only_ipv6 = s.phone_addresses.empty() && std::ranges::any_of(net::local_addresses(), reaches);
  s.services = services();
  for (const auto& origin : parts_.pipeline->origin_status()) {
    s.origins.push_back({origin.url,
                         origin.state == provisioning::OriginHealth::State::up,
                         origin.last_error,
                         origin.last_success,
                         {},
                         origin.has_answered});
    if (origin.retry_at) s.origins.back().next_try = s.now + from_now(*origin.retry_at, parts_.loop.now());
  }
  s.cache.directory = config.cache.dir;
  s.cache.max_octets = config.cache.size;
  if (parts_.cache) {
    s.cache.storing = parts_.cache->storing();
    s.cache.files = parts_.cache->files();
    s.cache.octets = parts_.cache->octets();
  }
  if (parts_.fronts.sccp) add_sccp(s);
  if (parts_.fronts.sip) add_sip(s);
  s.sip_phones = parts_.inventory.knows(phones::Protocol::sip);
  if (const auto* mapper = network_.mapper()) s.router = {mapper->facts(), parts_.loop.now()};
  auto& filter = s.router.facts.filter;
  filter.not_kept = parts_.fronts.sip && filter.state == nat::portmap::FilterFacts::State::agreed &&
                    parts_.fronts.sip->last_stranger() > filter.since + kOnTheWay;
  s.audio = network_.audio_way();
  if (parts_.relay)
    s.media = {.streams = parts_.relay->streams(),
               .capacity = parts_.relay->capacity(),
               .fast_path = parts_.fast_path->state()};
  if (parts_.media) {
    const nat::RelayCounts lately = parts_.media->lately();
    s.media.lately = lately.packets;
    s.media.dropped = lately.dropped;
  }
  s.config_files = parts_.loaded.files;
  s.config_loaded = parts_.config_loaded;
  return s;
}

void BoxStatus::add_sccp(admin::Status& s) const {
  const TimePoint now = parts_.loop.now();
  for (const auto& server : parts_.fronts.sccp->servers()) {
    if (!server.configured && server.phones == 0) continue;
    admin::CallServer shown{server.name.to_string(), server.up, server.phones, server.last_error, {}};
    if (!server.up && server.next_probe) shown.next_try = s.now + from_now(*server.next_probe, now);
    if (server.last_answer) shown.last_answer = wall_ago(s.now, *server.last_answer, now);
    if (!server.up) shown.since = wall_ago(s.now, server.down_since, now);
    s.call_servers.push_back(std::move(shown));
  }
}

void BoxStatus::add_sip(admin::Status& s) const {
  const TimePoint now = parts_.loop.now();
  const auto wall = [&](TimePoint at) { return s.now + from_now(at, now); };
  const auto& servers = parts_.fronts.sip->servers();
  for (std::size_t i = 0; i < servers.size(); ++i) {
    if (!servers[i].configured && parts_.fronts.sip->phones_at(i) == 0) continue;
    admin::CallServer shown{
        servers[i].name.to_string(), servers[i].up, parts_.fronts.sip->phones_at(i), servers[i].last_error, {}};
    shown.protocol = phones::Protocol::sip;
    shown.transport = servers[i].transport == sip::Transport::udp ? "udp" : "tcp";
    if (!servers[i].up) shown.next_try = wall(servers[i].next_ping);
    if (servers[i].last_heard != TimePoint{}) shown.last_answer = wall_ago(s.now, servers[i].last_heard, now);
    if (!servers[i].up) {
      shown.since = wall_ago(s.now, servers[i].down_since, now);
    } else if (servers[i].unanswered_since &&
               now - *servers[i].unanswered_since > parts_.loaded.config.central.sip.answer_timeout) {
      shown.since = wall_ago(s.now, *servers[i].unanswered_since, now);
    }
    s.call_servers.push_back(std::move(shown));
  }
  const auto bans = parts_.fronts.sip->bans();
  s.bans_total = bans.size();
  for (const auto& ban : bans) {
    if (s.bans.size() == admin::Status::kMaxBans) break;
    s.bans.push_back({ban.source, ban.reason, ban.abuses, wall(ban.until)});
  }
}

/// A source has the name of the device that it asked for, else of the one that is known at its address.
std::vector<doctor::RefusedSource> BoxStatus::refused_sources() const {
  std::vector<doctor::RefusedSource> out;
  for (const auto& refused : parts_.gate.refused()) {
    DeviceName device = DeviceName::in_file_name(refused.detail);
    const phones::Phone* const there = device.empty() ? parts_.inventory.find_at(refused.source) : nullptr;
    if (there) device = there->device;
    out.push_back({refused.source, std::string(to_string(refused.door)), device.str(), refused.times, refused.last});
  }
  return out;
}

admin::FilesReport BoxStatus::files() const {
  admin::FilesReport report;
  if (parts_.cache) {
    parts_.cache->for_each([&](const provisioning::CacheEntry& entry) {
      report.cached.push_back({entry.name, entry.size, entry.etag, entry.last_modified, entry.origin, entry.fetched});
    });
  }
  return report;
}

std::vector<doctor::Finding> BoxStatus::findings() const {
  doctor::BoxFacts box = doctor::look_from_inside(status(), parts_.loaded.config);
  box.network = doctor::brought_up_to_date(network_.facts(), box.own->call_servers, box.own->origins);
  box.heard = parts_.inventory.ended_calls().heard();
  if (const auto move = parts_.media ? parts_.media->router_moved() : std::nullopt) {
    box.moved = {move->was, move->is, wall_ago(wall_now(), move->at, parts_.loop.now()), move->streams, {}};
    if (move->ended) box.moved->ended = wall_ago(wall_now(), *move->ended, parts_.loop.now());
  }
  box.refused = refused_sources();
  for (const auto& e : parts_.names.enumerators()) {
    box.enumerators.push_back({e.source, std::string(to_string(e.way)), e.example, e.refused,
                               wall_ago(wall_now(), e.last, parts_.loop.now())});
  }
  return doctor::box_findings(box, wall_now());
}

doctor::BoxCauses BoxStatus::causes() const {
  doctor::BoxFacts box;
  box.hosted = parts_.loaded.config.mode == conf::Mode::hosted;
  box.own = doctor::own_facts(status(), parts_.loaded.config);
  box.network = doctor::brought_up_to_date(network_.facts(), box.own->call_servers, box.own->origins);
  return doctor::box_causes(box, wall_now());
}

std::vector<phones::Call> BoxStatus::calls() const {
  std::vector<phones::Call> all = parts_.fronts.sccp ? parts_.fronts.sccp->calls() : std::vector<phones::Call>();
  if (parts_.fronts.sip) std::ranges::move(parts_.fronts.sip->calls(), std::back_inserter(all));
  return all;
}

void BoxStatus::append_metrics(MetricsText& out) const {
  out.table("known_sources", parts_.known.size(), parts_.known.capacity());
  parts_.fronts.append_metrics(out);
  if (parts_.relay) parts_.relay->append_metrics(out);
  if (parts_.media) parts_.media->append_metrics(out);
  network_.append_metrics(out);
  parts_.pipeline->append_metrics(out);
  parts_.gate.append_metrics(out);
  if (parts_.cache) parts_.cache->append_metrics(out);
  out.gauge("dropwire_phones", "Phones that are known.", static_cast<double>(parts_.inventory.size()));
  const auto& ended = parts_.inventory.ended_calls().totals();
  out.counter("dropwire_calls_ended_total", "Calls of phones that ended.", ended.calls);
  out.counter("dropwire_calls_silent_total", "Of these, at least one side sent nothing though both could.",
              ended.one_way);
  const char* const packets = "RTP packets of ended calls.";
  out.counter("dropwire_call_packets_total", packets, ended.from_phone, {{"from", "phone"}});
  out.counter("dropwire_call_packets_total", packets, ended.from_central, {{"from", "central"}});
  const char* const lost = "RTP packets of ended calls that did not come.";
  out.counter("dropwire_call_packets_lost_total", lost, ended.lost_from_phone, {{"from", "phone"}});
  out.counter("dropwire_call_packets_lost_total", lost, ended.lost_from_central, {{"from", "central"}});
  out.gauge("dropwire_start_time_seconds", "When the daemon started, Unix time.",
            std::chrono::duration<double>(started_.time_since_epoch()).count());
  out.gauge("dropwire_build_info", "The version, as a label.", 1, {{"version", DW_VERSION}});
}

}  // namespace dw
