#include "tests/lab/sccp_lab_phone.hpp"

#include <fmt/core.h>

#include <algorithm>

#include "tests/lab/script.hpp"

namespace dw::lab {

using namespace std::chrono_literals;
using Kind = sim::PhoneEvent::Kind;

namespace {

constexpr Duration kPacketTime = 20ms;

}  // namespace

LabPhone::LabPhone(unsigned index, sim::PhoneOptions phone, const LabPhoneOptions& options, TimePoint now)
    : index_(index), options_(options), phone_(std::move(phone)), born_(now) {}

void LabPhone::say(const std::string& line) const {
  if (options_.quiet) return;
  const auto age = std::chrono::duration<double>(Clock::now() - born_).count();
  fmt::print("{:8.3f} {} {}\n", age, phone_.options().device, line);
  std::fflush(stdout);
}

void LabPhone::fail(const std::string& why) {
  failed_ = true;
  const std::string where = at_ < options_.script.size() ? options_.script[at_] : "the end";
  fmt::print("FAIL {} at \"{}\": {}; {}\n", phone_.options().device, where, why, tally_.to_string());
  std::fflush(stdout);
}

void LabPhone::connect(TimePoint) {
  retry_at_.reset();
  wanted_ = true;
  const Endpoint to = options_.servers[server_ % options_.servers.size()];
  tcp_ = std::make_unique<TcpStream>(to, options_.bind);
  say("connecting to=" + to.to_string());
}

// The far end is gone, or the phone drops it.
void LabPhone::lose(TimePoint now, const std::string& why) {
  if (!tcp_) return;
  tcp_.reset();
  channels_.clear();
  ++server_;
  say("disconnected reason=\"" + why + "\"");
  perform(now, phone_.disconnected(now));
  ++happened_["disconnected"];
  if (options_.retry && wanted_) retry_at_ = now + *options_.retry;
}

// Events first, so that ports are open before they are announced.
void LabPhone::perform(TimePoint now, sim::PhoneTurn turn) {
  for (const sim::PhoneEvent& event : turn.events)
    on_event(now, event);
  if (!tcp_) return;
  for (const Buffer& write : turn.writes)
    tcp_->write(write);
  if (turn.close) lose(now, "closed by the phone");
}

void LabPhone::on_event(TimePoint now, const sim::PhoneEvent& event) {
  say(to_string(event));
  ++happened_[std::string(to_string(event.kind))];
  switch (event.kind) {
    case Kind::receive_opened:
      channel(event).receiving = true;
      tally_.rejoin();
      total_.rejoin();
      break;
    case Kind::transmit_started: {
      Channel& started = channel(event);
      started.remote = event.remote;
      started.payload_type = event.codec == 2 ? 8 : 0;
      if (!started.source) {
        const auto ssrc = (index_ + 1) << 16 | ++streams_;
        started.source = std::make_unique<RtpSource>(phone_.options().device, started.payload_type, ssrc);
      }
      next_rtp_ = std::max(next_rtp_, now);
      break;
    }
    case Kind::receive_closed:
      channels_[event.party].receiving = false;
      break;
    case Kind::transmit_stopped:
      channels_[event.party].remote.reset();
      break;
    case Kind::ringing:
      if (options_.auto_answer) perform(now, phone_.answer(now));
      break;
    default:
      break;
  }
  if (event.kind == Kind::receive_closed || event.kind == Kind::transmit_stopped) drop_if_idle(event.party);
}

LabPhone::Channel& LabPhone::channel(const sim::PhoneEvent& event) {
  Channel& found = channels_[event.party];
  if (!found.port) {
    const IpAddress own = options_.bind ? options_.bind : tcp_->local().address;
    found.port = std::make_unique<UdpPort>(Endpoint{own, event.local_port});
    if (!found.port->ok()) fail(fmt::format("RTP port {} is taken", event.local_port));
  }
  return found;
}

void LabPhone::drop_if_idle(std::uint32_t party) {
  const auto found = channels_.find(party);
  if (found != channels_.end() && !found->second.receiving && !found->second.remote) channels_.erase(found);
}

bool LabPhone::transmits() const {
  return std::ranges::any_of(channels_, [](const auto& entry) { return entry.second.remote.has_value(); });
}

void LabPhone::send_rtp(TimePoint now) {
  if (options_.mute || !transmits() || now < next_rtp_) return;
  if (now - next_rtp_ > 1s) next_rtp_ = now;  // we were held up: no burst
  next_rtp_ += kPacketTime;
  for (const auto& [party, c] : channels_) {
    if (c.remote) c.port->send(*c.remote, c.source->next());
  }
}

TimePoint LabPhone::next_time(TimePoint now) const {
  TimePoint next = now + 50ms;  // how often the script is checked
  if (transmits() && !options_.mute) next = std::min(next, next_rtp_);
  if (const auto at = phone_.next_deadline()) next = std::min(next, *at);
  return std::max(next, now);
}

void LabPhone::on_time(TimePoint now) {
  if (retry_at_ && now >= *retry_at_) connect(now);
  if (const auto at = phone_.next_deadline(); tcp_ && at && now >= *at) perform(now, phone_.on_deadline(now));
  send_rtp(now);
  while (!done()) {
    if (const auto words = words_for(index_, options_.script[at_]); !words.empty()) {
      if (!began_) began_ = now;
      if (step(now, words) == Step::waiting || failed_) return;
    }
    began_.reset();
    ++at_;
  }
}

void LabPhone::add_polls(std::vector<pollfd>& polls) {
  first_poll_ = polls.size();
  polled_parties_.clear();
  polls.push_back({tcp_ ? tcp_->fd() : -1, tcp_ ? tcp_->wanted() : short{0}, 0});
  for (const auto& [party, c] : channels_) {
    polls.push_back({c.port->fd(), POLLIN, 0});
    polled_parties_.push_back(party);
  }
}

void LabPhone::take_polls(TimePoint now, const std::vector<pollfd>& polls) {
  for (std::size_t i = 0; i < polled_parties_.size(); ++i) {
    const auto found = channels_.find(polled_parties_[i]);
    if (polls[first_poll_ + 1 + i].revents == 0 || found == channels_.end()) continue;
    Buffer packet;
    Endpoint from;
    while (found->second.port->receive(packet, from)) {
      tally_.take(packet, from);
      total_.take(packet, from);
    }
  }
  if (tcp_ && polls[first_poll_].revents != 0) read_stream(now, polls[first_poll_].revents);
}

void LabPhone::read_stream(TimePoint now, short events) {
  if (tcp_->connecting()) {
    if (!tcp_->settle()) return lose(now, "refused or unreachable");
    const Endpoint local = tcp_->local();
    say("connected-tcp local=" + local.to_string());
    phone_.stand_at(options_.claim.value_or(local.address));
    return perform(now, phone_.connected(now));
  }
  if ((events & POLLOUT) != 0) tcp_->flush();
  if ((events & (POLLIN | POLLHUP | POLLERR)) != 0) {
    const Buffer octets = tcp_->read();
    if (!octets.empty()) {
      const std::size_t before = phone_.problems().size();
      auto turn = phone_.on_octets(now, octets);
      for (std::size_t i = before; i < phone_.problems().size(); ++i)
        fail("problem: " + phone_.problems()[i]);
      perform(now, std::move(turn));
    }
  }
  if (tcp_ && tcp_->broken()) lose(now, "closed by the far end");
}

}  // namespace dw::lab
