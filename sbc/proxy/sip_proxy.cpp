#include "sbc/proxy/sip_proxy.hpp"

#include <algorithm>

#include "sbc/net/random.hpp"
#include "sbc/net/resolver.hpp"

namespace dw::proxy {
namespace {

constexpr int kPortTries = 16;

}  // namespace

SipProxy::SipProxy(net::Loop& loop, Options options, MediaBroker& broker, KnownSources& known, Sinks sinks)
    : loop_(loop),
      options_(std::move(options)),
      sinks_(std::move(sinks)),
      core_(options_.proxy, broker, known, &net::random_u64),
      report_(core_, sinks_.on_step, sinks_.on_call),
      limit_(report_.limit()),
      stun_(net::random_u64()),
      resolver_(loop, options_.resolver),
      timer_(loop, [this] { on_time(); }) {}

SipProxy::~SipProxy() = default;

Result<std::unique_ptr<SipProxy>> SipProxy::start(net::Loop& loop, Options options, MediaBroker& broker,
                                                  KnownSources& known, Sinks sinks) {
  std::unique_ptr<SipProxy> proxy(new SipProxy(loop, std::move(options), broker, known, std::move(sinks)));
  for (const IpAddress& address : proxy->options_.listen) {
    if (auto ok = proxy->listen(address); !ok) return std::unexpected(ok.error());
  }
  if (!proxy->options_.state_dir.empty())
    proxy->store_ = SipStore::open(loop, proxy->options_.state_dir, proxy->core_, proxy->out_);
  proxy->look_at_lan();
  proxy->look_up_servers();
  proxy->perform();
  return proxy;
}

bool SipProxy::configure(Options options) {
  if (!core_.configure(options.proxy)) return false;
  options.port = options_.port;
  options.state_dir = options_.state_dir;
  options.resolver = options_.resolver;
  options_ = std::move(options);
  report_.servers_changed();
  look_at_lan();
  look_up_servers();
  arm();
  if (sinks_.on_heard) sinks_.on_heard();
  return true;
}

Result<void> SipProxy::listen_also(const std::vector<IpAddress>& addresses) {
  const std::size_t before = sockets_.size();
  for (const IpAddress& address : addresses) {
    if (auto opened = listen_at({address, options_.port}); !opened) {
      keep_listeners(before);
      return std::unexpected(opened.error());
    }
  }
  return {};
}

void SipProxy::keep_listeners(std::size_t count) {
  while (sockets_.size() > count) {
    sockets_.pop_back();
    listeners_.pop_back();
  }
}

Result<void> SipProxy::listen(const IpAddress& address) {
  Result<std::uint16_t> port = fail(Errc::unavailable, "no port is free for both UDP and TCP");
  for (int i = 0; i < (options_.port == 0 ? kPortTries : 1); ++i) {
    port = listen_at({address, options_.port});
    if (port) break;
  }
  if (!port) return std::unexpected(port.error());
  options_.port = *port;  // the same on every address
  return {};
}

/// UDP, and TCP on the same port.
Result<std::uint16_t> SipProxy::listen_at(const Endpoint& where) {
  net::DatagramSocket::Options about;
  about.max_receive = kMaxDatagram;
  about.dscp = 24;  // CS3: signalling (RFC 4594 §4.2)
  auto socket = net::DatagramSocket::open(loop_, where, about);
  if (!socket) return std::unexpected(socket.error());
  const Endpoint at{where.address, socket->local().port};
  auto listener = net::TcpListener::open(
      loop_, at,
      [this](net::Descriptor s, const Endpoint& peer, const Endpoint& local) { accept(std::move(s), peer, local); });
  if (!listener) return std::unexpected(listener.error());
  listeners_.push_back(std::move(*listener));
  sockets_.push_back(std::move(*socket));
  const std::size_t index = sockets_.size() - 1;
  sockets_.back().receive([this, index](std::span<const net::Datagram> all) { on_datagrams(index, all); });
  sockets_.back().receive_errors([this](const net::Undelivered& one) { on_undelivered(one); });
  return at.port;
}

std::vector<Endpoint> SipProxy::local() const {
  std::vector<Endpoint> all;
  for (const auto& socket : sockets_)
    all.push_back(socket.local());
  return all;
}

/// Limits of the access side do not apply to the central side.
bool SipProxy::may_ask(const sip::Flow& from) {
  return gate_->allows(from.peer.address) || core_.sources().is_central(from) ||
         gate_->admits(net::Door::sip, from.peer.address);
}

void SipProxy::look_at_lan() {
  if (options_.proxy.at_home) core_.sources().set_lan(net::local_networks());
}

void SipProxy::on_datagrams(std::size_t socket, std::span<const net::Datagram> datagrams) {
  const TimePoint now = loop_.now();
  const std::uint16_t port = sockets_[socket].local().port;
  for (const net::Datagram& d : datagrams) {
    if (d.to_group) continue;
    const sip::Flow from{sip::Transport::udp, {d.local, port}, d.peer, sip::ConnectionId::none};
    if (!may_ask(from)) continue;
    if (d.truncated) {
      ++truncated_;
      continue;
    }
    if (SipStun::is_stun(d.octets)) {
      if (!core_.sources().admits(now, from)) continue;
      if (const auto answer = stun_.answer(now, d.peer, core_.parts().sources.knows(from), d.octets)) {
        sockets_[socket].send(d.peer, d.local, {}, *answer);
        sockets_[socket].flush();  // while its octets are there
      }
      continue;
    }
    if (tap_->on()) tap(from, false, d.octets);
    core_.on_message(now, from, d.octets, out_);
  }
  perform();
}

void SipProxy::on_undelivered(const net::Undelivered& undelivered) {
  core_.on_undelivered(loop_.now(), undelivered.peer, undelivered.octets, undelivered.why, out_);
  perform();
}

// ---- connections ----

void SipProxy::accept(net::Descriptor socket, const Endpoint& peer, const Endpoint& local) {
  const sip::Flow from{sip::Transport::tcp, local, peer, sip::ConnectionId::none};
  if (!may_ask(from) || !core_.sources().hears(from)) {
    ++turned_away_;
    return;
  }
  if (const auto verdict = core_.may_connect(loop_.now(), peer.address, out_);
      verdict != ConnectionBudget::Verdict::taken) {
    ++turned_away_;
    limit_.warn("event=connection_refused service=sip peer={} reason=\"access.sip.{}\"", peer.address.to_string(),
                to_string(verdict));
    return perform();
  }
  ++accepted_;
  const sip::ConnectionId id = core_.on_accepted(loop_.now(), peer, local);
  Connection& c = connections_[id];
  c.flow = {sip::Transport::tcp, local, peer, id};
  c.accepted = c.connected = true;
  c.stream = net::TcpStream::adopt(
      loop_, std::move(socket),
      {{},
       [this, id](Bytes octets) { on_octets(id, octets); },
       [this, id](bool clean, std::string_view why) { ended(id, clean ? "it hung up" : std::string(why)); }});
  perform();  // connections that it replaces
}

void SipProxy::connect(const sip::Output::Connect& wanted) {
  const sip::ConnectionId id = wanted.id;
  Connection& c = connections_[id];
  c.until = loop_.now() + options_.connect_timeout;
  c.flow = {sip::Transport::tcp, {}, wanted.to, id};
  auto stream = net::TcpStream::connect(
      loop_, wanted.to, wanted.from,
      {[this, id] { connected(id); }, [this, id](Bytes octets) { on_octets(id, octets); },
       [this, id](bool clean, std::string_view why) { ended(id, clean ? "it hung up" : std::string(why)); }});
  if (!stream) {
    ended_.emplace_back(id, stream.error().text);
    return;
  }
  c.stream = std::move(*stream);
  connecting_.push_back(id);
}

void SipProxy::connected(sip::ConnectionId id) {
  const auto at = connections_.find(id);
  if (at == connections_.end()) return;
  Connection& c = at->second;
  c.connected = true;
  c.flow.local = c.stream.local();
  c.stream.send(c.waiting);
  c.waiting = {};
}

void SipProxy::on_octets(sip::ConnectionId id, Bytes octets) {
  auto at = connections_.find(id);
  if (at == connections_.end()) return;
  at->second.framer.push(octets);
  for (;;) {
    Connection& c = at->second;
    const auto piece = c.framer.next();
    if (!piece) {
      core_.on_bad_stream(loop_.now(), c.flow, piece.error().text, out_);
      break;
    }
    if (!*piece) break;
    switch ((*piece)->kind) {
      case sip::StreamFramer::Kind::ping:
        core_.on_ping(loop_.now(), id);
        c.stream.send(as_bytes("\r\n"));
        break;
      case sip::StreamFramer::Kind::pong:
        core_.on_ping(loop_.now(), id);
        break;
      case sip::StreamFramer::Kind::message:
        if (tap_->on()) tap(c.flow, false, (*piece)->octets);
        core_.on_message(loop_.now(), c.flow, (*piece)->octets, out_);
        break;
    }
  }
  at->second.framer.free_memory();
  core_.on_half_message(id, at->second.framer.buffered(), out_);
  perform();
}

void SipProxy::ended(sip::ConnectionId id, std::string why) {
  ended_.emplace_back(id, std::move(why));
  if (!performing_) perform();
}

// ---- what the core asks for ----

void SipProxy::perform() {
  if (performing_) return;  // the outer call goes on until nothing is left
  performing_ = true;
  while (!out_.connects.empty() || !out_.lookups.empty() || !out_.sends.empty() || !out_.closes.empty() ||
         !out_.events.empty() || !ended_.empty()) {
    sip::Output now = std::exchange(out_, {});
    for (const auto& wanted : now.connects)
      connect(wanted);
    for (const auto& name : now.lookups)
      look_up_media(name);
    for (const auto& [to, octets] : now.sends)
      send(to, as_bytes(octets));
    for (auto& socket : sockets_)
      socket.flush();
    for (const auto id : now.closes)
      ended_.emplace_back(id, "it was closed here");
    for (const auto& event : now.events) {
      report_.on_event(loop_.now(), event);
      if (event.kind != sip::Event::Kind::asked) continue;
      if (const auto asked = asked_.extract(event.request)) asked.mapped()(event.status);
    }
    for (auto& [id, why] : std::exchange(ended_, {})) {
      const auto at = connections_.find(id);
      if (at == connections_.end()) continue;
      at->second.stream.finish();
      connections_.erase(at);
      core_.on_connection_closed(loop_.now(), id, why, out_);
    }
    now.clear();
    if (out_.sends.capacity() == 0) std::swap(out_, now);  // keeps its memory
  }
  performing_ = false;
  if (const auto& outside = core_.parts().router.outside(); outside && outside != outside_) {
    outside_ = outside;
    if (sinks_.on_outside) sinks_.on_outside(*outside);
  }
  arm();
}

void SipProxy::send(const sip::Flow& to, Bytes octets) {
  if (tap_->on()) tap(to, true, octets);
  if (to.transport == sip::Transport::udp) {
    for (auto& socket : sockets_) {
      const Endpoint at = socket.local();
      if (at.port != to.local.port || at.address.is_v6() != to.peer.address.is_v6()) continue;
      if (at.address.is_unspecified() || at.address == to.local.address)
        return socket.send(to.peer, to.local.address, {}, octets);
    }
    return;
  }
  const auto at = connections_.find(to.connection);
  if (at == connections_.end()) return;
  Connection& c = at->second;
  if (c.connected) return c.stream.send(octets);
  if (c.waiting.size() + octets.size() > net::TcpStream::kMaxQueued) return;  // its transactions time out
  c.waiting.insert(c.waiting.end(), octets.begin(), octets.end());
}

void SipProxy::arm() {
  TimePoint when = core_.next_deadline();
  for (const sip::ConnectionId id : connecting_) {
    const auto at = connections_.find(id);
    if (at != connections_.end() && !at->second.connected) when = std::min(when, at->second.until);
  }
  if (timer_.armed() && timer_at_ <= when) return;
  timer_at_ = when;
  timer_.arm_at(when);
}

void SipProxy::on_time() {
  const TimePoint now = loop_.now();
  timer_at_ = TimePoint::max();
  std::erase_if(connecting_, [&](sip::ConnectionId id) {
    const auto at = connections_.find(id);
    if (at == connections_.end() || at->second.connected) return true;
    if (at->second.until > now) return false;
    ended_.emplace_back(id, "it does not answer");
    return true;
  });
  core_.on_deadline(now, out_);
  perform();
}

std::size_t SipProxy::phones_at(std::size_t server) const {
  std::size_t count = 0;
  core_.parts().bindings.for_each([&](const sip::Binding& b) { count += b.server == server ? 1 : 0; });
  return count;
}

}  // namespace dw::proxy
