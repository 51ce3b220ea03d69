#pragma once
#include <string>
#include <string_view>

#include "sbc/base/time.hpp"
#include "sbc/phones/finding.hpp"
#include "sbc/phones/protocol.hpp"

namespace dw::phones {

struct BoxFacts;
struct Phone;

/// Which protocols have no call server at all just now, and the code of the box's finding that says why ("sip_server_down",
/// "not_configured", …); empty: there is one, or nothing is known.
struct NoServer {
  std::string_view sccp, sip;

  std::string_view of(Protocol protocol) const { return protocol == Protocol::sip ? sip : sccp; }
  friend bool operator==(const NoServer&, const NoServer&) = default;
};
/// Out of what the box knows of itself and has measured of its network.
NoServer no_server_now(const BoxFacts& box, WallTime now);

/// `no_call_server` of a phone, or of lines of it. With a `cause`, a code out of NoServer, the box has the fault and says so:
/// then this is for information, and names it.
Finding finding_of_no_server(const Phone& phone, std::string seen, std::string_view cause);

}  // namespace dw::phones
