#include "sbc/phones/signalling.hpp"

namespace dw::phones {

std::string_view to_string(SignallingEvent event) {
  switch (event) {
    case SignallingEvent::connected:
      return "connected";
    case SignallingEvent::no_server:
      return "no_server";
    case SignallingEvent::registered:
      return "registered";
    case SignallingEvent::refused:
      return "refused";
    case SignallingEvent::unregistered:
      return "unregistered";
    case SignallingEvent::superseded:
      return "superseded";
    case SignallingEvent::reset:
      return "reset";
    case SignallingEvent::phone_lost:
      return "phone_lost";
    case SignallingEvent::server_lost:
      return "server_lost";
    case SignallingEvent::keepalive_missed:
      return "keepalive_missed";
    case SignallingEvent::call_preserved:
      return "call_preserved";
    case SignallingEvent::media_silent:
      return "media_silent";
    case SignallingEvent::lines:
      return "lines";
    case SignallingEvent::bad_password:
      return "bad_password";
    case SignallingEvent::alarm:
      return "alarm";
    case SignallingEvent::unheard:
      return "unheard";
    case SignallingEvent::unreachable:
      return "unreachable";
    case SignallingEvent::reachable:
      return "reachable";
    case SignallingEvent::altered:
      return "altered";
    case SignallingEvent::call_refused:
      return "call_refused";
    case SignallingEvent::no_date:
      return "no_date";
  }
  return "?";
}

}  // namespace dw::phones
