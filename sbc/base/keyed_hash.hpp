#pragma once
#include <cstdint>
#include <cstring>
#include <string_view>

#include "sbc/base/endpoint.hpp"

namespace dw {

/// A hash for tables whose keys strangers can choose: without the seed they can't choose keys that collide, nor keys
/// that collide under every seed. Folded multiplication of 8 octets at a time, each with a secret of its own. Not for
/// signatures and not for storage: it may change.
class KeyedHash {
 public:
  explicit KeyedHash(std::uint64_t seed) : seed_(fold(seed ^ kOdd, kOdder)) {}

  std::uint64_t operator()(std::string_view octets) const {
    std::uint64_t state = fold(seed_ ^ octets.size(), kOdd);
    const char* at = octets.data();
    std::size_t left = octets.size();
    for (; left > 8; at += 8, left -= 8)
      state = fold(state ^ word<8>(at), kOdder ^ seed_);
    return finish(state ^ last_word(at, left));
  }
  std::uint64_t operator()(const IpAddress& address) const {
    if (address.is_v4()) return finish(seed_ ^ kOdd ^ word<4>(as_text(address.octets()).data()));
    return fold((*this)(as_text(address.octets())) ^ address.scope(), kOdder ^ seed_);
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
  template <std::size_t size>
  static std::uint64_t word(const char* at) {
    std::uint64_t value = 0;
    std::memcpy(&value, at, size);
    return value;
  }
  /// Up to eight octets, loaded in fixed sizes that may overlap. Different octets of one size give different words.
  static std::uint64_t last_word(const char* at, std::size_t size) {
    if (size == 8) return word<8>(at);
    if (size >= 4) return word<4>(at) << 32U | word<4>(at + size - 4);
    if (size == 0) return 0;
    return word<1>(at) << 16U | word<1>(at + size / 2) << 8U | word<1>(at + size - 1);
  }
  std::uint64_t finish(std::uint64_t state) const { return fold(fold(state, kOdder ^ seed_) ^ seed_, kOdd); }

  std::uint64_t seed_;
};

}  // namespace dw
