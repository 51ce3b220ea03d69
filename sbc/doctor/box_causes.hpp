#pragma once
#include <string>
#include <string_view>

#include "sbc/base/time.hpp"
#include "sbc/doctor/finding.hpp"
#include "sbc/phones/protocol.hpp"

namespace dw::phones {
struct Phone;
}
namespace dw::doctor {

struct BoxFacts;

/// What the box has found wrong with itself that shows at its phones: for each, the code of the box's finding that says
/// why
/// ("sip_server_down", "not_configured", …). Empty: it is as it should be, or nothing is known.
struct BoxCauses {
  std::string_view sccp = {}, sip = {};        ///< there is no call server at all by this protocol just now
  std::string_view files = {};                 ///< no file server answers
  std::string_view alg = {};                   ///< a router on the way changes SIP messages
  std::string_view media = {};                 ///< audio is thrown away here
  bool hosted = false;                         ///< what advice is for the other place is left out
  bool sccp_served = true, sip_served = true;  ///< phones of this protocol are meant to register here

  std::string_view of(phones::Protocol protocol) const { return protocol == phones::Protocol::sip ? sip : sccp; }
  bool served(phones::Protocol protocol) const {
    return protocol == phones::Protocol::sip    ? sip_served
           : protocol == phones::Protocol::sccp ? sccp_served
                                                : sip_served || sccp_served;
  }
  friend bool operator==(const BoxCauses&, const BoxCauses&) = default;
};
/// Out of what the box knows of itself and has measured of its network.
BoxCauses box_causes(const BoxFacts& box, WallTime now);
/// Makes a phone's finding one that comes from the box's `cause`: for information, and the box has the error. With an
/// empty cause it stays as it is.
Finding caused_by_box(Finding found, std::string_view cause);

/// `no_call_server` of a phone, or of lines of it; `cause`: the box has the fault and says so.
Finding finding_of_no_server(const phones::Phone& phone, std::string seen, std::string_view cause);

}  // namespace dw::doctor
