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

/// Faults of the box that show at its phones. For each kind: the code of the box's finding that says why
/// ("sip_server_down", "not_configured", …). Empty: there is no such fault, or nothing is known
/// of one.
struct BoxCauses {
  std::string_view sccp = {}, sip = {};        ///< no call server of this protocol is reachable now
  std::string_view files = {};                 ///< no file server answers
  std::string_view alg = {};                   ///< a router on the way changes SIP messages
  std::string_view media = {};                 ///< this box drops audio
  bool hosted = false;                         ///< advice for an edge box is left out
  bool sccp_served = true, sip_served = true;  ///< phones of this protocol are meant to register here

  std::string_view of(phones::Protocol protocol) const { return protocol == phones::Protocol::sip ? sip : sccp; }
  bool served(phones::Protocol protocol) const {
    return protocol == phones::Protocol::sip    ? sip_served
           : protocol == phones::Protocol::sccp ? sccp_served
                                                : sip_served || sccp_served;
  }
  friend bool operator==(const BoxCauses&, const BoxCauses&) = default;
};
/// From what the box knows of itself and has measured of its network.
BoxCauses box_causes(const BoxFacts& box, WallTime now);
/// Marks a phone's finding as a consequence of the box's `cause`: it becomes information, as the error is the box's.
/// With an empty cause it stays as it is.
Finding caused_by_box(Finding found, std::string_view cause);

/// The finding `no_call_server` of a phone or of some of its lines; `cause`: the box's finding for it, if any.
Finding finding_of_no_server(const phones::Phone& phone, std::string seen, std::string_view cause);

}  // namespace dw::doctor
