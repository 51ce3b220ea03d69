#include "nat/warm_pool.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <utility>

#include "nat/core/media/port_pool.hpp"
#include "nat/media_socket.hpp"
#include "sbc/base/escape.hpp"
#include "sbc/net/log.hpp"
#include "sbc/net/random.hpp"
#include "sbc/net/socket_address.hpp"

namespace dw::nat {
namespace {

constexpr Duration kNameHolds = std::chrono::seconds(60), kNameFailed = std::chrono::seconds(10);
constexpr int kWarmBuffer = 8 << 10;  ///< octets; enough for some answers
constexpr int kWarmReads = 8;

std::string_view word_of(RouterMaps maps) {
  switch (maps) {
    case RouterMaps::unknown:
      return "unknown";
    case RouterMaps::nothing:
      return "nothing";
    case RouterMaps::by_port:
      return "by_port";
    case RouterMaps::by_target:
      return "by_target";
  }
  return "unknown";
}

}  // namespace

WarmPool::WarmPool(net::Loop& loop, Options options)
    : loop_(loop),
      options_(std::move(options)),
      look_again_(loop, [this] { look_up(); }),
      timer_(loop, [this] { perform(ports_->on_deadline(loop_.now())); }) {}

WarmPool::~WarmPool() = default;

void WarmPool::start() {
  if (options_.stun_server && options_.warm != 0) return look_up();
  lookup_.reset();
  look_again_.cancel();
  end();
}

void WarmPool::configure(const std::optional<HostPort>& stun_server, std::size_t warm) {
  if (stun_server == options_.stun_server && warm == options_.warm) return;
  options_.stun_server = stun_server;
  options_.warm = warm;
  end();
  start();
}

void WarmPool::set_idle(bool idle) {
  if (std::exchange(idle_, idle) == idle || !ports_) return;
  perform(ports_->set_warm(loop_.now(), idle_ ? 0 : options_.warm));
}

void WarmPool::set_refresh(Duration refresh) {
  options_.refresh = refresh;
  if (ports_) ports_->set_refresh(refresh);
}

void WarmPool::set_seen(const Seen& seen) {
  if (std::exchange(seen_, seen) == seen) return;
  const auto known = ports_ && seen.local == local_ ? ports_->facts().address : std::nullopt;
  if (known && *known != seen.external) perform(ports_->look_again(loop_.now()));
  if (on_address_) on_address_();
}

// ---- the STUN server ----

void WarmPool::look_up() {
  lookup_.emplace(loop_, options_.stun_server->host, [this](Result<std::vector<IpAddress>> found) {
    look_again_.arm_after(found ? kNameHolds : kNameFailed);
    lookup_error_ = found ? std::string() : found.error().text;
    if (!found) return;
    const auto v4 = std::ranges::find_if(*found, &IpAddress::is_v4);
    begin(v4 == found->end() ? found->front() : *v4);
  });
}

void WarmPool::begin(const IpAddress& server) {
  const Endpoint at{server, options_.stun_server->port};
  const auto local = net::source_toward(at);
  if (!local) {
    lookup_error_ = local.error().text;
    return;
  }
  if (ports_ && at == server_ && *local == local_) return;
  end();
  server_ = at;
  local_ = *local;
  ports_.emplace(WarmPorts::Options{local_, options_.ports, idle_ ? 0 : options_.warm, options_.refresh, server_,
                                    [] { return net::random_u64(); }});
  perform(ports_->start(loop_.now()));
}

void WarmPool::end() {
  timer_.cancel();
  sockets_.clear();
  ports_.reset();
  reported_ = {};
}

// ---- WarmPorts' actions ----

void WarmPool::perform(WarmPorts::Actions actions) {
  for (const std::uint16_t port : actions.close)
    sockets_.erase(port);
  std::vector<std::uint16_t> in_use;
  for (const std::uint16_t port : actions.bind)
    if (!bind(port)) in_use.push_back(port);
  for (const WarmPorts::Send& what : actions.sends)
    send(what);
  // Each makes WarmPorts open another pair, while there are any.
  for (const std::uint16_t port : in_use)
    perform(ports_->on_bind_failed(loop_.now(), port));
  report_changes();
  const auto next = ports_->next_deadline();
  next ? timer_.arm_at(*next) : timer_.cancel();
}

bool WarmPool::bind(std::uint16_t port) {
  const auto after = static_cast<std::uint16_t>(port + 1);
  auto rtp = bind_media_socket({local_, port}, kWarmBuffer);
  auto rtcp = rtp ? bind_media_socket({local_, after}, kWarmBuffer) : std::unexpected(rtp.error());
  if (!rtcp) return false;
  Sockets& sockets = sockets_[port];
  sockets = {std::move(*rtp), std::move(*rtcp), {}, {}};
  watch(sockets.rtp_poll, sockets.rtp.number(), port);
  watch(sockets.rtcp_poll, sockets.rtcp.number(), after);
  return true;
}

void WarmPool::watch(std::optional<net::Poll>& poll, int descriptor, std::uint16_t port) {
  poll.emplace(loop_, descriptor, [this, descriptor, port](net::Poll::Events) { read(descriptor, port); });
  poll->watch({.readable = true, .writable = false});
}

/// An answer may make WarmPorts close this very socket, so the descriptor is looked up before each read.
void WarmPool::read(int descriptor, std::uint16_t port) {
  std::array<std::uint8_t, kMaxStunMessage> buffer;
  for (int i = 0; i < kWarmReads; ++i) {
    const auto at = sockets_.find(static_cast<std::uint16_t>(port & ~1U));
    if (at == sockets_.end() || (port % 2 == 0 ? at->second.rtp : at->second.rtcp).number() != descriptor) return;
    const ssize_t length = recv(descriptor, buffer.data(), buffer.size(), MSG_DONTWAIT | MSG_TRUNC);
    if (length < 0) return;
    if (static_cast<std::size_t>(length) > buffer.size()) continue;
    perform(ports_->on_datagram(loop_.now(), port, Bytes(buffer).first(static_cast<std::size_t>(length))));
  }
}

void WarmPool::send(const WarmPorts::Send& what) {
  const auto at = sockets_.find(static_cast<std::uint16_t>(what.port & ~1U));
  if (at == sockets_.end()) return;
  const net::SocketAddress to = net::to_socket_address(what.to);
  ++asked_total_;
  // A failure counts as loss on the way; the request is resent.
  (void)sendto((what.port % 2 == 0 ? at->second.rtp : at->second.rtcp).number(), what.octets.data(), what.octets.size(),
               MSG_DONTWAIT | MSG_NOSIGNAL, &to.any, to.size());
}

void WarmPool::report_changes() {
  const WarmPorts::Facts& now = ports_->facts();
  const bool another = now.address != reported_.address;
  const bool news =
      now.maps != reported_.maps || now.address != reported_.address || now.keeps_numbers != reported_.keeps_numbers;
  if (now.address != reported_.address && reported_.address) ++addresses_;
  if (news)
    spdlog::info("event=media_outside router_maps={} external={} keeps_numbers={} stun_server={}{}", word_of(now.maps),
                 now.address ? now.address->to_string() : "unknown",
                 !now.keeps_numbers   ? "unknown"
                 : *now.keeps_numbers ? "yes"
                                      : "no",
                 server_.to_string(), now.error.empty() ? std::string() : " reason=\"" + escaped(now.error) + "\"");
  reported_ = now;
  if (another && on_address_) on_address_();
}

// ---- OutsidePorts ----

std::optional<OutsidePorts::Pair> WarmPool::take(const IpAddress& local) {
  if (!ports_ || local != local_) return std::nullopt;
  WarmPorts::Actions actions;
  const auto pair = ports_->take(loop_.now(), actions);
  if (!pair) return std::nullopt;
  perform(std::move(actions));
  ++offered_;
  return Pair{{local_, pair->port}, pair->rtp, pair->rtcp};
}

void WarmPool::give_back(const Endpoint& local) {
  if (ports_ && local.address == local_) perform(ports_->give_back(loop_.now(), local.port));
}

std::optional<Endpoint> WarmPool::seen(const Endpoint& local) const {
  if (ports_ && local.address == local_) {
    const WarmPorts::Facts& facts = ports_->facts();
    if (facts.maps == RouterMaps::nothing) return std::nullopt;
    if (facts.maps != RouterMaps::unknown && facts.address)
      return facts.keeps_numbers == true ? std::optional(Endpoint{*facts.address, local.port}) : std::nullopt;
  }
  if (seen_ && seen_->local == local.address && seen_->external != local.address && seen_->keeps_numbers)
    return Endpoint{seen_->external, local.port};
  return std::nullopt;
}

std::optional<IpAddress> WarmPool::address(const IpAddress& local) const {
  if (ports_ && local == local_) {
    const WarmPorts::Facts& facts = ports_->facts();
    if (facts.maps == RouterMaps::nothing) return std::nullopt;
    if (facts.maps != RouterMaps::unknown && facts.address) return facts.address;
  }
  const bool translated = seen_ && seen_->local == local && seen_->external != local;
  return translated ? std::optional(seen_->external) : std::nullopt;
}

std::optional<Endpoint> WarmPool::anchor(const IpAddress& local) const {
  const bool here = ports_ && local == local_;
  const RouterMaps maps = here ? ports_->facts().maps : RouterMaps::unknown;
  const bool translated = seen_ && seen_->local == local && seen_->external != local;
  if (maps == RouterMaps::nothing || (maps == RouterMaps::unknown && !translated)) return std::nullopt;
  return here ? server_ : Endpoint{};
}

WarmPool::State WarmPool::state() const {
  State state;
  state.asked = options_.stun_server && options_.warm != 0;
  if (state.asked) state.server = options_.stun_server->to_string();
  if (ports_) {
    state.ports = ports_->facts();
    state.local = local_;
    state.server_address = server_.address;
    state.error = state.ports.error;
  }
  if (state.asked && !lookup_error_.empty()) state.error = lookup_error_;
  state.seen = seen_;
  return state;
}

void WarmPool::append_metrics(MetricsText& out) const {
  const WarmPorts::Facts facts = ports_ ? ports_->facts() : WarmPorts::Facts{};
  out.gauge("dropwire_media_ports_ready", "Media port pairs that stand ready with a mapping learned by STUN.",
            static_cast<double>(facts.ready));
  out.counter("dropwire_media_ports_offered_total", "Media streams that got such a pair.", offered_);
  out.counter("dropwire_media_ports_asked_total", "STUN requests sent from media ports.", asked_total_);
  out.counter("dropwire_media_outside_changes_total", "Times that the address seen from outside became another.",
              addresses_);
}

std::vector<std::uint16_t> first_pairs(std::uint16_t first, std::uint16_t last, std::size_t limit) {
  const std::size_t count = std::min(limit, PortPool::pairs(first, last) / 2);
  std::vector<std::uint16_t> out;
  for (std::size_t i = 0; i < count; ++i)
    out.push_back(static_cast<std::uint16_t>(first + first % 2 + 2 * i));
  return out;
}

}  // namespace dw::nat
