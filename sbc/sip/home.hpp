#pragma once
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "sbc/base/endpoint.hpp"

namespace dw::sip {

/// Where a line of a phone is registered, as the phone's own config says.
struct Home {
  std::string host;        ///< a domain, a name or a literal without brackets, in lower case; empty: it is not known
  std::uint16_t port = 0;  ///< 0: not known
};

/// Says the home of the line `user` of the phone `device`; where that is empty, of the phone at that address. It knows
/// it of whoever the phone has its config from, and of nobody else.
using HomeOf = std::function<Home(std::string_view device, std::string_view user, const IpAddress& at)>;

}  // namespace dw::sip
