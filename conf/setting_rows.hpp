#pragma once
#include <span>
#include <type_traits>
#include <utility>

#include "conf/settings.hpp"

/// The rows of the table of settings, for the files that define them; all other code uses settings().
namespace dw::conf {

/// at<&Config::access, &Access::tftp, &Tftp::port> is config.access.tftp.port.
template <auto... members>
constexpr auto at() {
  using T = std::remove_reference_t<decltype((std::declval<Config&>().*....*members))>;
  return Field<T>{[](Config& c) -> T& { return (c.*....*members); },
                  [](const Config& c) -> const T& { return (c.*....*members); }};
}

std::span<const Setting> access_settings();  ///< the mode, and the phones' side (settings_access.cpp)
std::span<const Setting> other_settings();   ///< all others (settings_other.cpp)

}  // namespace dw::conf
