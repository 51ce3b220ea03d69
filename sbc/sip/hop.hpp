#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "sbc/sip/flow.hpp"

namespace dw::sip {

/// Where a message goes next, and how we name ourselves there.
struct Hop {
  Flow flow;
  Side side = Side::central;
  std::string us;          ///< host[:port]
  std::string contact;     ///< what follows it in a Contact's URI: parameters
  bool maps_host = false;  ///< toward a phone that writes our address where it means the central domain
  std::string domain;      ///< the central domain of this phone
  Flow phone;              ///< the phone's flow, whichever side the hop is on
};

/// What of a request its responses have to show again.
struct ReturnPath {
  std::string vias;                ///< whole lines, as responses have them
  std::string record_routes;       ///< whole lines (RFC 3261 §12.1.1)
  std::string from_host, to_host;  ///< Uri::tail() of From and To where we sent another; empty: they went as they came
};

/// Whether this host of a URI is an address by which a phone knows us.
bool names_us(std::string_view host, const Flow& phone, const std::optional<IpAddress>& advertise);

}  // namespace dw::sip
