#pragma once
#include <cstdint>
#include <cstring>
#include <string_view>

#include "sbc/base/endpoint.hpp"

namespace dw {

/// A hash for tables that strangers can put keys into: whoever does not know the seed can't choose keys that meet, not even keys
/// that meet under every seed. Folded multiplication of the octets, 8 at a time, each under a secret of its own. Not for
/// signatures, and not for disk: it may change.
class KeyedHash {
 public:
  explicit KeyedHash(std::uint64_t seed) : seed_(fold(seed ^ kOdd, kOdder)) {}

  std::uint64_t operator()(std::string_view octets) const {
    std::uint64_t state = fold(seed_ ^ octets.size(), kOdd);
    for (; octets.size() > 8; octets.remove_prefix(8))
      state = fold(state ^ word(octets.substr(0, 8)), kOdder ^ seed_);
    return finish(state ^ word(octets));
  }
  std::uint64_t operator()(const IpAddress& address) const {
    const auto octets = address.octets();
    return fold((*this)(as_text(octets)) ^ address.scope(),
                kOdder ^ seed_);
  }
  std::uint64_t operator()(const Endpoint& e) const { return fold((*this)(e.address) ^ e.port, kOdd ^ seed_); }
  std::uint64_t operator()(std::uint64_t number) const { return finish(seed_ ^ number); }

 private:
  static constexpr std::uint64_t kOdd = 0x9e3779b97f4a7c15, kOdder = 0xd6e8feb86659fd93;

  static std::uint64_t fold(std::uint64_t a, std::uint64_t b) {
    __extension__ using Wide = unsigned __int128;
    const Wide product = static_cast<Wide>(a) * b;
    return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64U);
  }
  static std::uint64_t word(std::string_view octets) {
    std::uint64_t value = 0;
    if (!octets.empty()) std::memcpy(&value, octets.data(), octets.size());
    return value;
  }
  std::uint64_t finish(std::uint64_t state) const { return fold(fold(state, kOdder ^ seed_) ^ seed_, kOdd); }

  std::uint64_t seed_;
};

}  // namespace dw
