#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace dw {

/// What one side sent and the other received.
struct Difference {
  std::string field;     ///< "Via", "SDP c=", "X-Forwarded-For"
  std::string sent;      ///< empty: not sent at all, the path added it
  std::string received;  ///< empty: the path took it out
  friend bool operator==(const Difference&, const Difference&) = default;
};

/// Compares two texts of a first line, "Name: value" lines, an empty line, and "x=value" lines (SIP with SDP,
/// HTTP), field by field, in the order of what was sent; names without regard to case. Values are cut at
/// kMaxShown, and escaped; at most kMaxDifferences come back.
inline constexpr std::size_t kMaxDifferences = 32;
inline constexpr std::size_t kMaxShownValue = 200;
std::vector<Difference> differences_of(std::string_view sent, std::string_view received);

}  // namespace dw
