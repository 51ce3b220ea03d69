#pragma once
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "sbc/base/ip_network.hpp"
#include "sbc/phones/phone.hpp"
#include "sbc/phones/phone_verdict.hpp"

namespace dw::admin {

/// Which phones are meant: by the list, the page, `dropwire phones` and what is done to many at once alike. All that is
/// set must hold.
struct PhoneFilter {
  enum class Show { all, attention, registered, unregistered };

  static constexpr std::size_t kMaxText = 100;             ///< octets, of each text
  static constexpr std::string_view kUnknown = "unknown";  ///< as model, firmware or protocol: it is not known

  std::string text;  ///< every word of it is in the phone's name, MAC, address, lines, model, firmware,
                     ///< server or agent
  Show show = Show::all;
  std::optional<phones::State> state;
  std::string finding;   ///< a code that it has, or that is its cause
  std::string cause;     ///< a code: group_of()
  std::string model;     ///< "7965" is 7945/7965 too
  std::string firmware;  ///< a part of its name
  std::optional<phones::Protocol> protocol;
  std::optional<IpNetwork> network;

  bool fits(const phones::Phone& phone, const phones::PhoneVerdict& verdict) const;
  bool is_empty() const { return to_query().empty(); }
  /// As the query of an address, "state=failed&model=7965": the same for the same filter. Empty: all phones.
  std::string to_query() const;
};

/// What a phone is counted under, so that one cause is one group: the box's finding that is behind its own, else its
/// gravest one. Empty: it has none.
std::string_view group_of(const phones::PhoneVerdict& verdict);

/// One part of a query, decoded. False: the filter has no such name. Errc::invalid with a sentence for a value that is
/// none.
Result<bool> take(PhoneFilter& filter, std::string_view name, std::string_view value);

}  // namespace dw::admin
