#pragma once
#include <compare>
#include <string>
#include <string_view>

#include "sbc/base/result.hpp"

namespace dw {

/// A phone's name on the call server: "SEP" and the MAC address in twelve upper-case hex digits, or the name that
/// another kind of station uses.
class DeviceName {
 public:
  static constexpr std::size_t kMaxStation = 15;  ///< octets: SCCP's field of 16 without its NUL (sccp §6.2)

  DeviceName() = default;
  /// "SEP001122334455", "001122334455", "00:11:22:33:44:55", "0011.2233.4455"; case is ignored.
  static Result<DeviceName> parse(std::string_view text);
  /// A device name as it appears in signalling: SEP, ATA or SPA with twelve hex digits in either case, or 1 to 15 of
  /// A-Z a-z 0-9 . _ - as they are (gateway ports, softphones). Fails for text that reads as an IP address.
  static Result<DeviceName> station(std::string_view text);
  /// The device that a provisioning file belongs to, from the file's name: SEP<MAC>…, CTLSEP<MAC>.tlv, ITLSEP<MAC>.tlv,
  /// SIP<MAC>.cnf, WLAN<MAC>.xml, gk/ld/ff<mac> (cisco-provisioning §2.1), those of ATA and SPA devices, and any other
  /// station's <name>.cnf.xml. Empty when the name contains no device.
  static DeviceName in_file_name(std::string_view file);

  bool empty() const { return name_.empty(); }
  const std::string& str() const { return name_; }
  std::string_view mac_digits() const;  ///< "001122334455"; empty unless it is a SEP name
  std::string mac() const;              ///< "00:11:22:33:44:55"; likewise
  friend auto operator<=>(const DeviceName&, const DeviceName&) = default;

 private:
  std::string name_;
};

}  // namespace dw
