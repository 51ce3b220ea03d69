#include "tests/netfuzz/phones.hpp"

#include <cstdio>

#include "tests/netfuzz/central.hpp"

namespace dw::netfuzz {
namespace {

Endpoint place(const std::string& address, std::uint16_t port) {
  return {*IpAddress::parse(address), port};
}

sim::SipUa::Options sip_options(const Places& places, unsigned n, bool tcp) {
  sim::SipUa::Options out;
  out.user = kHealthyUser + std::to_string(n);
  out.host = places.daemon();
  out.at = place(places.phone(n), 5060);
  out.rport = true;
  out.stream = tcp;
  out.next = place(places.daemon(), Places::kSip);
  return out;
}

sim::PhoneOptions sccp_options(const Places& places, unsigned n) {
  char digits[5];
  std::snprintf(digits, sizeof digits, "%04X", n % 0x10000);
  sim::PhoneOptions out;
  out.device = std::string(kHealthyDevice) + digits;
  out.station = *IpAddress::parse(places.phone(n));
  out.version = n % 2 == 0 ? 17 : 11;
  return out;
}

}  // namespace

SipPhone::SipPhone(const Places& places, unsigned n, bool tcp)
    : ua(sip_options(places, n, tcp)), daemon_(*ua.options().next) {
  if (tcp) {
    tcp_ = std::make_unique<lab::TcpStream>(daemon_, ua.options().at.address);
  } else {
    udp_ = std::make_unique<lab::UdpPort>(ua.options().at);
  }
}

void SipPhone::add_polls(std::vector<pollfd>& polls) const {
  polls.push_back({udp_ ? udp_->fd() : tcp_->fd(), udp_ ? static_cast<short>(POLLIN) : tcp_->wanted(), 0});
  if (voice_) voice_->add_polls(polls);
}

// It has one call at a time.
void SipPhone::talk() {
  const sim::SipCall* up = nullptr;
  for (const auto& [key, call] : ua.calls())
    if (call.state == sim::SipCall::State::up) up = &call;
  if (!up || !up->far_media) return voice_.reset();
  const std::string who = "sip" + ua.options().user.substr(std::string_view(kHealthyUser).size());
  if (!voice_) voice_ = std::make_unique<Voice>(Endpoint{ua.options().at.address, sim::SipUa::kMedia}, who);
  voice_->talk(*up->far_media);
}

void SipPhone::read_stream(TimePoint now) {
  if (tcp_->connecting()) {
    pollfd one{tcp_->fd(), POLLOUT, 0};
    if (poll(&one, 1, 0) == 1) tcp_->settle();
  }
  tcp_->flush();
  if (tcp_->connecting()) return;
  octets_.push(as_text(tcp_->read()));
  while (const auto message = octets_.next())
    ua.on_message(now, daemon_, 0, *message);
}

void SipPhone::step(TimePoint now) {
  Buffer octets;
  Endpoint from;
  while (udp_ && udp_->receive(octets, from))
    ua.on_message(now, from, sim::kNoStream, as_text(octets));
  if (tcp_) read_stream(now);
  ua.on_deadline(now);
  talk();
  if (voice_) voice_->step(now);
  for (const sim::SipSent& sent : ua.take()) {
    if (udp_) {
      udp_->send(sent.to, as_bytes(sent.octets));
    } else {
      tcp_->write(as_bytes(sent.octets));
    }
  }
}

SccpPhone::SccpPhone(const Places& places, unsigned n)
    : core(sccp_options(places, n)),
      stream_(std::make_unique<lab::TcpStream>(place(places.daemon(), Places::kSccp), core.options().station)) {}

void SccpPhone::add_polls(std::vector<pollfd>& polls) const {
  if (stream_) polls.push_back({stream_->fd(), stream_->wanted(), 0});
  if (voice_) voice_->add_polls(polls);
}

void SccpPhone::act(const sim::PhoneTurn& turn) {
  if (!stream_) return;
  using Kind = sim::PhoneEvent::Kind;
  for (const sim::PhoneEvent& event : turn.events) {
    if (event.kind == Kind::receive_opened)
      voice_ =
          std::make_unique<Voice>(Endpoint{core.options().station, event.local_port}, core.options().device.substr(9));
    if (event.kind == Kind::transmit_started && voice_) voice_->talk(event.remote);
    if (event.kind == Kind::receive_closed || event.kind == Kind::lost) voice_.reset();
  }
  for (const Buffer& octets : turn.writes)
    stream_->write(octets);
  if (turn.close) stream_.reset();
}

void SccpPhone::step(TimePoint now) {
  if (!stream_) return;
  if (voice_) voice_->step(now);
  if (stream_->connecting()) {
    pollfd one{stream_->fd(), POLLOUT, 0};
    if (poll(&one, 1, 0) != 1 || !stream_->settle()) return;
  }
  if (!std::exchange(began_, true)) act(core.connected(now));
  stream_->flush();
  const Buffer octets = stream_->read();
  if (!octets.empty()) act(core.on_octets(now, octets));
  if (stream_ && stream_->broken()) {
    stream_.reset();
    act(core.disconnected(now));
  }
  if (const auto due = core.next_deadline(); due && *due <= now) act(core.on_deadline(now));
}

bool SccpPhone::connected() const {
  for (const auto& [call, phase] : core.calls())
    if (phase == sim::CallPhase::connected) return true;
  return false;
}

}  // namespace dw::netfuzz
