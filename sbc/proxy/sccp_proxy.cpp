#include "sbc/proxy/sccp_proxy.hpp"

#include <algorithm>

#include "sbc/net/neighbours.hpp"
#include "sbc/net/random.hpp"
#include "sbc/proxy/sccp_connection.hpp"

namespace dw::proxy {
namespace {

ConnectionBudget::Options places_of(const SccpProxy::Options& o) {
  return {o.max_connections, o.max_connections_per_source, o.connection_rate, SccpProxy::kMaxHeld};
}

sccp::DeviceNames::Options names_of(const SccpProxy::Options& o) {
  return {o.registrations_per_minute, o.own_lan};
}

}  // namespace

SccpProxy::SccpProxy(net::Loop& loop, Options options, MediaBroker& broker, KnownSources& known, Sinks sinks)
    : loop_(loop),
      options_(std::move(options)),
      broker_(broker),
      known_(known),
      sinks_(std::move(sinks)),
      servers_(options_.servers, options_.retry),
      probes_(loop_, servers_,
              {[this](std::size_t server) { server_worked(server); },
               [this](std::size_t server, std::string why) { server_failed(server, std::move(why)); }}),
      turns_timer_(loop, [this] { look_whose_turn(); }),
      limits_(options_.call_limits, net::random_u64()),
      places_(places_of(options_), net::random_u64()),
      names_(names_of(options_), {sinks_.took_its_config, net::link_address}, net::random_u64()),
      preserved_(broker),
      timer_(loop, [this] { on_time(); }),
      preserved_timer_(loop, [this] { look_at_preserved(); }),
      names_timer_(loop, [this] { look_at_answers(); }) {
  preserved_.configure(options_.session.media_idle);
  probes_.configure(options_.connect_timeout,
                    options_.source_addresses.empty() ? IpAddress{} : options_.source_addresses.front());
}

SccpProxy::~SccpProxy() {
  for (const auto& c : slots_) {
    if (!c || c->closing) continue;
    sccp::Output out;
    c->session.on_closed(loop_.now(), sccp::ClosedBy::shutdown, out);  // gives its media back
  }
}

Result<std::unique_ptr<SccpProxy>> SccpProxy::start(net::Loop& loop, Options options, MediaBroker& broker,
                                                    KnownSources& known, Sinks sinks) {
  std::unique_ptr<SccpProxy> proxy(new SccpProxy(loop, std::move(options), broker, known, std::move(sinks)));
  if (auto ok = proxy->listen_also(proxy->options_.listen); !ok) return std::unexpected(ok.error());
  return proxy;
}

Result<void> SccpProxy::listen_also(const std::vector<IpAddress>& addresses) {
  const std::size_t before = listeners_.size();
  const std::uint16_t port = before == 0 ? options_.port : listeners_.front().local().port;
  for (const IpAddress& address : addresses) {
    auto listener = net::TcpListener::open(loop_, {address, port},
                                           [this](net::Descriptor socket, const Endpoint& peer, const Endpoint& local) {
                                             accept(std::move(socket), peer, local);
                                           });
    if (!listener) {
      keep_listeners(before);
      return std::unexpected(listener.error());
    }
    listeners_.push_back(std::move(*listener));
  }
  return {};
}

void SccpProxy::configure(Options options) {
  options.port = options_.port;
  options_ = std::move(options);
  preserved_.configure(options_.session.media_idle);
  limits_.configure(options_.call_limits);
  servers_.configure(options_.servers, options_.retry, [this](std::size_t server) {
    return std::ranges::any_of(slots_, [&](const auto& c) { return c && c->target == server; });
  });
  lookups_.clear();
  options_.session.call_servers = servers_.addresses();
  let_go_.reset();
  probes_.configure(options_.connect_timeout,
                    options_.source_addresses.empty() ? IpAddress{} : options_.source_addresses.front());
  places_.configure(places_of(options_));
  names_.configure(names_of(options_));
}

void SccpProxy::keep_listeners(std::size_t count) {
  while (listeners_.size() > count)
    listeners_.pop_back();
}

std::size_t SccpProxy::running() const {
  const TimePoint now = loop_.now();
  return preserved_.size() + static_cast<std::size_t>(std::ranges::count_if(slots_, [&](const auto& c) {
           return c && !c->closing && !c->session.calls(now).empty();
         }));
}

std::vector<Endpoint> SccpProxy::local() const {
  std::vector<Endpoint> all;
  for (const auto& listener : listeners_)
    all.push_back(listener.local());
  return all;
}

// ---- phones come ----

void SccpProxy::accept(net::Descriptor socket, const Endpoint& peer, const Endpoint& local) {
  if (free_.empty()) {
    free_.push_back(slots_.size());
    slots_.emplace_back();
  }
  const std::size_t slot = free_.back();
  free_.pop_back();
  if (!gate_->admits(net::Door::sccp, peer.address) || !may_connect(slot, peer.address)) {
    ++turned_away_;
    free_.push_back(slot);
    return;
  }
  ++accepted_;
  ++live_;
  const sccp::Session::PhoneSide side{peer, local.address, {options_.advertise.value_or(local.address), local.port}};
  slots_[slot] = std::make_unique<Connection>(slot, options_.session, broker_, counters_, side, loop_.now(), limits_);
  Connection& c = *slots_[slot];
  c.phone = net::TcpStream::adopt(loop_, std::move(socket),
                                  {{},
                                   [this, &c](Bytes octets) {
                                     sccp::Output out;
                                     if (c.closing) return;
                                     if (tap_->on()) tap(c, WireRecord::Side::phone, false, octets);
                                     note_known(c);
                                     c.session.on_phone(loop_.now(), octets, out);
                                     perform(c, out);
                                   },
                                   [this, &c](bool clean, std::string_view why) { phone_ended(c, clean, why); }});
  arm(c);
}

bool SccpProxy::may_connect(std::size_t slot, const IpAddress& source) {
  if (draining_) return false;
  // Whoever has a connection has shown that its address is real, so here a registered phone alone counts for more.
  const TimePoint now = loop_.now();
  const bool registered = known_.standing(now, source) == Standing::registered;
  const auto answer = places_.arrive(now, slot, source, registered ? Standing::registered : Standing::stranger);
  for (const std::size_t goes : answer.go)
    let_go(*slots_[goes]);
  if (answer.verdict != ConnectionBudget::Verdict::taken) {
    limit_.warn("event=connection_refused peer={} reason=\"access.sccp.{}\"", source.to_string(),
                to_string(answer.verdict));
    return false;
  }
  known_.proved(now, source, Standing::proven);
  return true;
}

/// Another connection needs its place: it does not wait for either side.
void SccpProxy::let_go(Connection& c) {
  limit_.info("event=connection_evicted device={} peer={} not registered, and its place was needed", c.session.device(),
              c.session.phone().to_string());
  hang_up(c);
  c.forget_at = loop_.now();
  arm(c);
}

/// For as long as its keepalives may take.
void SccpProxy::note_known(Connection& c) {
  const TimePoint now = loop_.now();
  if (!c.session.registered() || now < c.known_until) return;
  const Duration interval = c.session.keepalive();
  known_.proved(now, c.session.phone().address, Standing::registered, 3 * interval + interval / 4);
  c.known_until = now + interval / 2;
}

// ---- what a session asks for ----

void SccpProxy::perform(Connection& c, sccp::Output& out) {
  if (tap_->on()) {
    tap(c, WireRecord::Side::phone, true, out.to_phone);
    tap(c, WireRecord::Side::central, true, out.to_server);
  }
  if (!out.to_phone.empty()) c.phone.send(out.to_phone);
  if (!out.to_server.empty()) c.server.send(out.to_server);
  for (const auto& event : out.events)
    report(c, event);
  if (std::exchange(out.no_ports, false)) give_up_silent(c);
  if (out.end) {
    const bool bad = *out.end == sccp::EndReason::bad_frame || *out.end == sccp::EndReason::not_allowed;
    if (bad)
      bad_.warn("event=sccp_refused device={} peer={} reason=\"{}\"", c.session.device(), c.session.phone().to_string(),
                escaped(out.end_text));
    if (*out.end == sccp::EndReason::server_silent) {
      server_failed(c.target, out.end_text);
      report_step(c, SignallingEvent::server_lost, out.end_text);
    } else if (c.session.registered() && !c.session.unregistered() && *out.end != sccp::EndReason::refused) {
      report_step(c, SignallingEvent::phone_lost, out.end_text);
    }
    return hang_up(c);
  }
  if (out.connect) try_next(c);
  if (out.admit) {
    sccp::DeviceNames::Actions actions;
    names_.wants(loop_.now(), c.session.device(), c.slot, c.session.phone().address, actions);
    perform(actions);
  }
  if (draining_ && c.session.calls(loop_.now()).empty() && !c.closing) return hang_up(c);
  if (!c.session.device().empty()) places_.shown(loop_.now(), c.slot);
  arm(c);
  for (const std::size_t heavy : places_.holds(c.slot, c.session.held()))
    let_go(*slots_[heavy]);
}

/// The call that found no ports goes without audio; the next one finds those that were silent for long.
void SccpProxy::give_up_silent(const Connection& other_than) {
  for (std::size_t slot = 0; slot < slots_.size(); ++slot) {
    Connection* const c = slots_[slot].get();
    if (!c || c->closing || c == &other_than) continue;
    sccp::Output out;
    c->session.give_up_silent(loop_.now(), out);
    if (!out.events.empty()) perform(*c, out);
  }
}

void SccpProxy::perform(const sccp::DeviceNames::Actions& actions) {
  using Kind = sccp::DeviceNames::Action::Kind;
  for (const auto& [kind, slot, text, why] : actions) {
    if (!slots_[slot] || slots_[slot]->closing) continue;  // an action before this one ended it
    Connection& c = *slots_[slot];
    sccp::Output out;
    switch (kind) {
      case Kind::admit:
        c.session.on_admitted(loop_.now(), out);
        perform(c, out);
        break;
      case Kind::refuse:
        c.session.refuse(text, why, out);
        perform(c, out);
        break;
      case Kind::ask:
        c.session.ask_phone(out);
        perform(c, out);
        break;
      case Kind::supersede:
        supersede(c);
        break;
      case Kind::hang_up:
        hang_up(c);
        break;
    }
  }
  if (const auto next = names_.next_due()) names_timer_.arm_at(*next);
}

void SccpProxy::supersede(Connection& old) {
  ++superseded_;
  spdlog::info("event=superseded device={} peer={} a newer connection of the same phone takes its place",
               old.session.device(), old.session.phone().to_string());
  report_step(old, SignallingEvent::superseded, {});
  hang_up(old);
}

/// The time of connections that were asked whether they are alive, as another one wants their name, is over.
void SccpProxy::look_at_answers() {
  while (const auto slot = names_.due(loop_.now())) {
    const Connection& c = *slots_[*slot];
    sccp::DeviceNames::Actions actions;
    names_.look(loop_.now(), c.session.device(), *slot, c.phone.all_acknowledged(), c.session.last_heard(), actions);
    perform(actions);
  }
  if (const auto next = names_.next_due()) names_timer_.arm_at(*next);
}

void SccpProxy::arm(Connection& c) {
  TimePoint when = c.closing ? c.forget_at : c.session.next_deadline();
  if (c.connect_until) when = std::min(when, *c.connect_until);
  // A deadline that moved back is looked at when the old one comes: most only ever move back.
  if (c.armed != TimePoint{} && c.armed <= when) return;
  c.armed = when;
  deadlines_.set(c.slot, when);
  if (!timer_.armed() || when < timer_at_) {
    timer_at_ = when;
    timer_.arm_at(when);
  }
}

void SccpProxy::on_time() {
  const TimePoint now = loop_.now();
  while (const auto slot = deadlines_.pop_due(now)) {
    Connection& c = *slots_[*slot];
    c.armed = {};
    if (c.closing && c.forget_at <= now) {
      forget(c);
    } else if (!c.closing && c.connect_until && *c.connect_until <= now) {
      connect_failed(c, "it does not answer");
    } else if (!c.closing && c.session.next_deadline() <= now) {
      sccp::Output out;
      c.session.on_deadline(now, out);
      perform(c, out);
    } else {
      arm(c);
    }
  }
  if (const auto next = deadlines_.next()) {
    timer_at_ = *next;
    timer_.arm_at(*next);
  }
}

Result<void> SccpProxy::reset(const std::string& device, sccp::ResetType type) {
  const auto slot = names_.holder(device);
  Connection* const c = slot ? slots_[*slot].get() : nullptr;
  if (!c || c->closing || !c->session.registered())
    return fail(Errc::not_found, device + " is not registered by SCCP now");
  sccp::Output out;
  c->session.reset_phone(loop_.now(), type, out);
  perform(*c, out);
  return {};
}

}  // namespace dw::proxy
