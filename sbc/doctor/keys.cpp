#include "sbc/doctor/keys.hpp"

#include <algorithm>
#include <array>
#include <span>
#include <vector>

#include "sbc/doctor/how_to.hpp"

namespace dw::doctor {
using namespace phones;
namespace {

struct Keys {
  std::string_view hole;
  /// By Family; empty: as the first.
  std::array<std::string_view, 5> press;
};
constexpr std::array<std::string_view, 5> kFamilies = {"7906/11/31/41/42/45/61/62/65/70/71/75", "7940/7960",
                                                       "7921/7925/7926", "7937", "7902/05/10/12/20/35/36"};

constexpr std::array<Keys, 3> kKeys = {{
    {"<reset>",
     {"Unplug it, hold # while you plug it in again until the line lamps blink in turn, let go and press "
      "1 2 3 4 5 6 7 8 9 * 0 #. (A 7970 needs its own power supply for that, and forgets Alternate TFTP: "
      "DHCP "
      "option 150 or 66 must name this box.)",
      "Hold # while it powers up, press 1 2 3 4 5 6 7 8 9 * 0 # and then 1 to keep the network "
      "configuration.",
      "On the phone: Settings, then * * 2.", "On the phone: Admin Settings → restore the defaults.",
      "Restore its factory defaults in its menu."}},
    {"<restart>",
     {"Settings, then * * # * *.", "hold * and 6 and press Settings, or unplug it and plug it in again.",
      "switch it off and on.", "unplug it and plug it in again.", "unplug it and plug it in again."}},
    {"<status>", {"Settings → Status → Status Messages.", "", "", "", ""}},
}};

/// The keys of each family, by Family.
using ByFamily = std::array<std::string, kFamilies.size()>;
struct Hole {
  std::string_view mark;
  ByFamily press;
};

Hole hole_of(const Keys& keys) {
  Hole out{keys.hole, {}};
  for (std::size_t i = 0; i < out.press.size(); ++i)
    out.press[i] = keys.press[i].empty() ? keys.press.front() : keys.press[i];
  return out;
}

/// The steps of how_to.hpp as sentences; `none` for a family that has no such steps.
Hole hole_of_steps(std::string_view mark, std::span<const std::string_view> HowTo::*steps, std::string_view none) {
  Hole out{mark, {}};
  for (const HowTo& how : how_tos()) {
    std::string& press = out.press[static_cast<std::size_t>(how.family)];
    press = (how.*steps).empty() ? std::string(none) : "On the phone: " + with_address(as_paragraph(how.*steps), {});
  }
  return out;
}

const std::vector<Hole>& holes() {
  static const std::vector<Hole> all = [] {
    std::vector<Hole> out = {
        hole_of_steps("<erase>", &HowTo::trust_list, "This model should hold no list: restore its factory defaults."),
        hole_of_steps("<network>", &HowTo::connect, "")};
    for (const Keys& keys : kKeys)
      out.push_back(hole_of(keys));
    return out;
  }();
  return all;
}

/// Replaces each mark by what `fill` makes of its keys.
std::string filled(std::string_view remedy, const auto& fill) {
  std::string out(remedy);
  for (const Hole& hole : holes()) {
    if (const auto at = out.find(hole.mark); at != out.npos) out.replace(at, hole.mark.size(), fill(hole.press));
  }
  return out;
}

}  // namespace

std::string with_keys(std::string_view remedy, Family family) {
  return filled(remedy, [&](const ByFamily& press) { return press[static_cast<std::size_t>(family)]; });
}

std::string for_place(std::string_view text, Place place) {
  constexpr std::string_view kEnd = "</>";
  std::string out(text);
  for (const auto& [mark, of] : {std::pair(std::string_view("<edge>"), Place::edge), {"<hosted>", Place::hosted}}) {
    for (auto at = out.find(mark); at != out.npos; at = out.find(mark, at)) {
      const auto end = out.find(kEnd, at);
      if (end == out.npos) break;
      const std::string inside = out.substr(at + mark.size(), end - at - mark.size());
      out.replace(at, end + kEnd.size() - at, place == of || place == Place::not_known ? inside : std::string());
    }
  }
  return out;
}

std::string with_all_keys(std::string_view remedy) {
  return filled(remedy, [](const ByFamily& press) {
    std::string out(press.front());
    for (std::size_t family = 1; family < kFamilies.size(); ++family) {
      // Families with the same words are named together.
      const auto first = std::ranges::find(press, press[family]);
      if (first != press.begin() + static_cast<std::ptrdiff_t>(family)) continue;
      std::string models;
      for (std::size_t other = family; other < kFamilies.size(); ++other) {
        if (press[other] == press[family]) models += (models.empty() ? "" : ", ") + std::string(kFamilies[other]);
      }
      out += " (" + models + ": " + press[family] + ")";
    }
    return out;
  });
}

}  // namespace dw::doctor
