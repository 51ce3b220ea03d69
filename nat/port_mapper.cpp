#include "nat/port_mapper.hpp"

#include <algorithm>
#include <atomic>
#include <fstream>
#include <sstream>

#include "sbc/net/digest.hpp"
#include "sbc/net/random.hpp"

namespace dw::nat {
namespace {

using portmap::Protocol;
using std::chrono::seconds;
using Event = portmap::Mapper::Event;

constexpr Duration kLookAgain = seconds(60), kRetryLookup = seconds(10);
constexpr std::uint16_t kSomePort = 9;  ///< for a route lookup; nothing is sent there
constexpr std::size_t kMaxRouteOctets = 256 << 10;
constexpr int kSmallBuffer = 64 << 10;

std::vector<portmap::Route> kernel_routes() {
  std::ifstream file("/proc/self/net/route");  // the unit hides everything but process entries in /proc
  std::string text(kMaxRouteOctets, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(std::max<std::streamsize>(file.gcount(), 0)));
  return portmap::parse_routes(text);
}

net::DatagramSocket::Options small_socket() {
  net::DatagramSocket::Options o;
  o.receive_buffer = o.send_buffer = kSmallBuffer;
  return o;
}

portmap::pcp::Nonce nonce_of(const std::string& key, const IpAddress& gateway, const portmap::Wanted& port) {
  const net::Sha256 hash = net::sha256(as_bytes(
      fmt::format("{} {} {} {}", key, gateway.to_string(), portmap::to_string(port.transport), port.internal)));
  portmap::pcp::Nonce nonce{};
  std::copy_n(hash.begin(), nonce.size(), nonce.begin());
  return nonce;
}

}  // namespace

struct PortMapper::Upnp {
  UpnpRouter router;
  std::atomic<bool> give_up = false;
  bool gone = false;  ///< for the loop's thread only: the answer is no longer wanted
};

PortMapper::PortMapper(net::Loop& loop, Options options, Changed changed)
    : loop_(loop),
      options_(std::move(options)),
      changed_(std::move(changed)),
      inactive_("not started"),
      look_again_(loop, [this] { look_up(); }),
      timer_(loop, [this] { perform(mapper_->on_deadline(loop_.now())); }),
      end_limit_(loop, [this] { finish(); }) {}

PortMapper::~PortMapper() {
  if (!upnp_) return;
  upnp_->give_up = true;
  upnp_->gone = true;
}

// ---- whether to map, and by which router ----

void PortMapper::configure(const HostPort& central, bool advertised) {
  if (done_ || (central == options_.central && advertised == options_.advertised)) return;
  options_.central = central;
  options_.advertised = advertised;
  start();
}

void PortMapper::start() {
  lookup_.reset();
  look_again_.cancel();
  // With these two addresses, only the settings can make mapping useless.
  auto never = portmap::why_no_mapping(
      {options_.choice, options_.edge, options_.advertised, IpAddress::v4(0x0a000001), IpAddress::v4(0x01010101)});
  if (!never.empty()) return end(std::move(never));
  if (options_.wanted.empty()) return end("there is nothing to map");
  if (options_.central.host.empty()) return end("no central server is set");
  key_ = mapping_key(options_.state_dir);
  inactive_ = "the central server's address is not known yet";
  look_up();
}

void PortMapper::look_up() {
  if (done_) return;
  lookup_.emplace(loop_, options_.central.host, [this](Result<std::vector<IpAddress>> found) {
    look_again_.arm_after(found ? kLookAgain : kRetryLookup);
    if (found) {
      const auto v4 = std::ranges::find_if(*found, &IpAddress::is_v4);
      judge(v4 == found->end() ? found->front() : *v4);
    } else if (!mapper_) {
      end(escaped(found.error().text));
    }
  });
}

void PortMapper::judge(const IpAddress& central) {
  const auto ours = net::source_toward({central, kSomePort});
  auto why = portmap::why_no_mapping(
      {options_.choice, options_.edge, options_.advertised, ours.value_or(IpAddress{}), central});
  if (!why.empty()) return end(std::move(why));
  const IpAddress gateway = options_.gateway.value_or(portmap::gateway_toward(kernel_routes(), central));
  if (!gateway) return end("there is no router on the way to the central server");
  if (mapper_ && gateway == gateway_ && *ours == ours_) return;
  begin(gateway, *ours);
}

void PortMapper::end(std::string why) {
  const bool was_active = mapper_.has_value();
  if (inactive_ != why) spdlog::info("event=port_mapping_off reason=\"{}\"", why);
  inactive_ = std::move(why);
  mapper_.reset();
  socket_.reset();
  timer_.cancel();
  if (upnp_) upnp_->give_up = true;
  if (was_active) changed_({}, {});
}

void PortMapper::begin(const IpAddress& gateway, const IpAddress& ours) {
  auto socket = net::DatagramSocket::open(loop_, {ours, 0}, small_socket());
  if (!socket) return end(socket.error().text);
  const bool was_active = mapper_.has_value();
  spdlog::info("event=port_mapping_start router={} ours={} ports={}", gateway.to_string(), ours.to_string(),
               options_.wanted.size());
  if (upnp_) upnp_->give_up = upnp_->gone = true;
  upnp_ = std::make_shared<Upnp>();
  gateway_ = gateway;
  ours_ = ours;
  inactive_.clear();
  logged_all_mapped_ = false;
  socket_ = std::move(*socket);
  socket_->receive([this](std::span<const net::Datagram> all) {
    for (const net::Datagram& d : all)
      if (!d.truncated && mapper_) perform(mapper_->on_datagram(loop_.now(), d.peer, d.octets));
  });
  socket_->receive_errors([this](const net::Undelivered& one) {
    const bool refused = one.why.find("port unreachable") != one.why.npos;
    if (refused && mapper_) perform(mapper_->on_port_unreachable(loop_.now()));
  });
  listen_for_announcements();
  mapper_.emplace(portmap::Mapper::Options{
      gateway, ours, options_.wanted, options_.lifetime, [] { return net::random_u64(); },
      [key = key_, gateway](const portmap::Wanted& port) { return nonce_of(key, gateway, port); }});
  if (was_active) changed_({}, {});
  (void)mapper_->set_reflexive(loop_.now(), reflexive_);
  (void)mapper_->set_peers(loop_.now(), peers_, no_peers_);
  perform(mapper_->start(loop_.now()));
}

/// A router announces its restart at 224.0.0.1, which every host receives anyway (RFC 1112 §4). Another program may
/// have the port; then a restart is noticed a little later.
void PortMapper::listen_for_announcements() {
  if (announcements_) return;
  auto socket = net::DatagramSocket::open(loop_, {IpAddress::v4(0), portmap::pcp::kClientPort}, small_socket());
  if (!socket) {
    spdlog::debug("event=port_mapping_no_announcements reason=\"{}\"", socket.error().text);
    return;
  }
  announcements_ = std::move(*socket);
  announcements_->receive([this](std::span<const net::Datagram> all) {
    for (const net::Datagram& d : all)
      if (!d.truncated && mapper_) perform(mapper_->on_announcement(loop_.now(), d.peer, d.octets));
  });
}

void PortMapper::set_reflexive(const std::optional<IpAddress>& address) {
  reflexive_ = address;
  if (mapper_) perform(mapper_->set_reflexive(loop_.now(), address));
}

void PortMapper::set_peers(std::optional<std::vector<IpNetwork>> peers, std::string why) {
  peers_ = std::move(peers);
  no_peers_ = std::move(why);
  if (mapper_ && !done_) perform(mapper_->set_peers(loop_.now(), peers_, no_peers_));
}

// ---- Mapper's actions ----

void PortMapper::perform(portmap::Mapper::Actions actions) {
  for (const Buffer& octets : actions.datagrams)
    socket_->send({gateway_, portmap::pcp::kServerPort}, ours_, {}, octets);
  socket_->flush();
  for (const Event& event : actions.events)
    log(event);
  if (actions.upnp) ask_upnp(std::move(*actions.upnp));
  if (actions.changed) changed_(mapper_->usable(), ours_);
  arm();
  if (done_ && mapper_->stopped()) finish();
}

void PortMapper::ask_upnp(portmap::UpnpAsk ask) {
  const UpnpRouter::Lan lan{gateway_, ours_, kernel_routes()};
  auto answer = std::make_shared<portmap::UpnpAnswer>();
  upnp_->give_up = false;
  loop_.work([upnp = upnp_, lan, ask = std::move(ask), answer] { *answer = upnp->router.run(lan, ask, upnp->give_up); },
             [this, upnp = upnp_, answer] {
               if (!upnp->gone && mapper_) perform(mapper_->on_upnp(loop_.now(), *answer));
             });
}

void PortMapper::arm() {
  const TimePoint when = mapper_->next_deadline();
  if (when == TimePoint::max()) return timer_.cancel();
  timer_.arm_at(when);
}

void PortMapper::stop(std::function<void()> done) {
  if (done_) return;
  done_ = std::move(done);
  lookup_.reset();
  look_again_.cancel();
  if (!mapper_) return finish();
  end_limit_.arm_after(kLongestEnd);
  if (upnp_) upnp_->give_up = true;  // ends what is under way; removals come after it
  perform(mapper_->stop(loop_.now()));
}

void PortMapper::finish() {
  end_limit_.cancel();
  timer_.cancel();
  if (upnp_) upnp_->give_up = true;
  if (auto done = std::exchange(done_, [] {})) done();
}

// ---- the log ----

void PortMapper::log(const Event& e) {
  const auto facts = mapper_->facts();
  const auto port = fmt::format("transport={} internal={}", portmap::to_string(e.wanted.transport), e.wanted.internal);
  // One line for each port would be a page at each start: lines about RTP and RTCP are at debug level.
  const bool signalling = e.wanted == options_.wanted.front();
  switch (e.kind) {
    case Event::Kind::mapped:
      ++granted_total_;
      spdlog::log(signalling ? spdlog::level::info : spdlog::level::debug,
                  "event=port_mapped {} external={} lifetime=\"{}\" protocol={} router={}", port,
                  e.external.to_string(), e.lifetime == Duration{} ? "until the router restarts" : to_words(e.lifetime),
                  portmap::to_string(facts.protocol), gateway_.to_string());
      if (facts.granted.size() == facts.wanted && !std::exchange(logged_all_mapped_, true))
        spdlog::info("event=ports_mapped ports={} external={} protocol={} router={}", facts.wanted,
                     facts.external.to_string(), portmap::to_string(facts.protocol), gateway_.to_string());
      return;
    case Event::Kind::renewed:
      ++renewed_total_;
      spdlog::debug("event=port_renewed {} external={} lifetime=\"{}\"", port, e.external.to_string(),
                    to_words(e.lifetime));
      return;
    case Event::Kind::refused:
      ++refused_total_;
      return limit_.warn("event=port_mapping_failed {} router={} reason=\"{}\"", port, gateway_.to_string(),
                         escaped(e.text));
    case Event::Kind::lost:
      ++lost_total_;
      logged_all_mapped_ = false;
      return limit_.warn("event=port_mapping_lost {} external={} reason=\"it was not renewed in time\"", port,
                         e.external.to_string());
    case Event::Kind::removed:
      spdlog::debug("event=port_unmapped {} external={}", port, e.external.to_string());
      return;
    case Event::Kind::address:
      return limit_.info("event=router_address router={} external={}", gateway_.to_string(),
                         e.external.address.to_string());
    case Event::Kind::double_nat:
      return limit_.warn("event=double_nat router={} reason=\"{}\" its mappings lead nowhere, and are not used",
                         gateway_.to_string(), escaped(e.text));
    case Event::Kind::rebooted:
      ++reboots_;
      return limit_.warn("event=router_restarted router={} it lost its mappings, they are asked for again",
                         gateway_.to_string());
    case Event::Kind::filtered:
      return limit_.info("event=port_filter router={} networks={} SIP's port is to be reached from there alone",
                         gateway_.to_string(), facts.filter.networks);
    case Event::Kind::filter_refused:
      return limit_.info("event=port_filter_refused router={} reason=\"{}\" Dropwire drops what strangers send",
                         gateway_.to_string(), escaped(e.text));
    case Event::Kind::nobody:
      return limit_.warn("event=port_mapping_failed router={} reason=\"{}\" tried again later", gateway_.to_string(),
                         escaped(e.text));
  }
}

portmap::Facts PortMapper::facts() const {
  if (mapper_) return mapper_->facts();
  portmap::Facts facts;
  facts.inactive = inactive_;
  return facts;
}

void PortMapper::append_metrics(MetricsText& out) const {
  const auto now = facts();
  out.gauge("dropwire_port_mappings", "Ports that the router has mapped.", static_cast<double>(now.granted.size()));
  out.gauge("dropwire_port_mappings_wanted", "Ports that the router is asked to map.", static_cast<double>(now.wanted));
  out.gauge("dropwire_port_mapping_filtered", "1: the router agreed to let only the central side reach SIP's port.",
            now.filter.state == portmap::FilterFacts::State::agreed ? 1 : 0);
  out.gauge("dropwire_double_nat", "1: the router's external address is not the internet's.", now.double_nat ? 1 : 0);
  out.counter("dropwire_port_mappings_granted_total", "Ports mapped again.", granted_total_);
  out.counter("dropwire_port_mappings_renewed_total", "Mappings renewed.", renewed_total_);
  out.counter("dropwire_port_mappings_refused_total", "Refusals of the router.", refused_total_);
  out.counter("dropwire_port_mappings_lost_total", "Mappings that ran out.", lost_total_);
  out.counter("dropwire_router_restarts_total", "Times that the router lost its mappings.", reboots_);
}

}  // namespace dw::nat
