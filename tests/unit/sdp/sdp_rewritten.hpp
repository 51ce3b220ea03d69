#pragma once
#include <doctest/doctest.h>
#include <string>
#include <vector>
#include "sbc/sip/sdp.hpp"
#include "tests/unit/sdp/sdp_examples.hpp"

/// A description as rewrite_sdp() makes it.
namespace dw::sdp_test {

using namespace dw::sip;
using namespace std::string_literals;
using test::ip;

inline Endpoint at(std::string_view text) {
  return *Endpoint::parse(text);
}

inline SdpRewrite to(std::initializer_list<std::string_view> endpoints, std::string_view own = "203.0.113.1",
                     std::uint64_t version = 42) {
  SdpRewrite rewrite;
  std::size_t i = 0;
  for (const std::string_view text : endpoints) {
    if (!text.empty()) rewrite.to[i] = at(text);
    ++i;
  }
  rewrite.own = ip(own);
  rewrite.version = version;
  return rewrite;
}

struct Rewritten {
  std::string text;
  std::size_t removed = 0;
};

inline Rewritten rewritten(std::string_view body, const SdpRewrite& rewrite) {
  const auto sdp = parse_sdp(body);
  REQUIRE(sdp);
  Rewritten out;
  out.text = "before";
  const auto removed = rewrite_sdp(*sdp, body, rewrite, out.text);
  REQUIRE(removed);
  out.removed = *removed;
  REQUIRE(out.text.starts_with("before"));
  out.text.erase(0, 6);
  return out;
}

/// `body` with `from` replaced by `wanted`, everywhere.
inline std::string with(std::string_view body, std::string_view from, std::string_view wanted) {
  std::string out(body);
  REQUIRE(out.contains(from));
  for (std::size_t i = out.find(from); i != out.npos; i = out.find(from, i + wanted.size()))
    out.replace(i, from.size(), wanted);
  return out;
}

inline std::vector<std::string> lines_of(std::string_view body) {
  std::vector<std::string> out;
  while (!body.empty()) {
    const std::size_t end = std::min(body.find('\n'), body.size() - 1) + 1;
    out.emplace_back(body.substr(0, end));
    body.remove_prefix(end);
  }
  return out;
}

/// What a rewrite may touch, or leave out.
inline bool carries_address(std::string_view line) {
  for (const std::string_view start : {"o=", "c=", "m=", "a=rtcp:", "a=candidate", "a=ice-", "a=remote-candidates",
                                       "a=end-of-candidates", "a=rtcp-mux", "a=path"})
    if (line.starts_with(start)) return true;
  return false;
}

}  // namespace dw::sdp_test
