#include "sbc/doctor/audio_way.hpp"

#include <fmt/format.h>

#include "sbc/phones/text.hpp"

namespace dw::doctor {
using namespace phones;
namespace {

using By = AudioWay::By;
using nat::RouterMaps;

constexpr std::size_t kMaxWaySaid = 120;  // octets kept of remote text

std::string at_address(const AudioWay& way) {
  return way.address ? " at " + way.address->to_string() : std::string();
}

/// Without an answer by STUN: what else suggests one.
void judge_without_stun(const AudioWayFacts& facts, AudioWay& way) {
  if (const auto& seen = facts.seen) {
    way.address = seen->external;
    way.by = seen->external == seen->local ? By::own_address : seen->keeps_numbers ? By::same_port : By::nowhere;
    return;
  }
  const bool translated = facts.local.is_private() && !facts.central.is_private();
  if (facts.local && facts.central && !translated) {
    way.by = By::own_address;
    way.address = facts.local;
    return;
  }
  way.error = facts.stun_server.empty() ? "no STUN server is set" : facts.stun_error;
}

}  // namespace

AudioWay audio_way(const AudioWayFacts& facts) {
  AudioWay way;
  way.stun_server = facts.stun_server;
  if (facts.setting) {
    way.by = By::setting;
    way.address = facts.setting;
    return way;
  }
  if (facts.mapped) {
    way.by = By::mapped;
    way.address = facts.mapped;
    return way;
  }
  way.address = facts.ports.address;
  switch (facts.ports.maps) {
    case RouterMaps::unknown:
      way.address.reset();
      judge_without_stun(facts, way);
      break;
    case RouterMaps::nothing:
      way.by = By::own_address;
      break;
    case RouterMaps::by_port:
      way.by = By::stun;
      break;
    case RouterMaps::by_target:
      way.by = facts.ports.keeps_numbers == true ? By::same_port : By::nowhere;
      break;
  }
  return way;
}

std::string_view to_string(By by) {
  switch (by) {
    case By::not_known:
      return "not_known";
    case By::own_address:
      return "own_address";
    case By::setting:
      return "setting";
    case By::mapped:
      return "mapped";
    case By::stun:
      return "stun";
    case By::same_port:
      return "same_port";
    case By::nowhere:
      return "nowhere";
  }
  return "not_known";
}

std::string in_words(const AudioWay& way) {
  switch (way.by) {
    case By::not_known:
      return way.error.empty()
                 ? std::string("How audio reaches this box is not known yet.")
                 : fmt::format("How audio reaches this box is not known: {}{}.",
                               way.stun_server.empty() ? std::string() : printable(way.stun_server, kMaxWaySaid) + ": ",
                               printable(way.error, kMaxWaySaid));
    case By::own_address:
      return "Audio reaches this box at its own address: no router translates it on the way.";
    case By::setting:
      return fmt::format("Audio reaches this box{}, as central.media.advertise says.", at_address(way));
    case By::mapped:
      return fmt::format("Audio reaches this box{}, by ports that the router has mapped.", at_address(way));
    case By::stun:
      return fmt::format("Audio reaches this box{}, by ports learned by STUN ({}).", at_address(way),
                         printable(way.stun_server, kMaxWaySaid));
    case By::same_port:
      return fmt::format("Audio reaches this box{}: the router keeps port numbers.", at_address(way));
    case By::nowhere:
      return "There is no address at which audio reaches this box: the router gives each far end another port.";
  }
  return {};
}

}  // namespace dw::doctor
