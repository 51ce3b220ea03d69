#pragma once
#include <cstddef>
#include <string>

#include "sbc/phones/phone.hpp"

namespace dw::admin {

/// Which phones of a list are asked for.
struct PhoneFilter {
  enum class Show { all, attention, registered, unregistered };

  static constexpr std::size_t kMaxText = 100;  ///< octets

  std::size_t limit = 500;
  std::string text;  ///< every word of it is in the phone's name, MAC, address, lines, model, firmware,
                     ///< server or agent
  Show show = Show::all;

  /// Without what `attention` asks, which findings tell.
  bool fits(const phones::Phone& phone) const;
  bool narrow() const { return show == Show::attention; }
};

}  // namespace dw::admin
