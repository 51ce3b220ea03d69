#include "tests/netfuzz/voice.hpp"

namespace dw::netfuzz {
namespace {

constexpr Duration kPacket = std::chrono::milliseconds(20);

}  // namespace

void Voice::step(TimePoint now) {
  Buffer octets;
  Endpoint from;
  while (port_.receive(octets, from))
    tally_.take(octets, from);
  if (to_.port == 0 || now < next_) return;
  next_ = now + kPacket;
  port_.send(to_, source_.next());
}

std::uint64_t Voice::heard() const {
  const auto own = tally_.by_name.find(name_);
  return own == tally_.by_name.end() ? 0 : own->second;
}

std::string Voice::wrong() const {
  bool all_own = tally_.bad == 0;
  for (const auto& [name, count] : tally_.by_name)
    all_own = all_own && name.starts_with(who_);
  return all_own ? std::string() : tally_.to_string();
}

void Echo::step() {
  constexpr std::uint8_t kRtpVersion = 0x80;
  Buffer octets;
  Endpoint from;
  while (port_.receive(octets, from))
    if (!octets.empty() && octets.front() >= kRtpVersion) port_.send(from, octets);
}

}  // namespace dw::netfuzz
