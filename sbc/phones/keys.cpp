#include "sbc/phones/keys.hpp"

#include <algorithm>
#include <array>
#include <vector>

namespace dw::phones {
namespace {

struct Keys {
  std::string_view hole;
  /// By Family; empty: as the first.
  std::array<std::string_view, 5> press;
};
constexpr std::array<std::string_view, 5> kFamilies = {"7906/11/31/41/42/45/61/62/65/70/71/75", "7940/7960",
                                                       "7921/7925/7926", "7937", "7902/05/10/12/20/35/36"};

constexpr std::array<Keys, 5> kKeys = {{
    {"<erase>",
     {"On the phone: Settings → Security Configuration → Trust List → CTL File: press * * # to unlock, then "
      "Erase "
      "(under More); the same for ITL File. Restart with Settings, then * * # * *.",
      "On the phone: Settings, then * * # to unlock; Security Configuration → CTL File: Erase (these models "
      "keep "
      "no ITL). Or hold # while it powers up, press 1 2 3 4 5 6 7 8 9 * 0 # and then 1 to keep the network "
      "configuration.",
      "On the phone: Settings → Security (on some loads under Phone Settings) → Trust List: erase what is "
      "there. "
      "Restart it.",
      "On the phone: Admin Settings → restore the defaults, then enter the network settings anew.",
      "This model should hold no list: restore its factory defaults."}},
    {"<reset>",
     {"Take its power away, hold # while it comes back until the line lamps blink in turn, let go and press "
      "1 2 3 4 5 6 7 8 9 * 0 #. (A 7970 needs its own power supply for that, and forgets Alternate TFTP: "
      "DHCP "
      "option 150 or 66 must name this box.)",
      "Hold # while it powers up, press 1 2 3 4 5 6 7 8 9 * 0 # and then 1 to keep the network "
      "configuration.",
      "On the phone: Settings, then * * 2.", "On the phone: Admin Settings → restore the defaults.",
      "Restore its factory defaults in its menu."}},
    {"<network>",
     {"On the phone: Settings → Network Configuration → IPv4 Configuration, * * # to unlock: Alternate TFTP "
      "Yes, "
      "TFTP Server 1 this box's address, TFTP Server 2 empty.",
      "On the phone: Settings → Network Configuration, * * # to unlock: Alternate TFTP Yes, TFTP Server 1 "
      "this "
      "box's address, TFTP Server 2 empty.",
      "On the phone: Settings → Network Profiles → the profile → Network Configuration, * * # to unlock: "
      "Alternate "
      "TFTP Yes, TFTP Server 1 this box's address, TFTP Server 2 empty.",
      "", ""}},
    {"<restart>",
     {"Settings, then * * # * *.", "hold * and 6 and press Settings, or take its power away for a moment.",
      "switch it off and on.", "take its power away for a moment.", "take its power away for a moment."}},
    {"<status>", {"Settings → Status → Status Messages.", "", "", "", ""}},
}};

std::string_view press(const Keys& keys, Family family) {
  const std::string_view own = keys.press[static_cast<std::size_t>(family)];
  return own.empty() ? keys.press.front() : own;
}

/// Every hole filled with what `fill` makes of its keys.
std::string filled(std::string_view remedy, const auto& fill) {
  std::string out(remedy);
  for (const Keys& keys : kKeys) {
    if (const auto hole = out.find(keys.hole); hole != out.npos)
      out.replace(hole, keys.hole.size(), fill(keys));
  }
  return out;
}

}  // namespace

std::string with_keys(std::string_view remedy, Family family) {
  return filled(remedy, [&](const Keys& keys) { return press(keys, family); });
}

std::string with_all_keys(std::string_view remedy) {
  return filled(remedy, [](const Keys& keys) {
    std::string out(keys.press.front());
    for (std::size_t family = 1; family < kFamilies.size(); ++family) {
      const std::string_view own = keys.press[family];
      if (own.empty()) continue;
      // Families with the same words are named together.
      const auto first = std::ranges::find(keys.press, own);
      if (first != keys.press.begin() + static_cast<std::ptrdiff_t>(family)) continue;
      std::string models;
      for (std::size_t other = family; other < kFamilies.size(); ++other) {
        if (keys.press[other] == own) models += (models.empty() ? "" : ", ") + std::string(kFamilies[other]);
      }
      out += " (" + models + ": " + std::string(own) + ")";
    }
    return out;
  });
}

}  // namespace dw::phones
