#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/support/sip_text.hpp"

namespace dw::sim {

struct Body {
  std::string name, type, text;
  std::vector<std::pair<std::string, std::string>> fields;
};

/// A plain description at this host; `more`: further lines.
std::string sdp_of(std::string_view host, std::string_view more = "");
std::string replaced(std::string text, std::string_view from, std::string_view with);
/// A multipart body of one part.
std::string in_part(const std::string& type, const std::string& content, const std::string& boundary = "b",
                    const std::string& more = "");
/// Bodies with `host` in them, in every way that phones, servers and people who try things are known to write one.
std::vector<Body> odd_bodies(const std::string& host);
SipText with(SipText m, const Body& body);
/// Octets of the body are left out, doubled, swapped or replaced by what means something to a reader.
Body mutated(Body body, std::uint64_t& state);

}  // namespace dw::sim
