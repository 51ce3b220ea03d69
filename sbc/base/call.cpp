#include "sbc/base/call.hpp"

namespace dw {

std::string_view to_string(Protocol protocol) {
  switch (protocol) {
    case Protocol::unknown:
      return "";
    case Protocol::sccp:
      return "sccp";
    case Protocol::sip:
      return "sip";
  }
  return "";
}

std::string_view to_string(Call::Way way) {
  switch (way) {
    case Call::Way::unknown:
      return "";
    case Call::Way::outgoing:
      return "outgoing";
    case Call::Way::incoming:
      return "incoming";
  }
  return "";
}

std::string_view to_string(Call::EndedBy ended_by) {
  switch (ended_by) {
    case Call::EndedBy::unknown:
      return "";
    case Call::EndedBy::phone:
      return "phone";
    case Call::EndedBy::central:
      return "central";
    case Call::EndedBy::us:
      return "dropwire";
  }
  return "";
}

}  // namespace dw
