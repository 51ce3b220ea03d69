#pragma once
#include "sbc/base/endpoint.hpp"

namespace dw::nat::test {

inline const IpAddress kPhone = IpAddress::v4(0xcb007165);
inline const IpAddress kMallory = IpAddress::v4(0xcb007142);

}  // namespace dw::nat::test
