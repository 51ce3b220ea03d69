#pragma once
#include <compare>
#include <string>
#include <string_view>

#include "sbc/base/result.hpp"

namespace dw {

/// The name a phone has on the central server: "SEP" and twelve upper-case hex digits of its MAC.
class DeviceName {
 public:
  DeviceName() = default;
  /// "SEP001122334455", "001122334455", "00:11:22:33:44:55", in either case.
  static Result<DeviceName> parse(std::string_view text);
  /// The device that a provisioning file belongs to, by its name: SEP<MAC>…, CTLSEP<MAC>.tlv, ITLSEP<MAC>.tlv,
  /// SIP<MAC>.cnf, WLAN<MAC>.xml, gk/ld/ff<mac> (cisco-provisioning §2.1). Empty when it names none.
  static DeviceName in_file_name(std::string_view file);

  bool empty() const { return name_.empty(); }
  const std::string& str() const { return name_; }
  std::string_view mac_digits() const { return empty() ? std::string_view() : std::string_view(name_).substr(3); }
  std::string mac() const;  ///< "00:11:22:33:44:55"
  friend auto operator<=>(const DeviceName&, const DeviceName&) = default;

 private:
  std::string name_;
};

}  // namespace dw
