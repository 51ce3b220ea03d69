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

/// Returns the home of line `user` of phone `device`; an empty `device`: of the phone at that address. The answer comes
/// from the phone's config, never from the phone.
using HomeOf = std::function<Home(std::string_view device, std::string_view user, const IpAddress& at)>;

}  // namespace dw::sip
