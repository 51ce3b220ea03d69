#include "nat/core/stun/asker.hpp"

#include <algorithm>
#include <cassert>

namespace dw::nat {
namespace {

constexpr std::string_view kSoftware = "Dropwire, to see what the NAT here does.";
static_assert(kStunHeader + 4 + kSoftware.size() == StunAsker::kPadded);

}  // namespace

void StunAsker::ask(TimePoint now, int tag, const Ask& what, std::vector<StunSend>& out) {
  assert(waiting_.size() < kMaxWaiting);
  StunMessage request;
  for (std::size_t i = 0; i < request.id.size(); i += 4) {
    const auto word = static_cast<std::uint32_t>(random_() >> 32U);
    for (std::size_t k = 0; k < 4; ++k)
      request.id[i + k] = static_cast<std::uint8_t>(word >> (8U * k));
  }
  request.change = what.change;
  request.response_port = what.response_port;
  const std::size_t bare = to_octets(request).size() + 4;
  if (bare < kPadded) request.software = kSoftware.substr(0, kPadded - bare);
  Waiting w{tag, request.id, {what.socket, what.to, to_octets(request)}, 1, now, now + kFirstPause};
  out.push_back(w.send);
  waiting_.push_back(std::move(w));
}

std::optional<StunAsker::Answered> StunAsker::take(TimePoint now, std::uint32_t socket, Bytes octets) {
  auto message = parse_stun(octets);
  if (!message || message->method != StunMessage::kBinding || message->kind == StunMessage::Kind::indication) return {};
  const auto at = std::ranges::find(waiting_, message->id, &Waiting::id);
  if (at == waiting_.end()) return {};
  Answered answered{at->tag, socket, std::move(*message), now - at->sent, false};
  answered.arrived_as_request = answered.message.kind == StunMessage::Kind::request;
  answered.message.software = {};
  if (answered.message.error) answered.message.error->reason = {};
  waiting_.erase(at);
  return answered;
}

std::vector<int> StunAsker::on_deadline(TimePoint now, std::vector<StunSend>& out) {
  std::vector<int> given_up;
  for (auto at = waiting_.begin(); at != waiting_.end();) {
    if (at->due > now) {
      ++at;
    } else if (at->tries == kTries) {
      given_up.push_back(at->tag);
      at = waiting_.erase(at);
    } else {
      at->sent = now;
      at->due = now + (++at->tries == kTries ? kLastPause : kFirstPause * (1U << (at->tries - 1)));
      out.push_back(at->send);
      ++at;
    }
  }
  return given_up;
}

std::optional<TimePoint> StunAsker::next_deadline() const {
  if (waiting_.empty()) return {};
  return std::ranges::min_element(waiting_, {}, &Waiting::due)->due;
}

void StunAsker::forget(int tag) {
  std::erase_if(waiting_, [&](const Waiting& w) { return w.tag == tag; });
}

bool StunAsker::waits_for(int tag) const {
  return std::ranges::find(waiting_, tag, &Waiting::tag) != waiting_.end();
}

}  // namespace dw::nat
