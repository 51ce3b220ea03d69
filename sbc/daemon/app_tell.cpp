// What the daemon tells of itself: to the admin side, and of rewritten files to the phones' stories.
#include <algorithm>

#include "sbc/admin/json.hpp"
#include "sbc/base/escape.hpp"
#include "sbc/daemon/app.hpp"
#include "sbc/daemon/doctor.hpp"
#include "sbc/doctor/central_side.hpp"
#include "sbc/net/log.hpp"
#include "sbc/net/resolver.hpp"

namespace dw {
namespace {

constexpr Duration kOnTheWay =
    std::chrono::seconds(5);  // what passed the router before it agreed may come as late as this

phones::Note story_note(provisioning::NoteCode code) {
  switch (code) {
    case provisioning::NoteCode::passed_signed:
    case provisioning::NoteCode::passed_encrypted:
      return phones::Note::signed_passed;
    case provisioning::NoteCode::passed_malformed:
    case provisioning::NoteCode::passed_encoding:
    case provisioning::NoteCode::passed_unexpected:
    case provisioning::NoteCode::too_long:
      return phones::Note::malformed_passed;
    case provisioning::NoteCode::rewritten:
    case provisioning::NoteCode::dropped:
    case provisioning::NoteCode::removed:
    case provisioning::NoteCode::emergency_route:
    case provisioning::NoteCode::vpn_present:
      return phones::Note::rewritten;
    case provisioning::NoteCode::left_alone:
      return phones::Note::sip_server_left;
  }
  return phones::Note::rewritten;
}

/// How long it is until then; nothing when it has passed.
std::chrono::milliseconds from_now(TimePoint at, TimePoint now) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::max(at - now, Duration{}));
}

WallTime wall_ago(WallTime now, TimePoint at, TimePoint mono_now) {
  return now - std::chrono::duration_cast<std::chrono::milliseconds>(std::max(mono_now - at, Duration{}));
}

}  // namespace

void App::on_call(const phones::Call& call) {
  // What is not heard behind a router is the box's trouble, once, and not each phone's.
  const auto way = audio_way();
  inventory_.set_behind_router(way && way->behind_router());
  inventory_.on_call(call);
  records_->add(wall_now(), admin::record_json(phones::record_of(call)));
}

void App::on_file(const phones::FileStep& step) {
  inventory_.on_file(step);
  const bool taken = step.outcome == phones::FileOutcome::sent;
  if (taken && admissions_.taken(loop_.now(), wall_now(), step.peer.address, step.name))
    spdlog::info("event=admitted file=\"{}\" peer={} transport={}", escaped(step.name), step.peer.address.to_string(),
                 step.transport);
  if (step.outcome != phones::FileOutcome::not_found) return;
  const auto near = pipeline_->near_names(step.name);
  const WallTime ended = step.at + std::chrono::floor<std::chrono::milliseconds>(step.took);
  if (!near.empty()) inventory_.on_near_configs(DeviceName::in_file_name(step.name), step.peer.address, ended, near);
}

/// Older SIP firmware names no device: then it is the one that is alone there, if it took its own config there too.
void App::on_signalling(const phones::SignallingStep& step) {
  constexpr auto kTook = std::chrono::hours(24 * 30);
  inventory_.on_signalling(step);
  if (step.event != phones::SignallingEvent::registered) return;
  std::string device = step.device;
  std::string_view user = step.protocol == phones::Protocol::sip ? std::string_view(step.aor) : std::string_view();
  if (device.empty()) {
    const phones::Phone* const alone = inventory_.find_at(step.peer.address);
    if (!alone || !phones::took_its_config(*alone, step.peer.address, wall_now(), kTook)) return;
    device = alone->device.str();
    user = {};
  }
  if (admissions_.registered(wall_now(), device, step.peer.address, user))
    spdlog::info("event=admitted device={} peer={} by=registration", escaped(device), step.peer.address.to_string());
}

void App::on_rewrite(const provisioning::FileRequest& asked, const provisioning::Rewritten& made) {
  if (asked.transport == provisioning::Transport::control) return;  // a person looked, no phone asked
  const DeviceName device = DeviceName::in_file_name(asked.name);
  const WallTime now = wall_now();
  const auto tell = [&](phones::Note note, const std::string& text) {
    inventory_.on_note(device, asked.peer.address, now, note, text);
  };
  for (const auto& note : made.notes) {
    if (note.code == provisioning::NoteCode::left_alone) {
      tell(story_note(note.code), note.text);
      spdlog::info("event=sip_server_left device={} peer={} file=\"{}\" {}", device.str(), asked.peer.to_string(),
                   escaped(asked.name), note.text);
    }
    if (provisioning::is_passed(note.code) || note.code == provisioning::NoteCode::too_long) {
      tell(story_note(note.code), note.text);
      spdlog::warn("event=config_passed device={} peer={} file=\"{}\" reason={} {}", device.str(),
                   asked.peer.to_string(), escaped(asked.name), to_string(note.code), note.text);
    }
  }
  if (made.changed) tell(phones::Note::rewritten, fmt::format("{} places changed", made.edits.size()));
  if (!made.facts.passwords.empty()) tell(phones::Note::password_doubt, to_string(made.facts.passwords.front()));
  phones::ConfigHints hints;
  for (const auto& load : made.facts.loads) {
    if (load.use == provisioning::LoadName::Use::phone) hints.load = load.name;
  }
  hints.protocol = made.facts.signalling == provisioning::Signalling::sip    ? phones::Protocol::sip
                   : made.facts.signalling == provisioning::Signalling::sccp ? phones::Protocol::sccp
                                                                             : phones::Protocol::unknown;
  hints.follow_ups = made.facts.files;
  hints.homes = homes_in(asked, made);
  inventory_.on_config(device, asked.peer.address, now, hints);
  if (hints.homes) on_homes(asked, *hints.homes);
}

std::vector<std::string> App::phone_addresses() const {
  if (loaded_.config.access.advertise) return {loaded_.config.access.advertise->to_string()};
  std::vector<std::string> out;
  const auto add = [&](const IpAddress& address) {
    const bool usable = address.is_v4() && !address.is_loopback();  // 7900 phones take IPv4 there
    if (usable && std::ranges::find(out, address.to_string()) == out.end()) out.push_back(address.to_string());
  };
  for (const IpAddress& address : loaded_.config.access.listen) {
    if (!address.is_unspecified()) {
      add(address);
    } else {
      for (const IpAddress& own : net::local_addresses())
        add(own);
    }
  }
  return out;
}

admin::Status App::status() const {
  admin::Status s;
  const conf::Config& config = loaded_.config;
  s.version = DW_VERSION;
  s.mode = config.mode == conf::Mode::edge ? "edge" : "hosted";
  s.central = config.central.host;
  s.now = wall_now();
  s.started = started_;
  s.draining = drain_began_.has_value();
  s.configured = config.central.configured();
  s.phone_addresses = phone_addresses();
  const auto reaches = [](const IpAddress& a) { return a.is_v6() && !a.is_loopback() && a.scope() == 0; };
  s.only_ipv6 = s.phone_addresses.empty() && std::ranges::any_of(net::local_addresses(), reaches);
  s.services = services();
  for (const auto& origin : pipeline_->origin_status()) {
    s.origins.push_back({origin.url,
                         origin.state == provisioning::OriginHealth::State::up,
                         origin.last_error,
                         origin.last_success,
                         {},
                         origin.has_answered});
    if (origin.retry_at) s.origins.back().next_try = s.now + from_now(*origin.retry_at, loop_.now());
  }
  s.cache.directory = config.cache.dir;
  s.cache.max_octets = config.cache.size;
  if (cache_) {
    s.cache.storing = cache_->storing();
    s.cache.files = cache_->files();
    s.cache.octets = cache_->octets();
  }
  if (fronts_.sccp) {
    for (const auto& server : fronts_.sccp->servers()) {
      if (!server.configured && server.phones == 0) continue;
      admin::CallServer told{server.name.to_string(), server.up, server.phones, server.last_error, {}};
      if (!server.up && server.next_probe) told.next_try = s.now + from_now(*server.next_probe, loop_.now());
      if (server.last_answer) told.last_answer = wall_ago(s.now, *server.last_answer, loop_.now());
      if (!server.up) told.since = wall_ago(s.now, server.down_since, loop_.now());
      s.call_servers.push_back(std::move(told));
    }
  }
  if (fronts_.sip) add_sip_status(s);
  s.sip_phones = inventory_.knows(phones::Protocol::sip);
  if (port_mapper_) s.router = {port_mapper_->facts(), loop_.now()};
  auto& filter = s.router.facts.filter;
  filter.not_kept = fronts_.sip && filter.state == nat::portmap::FilterFacts::State::agreed &&
                    fronts_.sip->last_stranger() > filter.since + kOnTheWay;
  s.audio = audio_way();
  if (relay_) s.media = {relay_->streams(), relay_->capacity()};
  if (media_) {
    const nat::RelayCounts lately = media_->lately();
    s.media.lately = lately.packets;
    s.media.dropped = lately.dropped;
  }
  s.config_files = loaded_.files;
  s.config_loaded = config_loaded_;
  return s;
}

void App::add_sip_status(admin::Status& s) const {
  const TimePoint now = loop_.now();
  const auto wall = [&](TimePoint at) { return s.now + from_now(at, now); };
  const auto& servers = fronts_.sip->servers();
  for (std::size_t i = 0; i < servers.size(); ++i) {
    if (!servers[i].configured && fronts_.sip->phones_at(i) == 0) continue;
    admin::CallServer told{
        servers[i].name.to_string(), servers[i].up, fronts_.sip->phones_at(i), servers[i].last_error, {}};
    told.protocol = phones::Protocol::sip;
    told.transport = servers[i].transport == sip::Transport::udp ? "udp" : "tcp";
    if (!servers[i].up) told.next_try = wall(servers[i].next_ping);
    if (servers[i].last_heard != TimePoint{}) told.last_answer = wall_ago(s.now, servers[i].last_heard, now);
    if (!servers[i].up) {
      told.since = wall_ago(s.now, servers[i].down_since, now);
    } else if (servers[i].unanswered_since &&
               now - *servers[i].unanswered_since > loaded_.config.central.sip.answer_timeout) {
      told.since = wall_ago(s.now, *servers[i].unanswered_since, now);
    }
    s.call_servers.push_back(std::move(told));
  }
  const auto bans = fronts_.sip->bans();
  s.bans_total = bans.size();
  for (const auto& ban : bans) {
    if (s.bans.size() == admin::Status::kMaxBans) break;
    s.bans.push_back({ban.source, ban.reason, ban.abuses, wall(ban.until)});
  }
}

/// A source by the device that it asked for, else by the one that is known there.
std::vector<doctor::RefusedSource> App::refused_sources() const {
  std::vector<doctor::RefusedSource> out;
  for (const auto& refused : gate_.refused()) {
    DeviceName device = DeviceName::in_file_name(refused.detail);
    const phones::Phone* const there = device.empty() ? inventory_.find_at(refused.source) : nullptr;
    if (there) device = there->device;
    out.push_back({refused.source, std::string(to_string(refused.door)), device.str(), refused.times, refused.last});
  }
  return out;
}

admin::FilesReport App::files() const {
  admin::FilesReport report;
  if (cache_) {
    cache_->for_each([&](const provisioning::CacheEntry& entry) {
      report.cached.push_back({entry.name, entry.size, entry.etag, entry.last_modified, entry.origin, entry.fetched});
    });
  }
  return report;
}

admin::Sources App::sources() {
  admin::Sources s;
  s.status = [this] { return status(); };
  s.inventory = &inventory_;
  s.verdicts = &verdicts_;
  s.measure = [this](auto done) { network_->ask([done](const doctor::NetworkFacts&) { done(); }); };
  s.network = [this]() -> const doctor::NetworkFacts& { return network_->facts(); };
  s.doctor = [this](auto done) {
    doctor::BoxFacts box = doctor::look_from_inside(status(), loaded_.config);
    box.network = doctor::brought_up_to_date(network_->facts(), box.own->call_servers, box.own->origins);
    box.heard = inventory_.ended_calls().heard();
    if (const auto move = media_ ? media_->router_moved() : std::nullopt) {
      box.moved = {move->was, move->is, wall_ago(wall_now(), move->at, loop_.now()), move->streams, {}};
      if (move->ended) box.moved->ended = wall_ago(wall_now(), *move->ended, loop_.now());
    }
    box.refused = refused_sources();
    for (const auto& e : names_.enumerators()) {
      box.enumerators.push_back(
          {e.source, std::string(to_string(e.way)), e.example, e.refused, wall_ago(wall_now(), e.last, loop_.now())});
    }
    done(doctor::box_findings(box, wall_now()));
  };
  s.causes = [this] {
    doctor::BoxFacts box;
    box.hosted = loaded_.config.mode == conf::Mode::hosted;
    box.own = doctor::own_facts(status(), loaded_.config);
    box.network = doctor::brought_up_to_date(network_->facts(), box.own->call_servers, box.own->origins);
    return doctor::box_causes(box, wall_now());
  };
  s.calls = [this] {
    std::vector<phones::Call> all = fronts_.sccp ? fronts_.sccp->calls() : std::vector<phones::Call>();
    if (fronts_.sip) std::ranges::move(fronts_.sip->calls(), std::back_inserter(all));
    return all;
  };
  s.records = records_.get();
  s.files = [this] { return files(); };
  s.open_file = [this](const std::string& name) {
    const auto addresses = phone_addresses();
    IpAddress local = IpAddress::v4(0x7f000001);
    if (!addresses.empty()) {
      if (const auto first = IpAddress::parse(addresses.front())) local = *first;
    }
    return pipeline_->open({name, {}, local, provisioning::Transport::control});
  };
  s.reload = [this] { return reload(); };
  s.act = [this](const phones::Phone& phone, admin::PhoneAction action, bool force, const admin::OnOutcome& done) {
    actions_->act(phone, action, force, done);
  };
  s.refresh = [this](const std::string& name, const admin::OnOutcome& done) { actions_->refresh(name, done); };
  s.admissions = &admissions_;
  s.tap = &tap_;
  s.setup = setup();
  s.report = [this](const auto& about, const auto& of_box, const auto& verdict) {
    return report(about, of_box, verdict);
  };
  s.log = log_;
  s.metrics.push_back([this](MetricsText& out) {
    out.table("known_sources", known_.size(), known_.capacity());
    fronts_.append_metrics(out);
    if (stun_) stun_->append_metrics(out);
    if (relay_) relay_->append_metrics(out);
    if (media_) media_->append_metrics(out);
    if (port_mapper_) port_mapper_->append_metrics(out);
    if (warm_) warm_->append_metrics(out);
    pipeline_->append_metrics(out);
    gate_.append_metrics(out);
    if (cache_) cache_->append_metrics(out);
    out.gauge("dropwire_phones", "Phones that are known.", static_cast<double>(inventory_.size()));
    const auto& ended = inventory_.ended_calls().totals();
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
  });
  return s;
}

}  // namespace dw
