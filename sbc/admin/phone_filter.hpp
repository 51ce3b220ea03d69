#pragma once
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "sbc/base/ip_network.hpp"
#include "sbc/doctor/phone_verdict.hpp"
#include "sbc/phones/phone.hpp"

namespace dw::admin {

/// Selects phones, in the same way for the list, the page, `dropwire phones` and operations on many phones. All
/// conditions that are set must hold.
struct PhoneFilter {
  enum class Show { all, attention, registered, unregistered };

  static constexpr std::size_t kMaxText = 100;             ///< octets in each text
  static constexpr std::string_view kUnknown = "unknown";  ///< as model, firmware or protocol: not known

  /// Each word must occur in the phone's name, MAC, address, lines, model, firmware, server or agent.
  std::string text;
  Show show = Show::all;
  std::optional<doctor::State> state;
  std::string finding;   ///< a code that the phone has, or that is the cause of one it has
  std::string cause;     ///< a code: group_of()
  std::string model;     ///< "7965" also matches 7945/7965
  std::string firmware;  ///< part of its name
  std::optional<phones::Protocol> protocol;
  std::optional<IpNetwork> network;

  bool fits(const phones::Phone& phone, const doctor::PhoneVerdict& verdict) const;
  bool is_empty() const { return to_query().empty(); }
  /// As the query of a URL, "state=failed&model=7965": equal filters give equal text. Empty: all phones.
  std::string to_query() const;
};

/// The group under which a phone is counted, so that one cause is one group: the box's finding that caused the phone's
/// own, else the phone's most severe finding. Empty if it has none.
std::string_view group_of(const doctor::PhoneVerdict& verdict);

/// Adds one decoded parameter of a query. False: not a name of the filter. Errc::invalid with a sentence: the value is
/// invalid.
Result<bool> take(PhoneFilter& filter, std::string_view name, std::string_view value);

}  // namespace dw::admin
