#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace dw {

/// A field that was changed between sender and receiver.
struct Difference {
  std::string field;     ///< "Via", "SDP c=", "X-Forwarded-For"
  std::string sent;      ///< empty: not sent; the path added it
  std::string received;  ///< empty: the path removed it
  friend bool operator==(const Difference&, const Difference&) = default;
};

/// Compares two messages (SIP with SDP, HTTP) field by field: a first line, "Name: value" lines, an empty line,
/// "x=value" lines. The order is that of `sent`; case of names is ignored. Values are escaped and cut at
/// kMaxShownValue; at most kMaxDifferences are returned.
inline constexpr std::size_t kMaxDifferences = 32;
inline constexpr std::size_t kMaxShownValue = 200;
std::vector<Difference> differences_of(std::string_view sent, std::string_view received);

}  // namespace dw
