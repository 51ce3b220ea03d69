#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "sbc/base/bytes.hpp"
#include "sbc/base/endpoint.hpp"
#include "sbc/base/time.hpp"

namespace dw::tftp::test {

inline const Endpoint kServer = Endpoint::parse("192.0.2.10:69").value();
inline const Endpoint kTid = Endpoint::parse("192.0.2.10:40001").value();
inline const Endpoint kOtherTid = Endpoint::parse("192.0.2.10:40002").value();

/// Packets as the RFCs draw them, written here by hand so that they don't share a mistake with the code.
inline Buffer join(std::initializer_list<std::string> parts) {
  Buffer out;
  for (const std::string& part : parts)
    out.insert(out.end(), part.begin(), part.end());
  return out;
}
inline std::string number(unsigned v) {
  return {static_cast<char>(v >> 8U), static_cast<char>(v & 0xffU)};
}
inline std::string zero_ended(std::string text) {
  return text + std::string(1, '\0');
}

inline Buffer data(unsigned block, const std::string& body) {
  return join({number(3), number(block), body});
}
inline Buffer ack(unsigned block) {
  return join({number(4), number(block)});
}
inline Buffer error(unsigned code, const std::string& text) {
  return join({number(5), number(code), zero_ended(text)});
}
inline Buffer oack(std::initializer_list<std::pair<std::string, std::string>> options) {
  Buffer out = join({number(6)});
  for (const auto& [name, value] : options) {
    const Buffer more = join({zero_ended(name), zero_ended(value)});
    out.insert(out.end(), more.begin(), more.end());
  }
  return out;
}

/// "abc…" of a length, no two blocks alike.
inline std::string body_of(std::size_t octets) {
  std::string out(octets, '\0');
  for (std::size_t i = 0; i < octets; ++i)
    out[i] = static_cast<char>((i * 31 + i / 251) & 0xffU);
  return out;
}

inline TimePoint at_ms(long ms) {
  return TimePoint(std::chrono::hours(1)) + std::chrono::milliseconds(ms);
}

}  // namespace dw::tftp::test
