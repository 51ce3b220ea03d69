#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "sbc/phones/phone.hpp"

namespace dw::phones {

/// Some of the models we know. Empty: nothing is known.
class Models {
 public:
  Models() = default;
  /// "7945/7965"; numbers we don't know are left out.
  static Models parse(std::string_view text);
  std::string to_string() const;

  bool empty() const { return bits_ == 0; }
  friend Models operator&(Models a, Models b) { return Models(a.bits_ & b.bits_); }
  friend bool operator==(Models, Models) = default;

 private:
  explicit Models(std::uint32_t bits) : bits_(bits) {}
  std::uint32_t bits_ = 0;
};

/// How a phone is worked: which keys, which lists it keeps (cisco-provisioning §4.3).
enum class Family : std::uint8_t {
  java,     ///< 7906/11/31/41/42/45/61/62/65/70/71/75, and whatever is not known better
  classic,  ///< 7940/7960: a CTL, never an ITL
  wifi,     ///< 7921/7925/7926
  speaker,  ///< 7937
  simple,   ///< 7902/05/10/12/20/35/36: no lists at all
};
Family family_of(const Phone& phone);
std::string_view to_string(Family family);  ///< "java", "classic", "wifi", "speaker", "simple"

/// The models that ask for a file of this name because of what they are, not of what a config names:
/// termNN.default.loads, <locale>/be-sccp.jar, Desktops/320x212x16/…, gk<mac>.
Models models_asking(std::string_view file);
/// The models that a load (its manifest or one of its parts) is for.
Models models_of_load(std::string_view file);
/// SCCP's number of a station type: 7 → 7960, 436 → 7965 (cisco-provisioning §1.1).
Models models_of_device_type(unsigned type);
/// "Cisco-CP7965G/9.4", "CP-7965G" → 7965.
Models models_in_user_agent(std::string_view user_agent);

/// The protocol of the firmware that asks for a file of this name.
Protocol protocol_of_file(std::string_view file);

/// "SCCP45.9-4-2SR4-3S" → true. Loads from 9.4 on can fetch by HTTP (cisco-provisioning §1.4).
bool can_use_http(std::string_view load);

}  // namespace dw::phones
