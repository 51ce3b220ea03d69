#pragma once
#include <string>
#include <string_view>

#include "sbc/sip/bindings.hpp"
#include "sbc/sip/flow.hpp"

namespace dw::sip {

// Requests that we send on our own, outside of any dialog.

/// Who we are in it. Branch, tag and Call-ID are unguessable.
struct OwnRequest {
  Transport transport = Transport::udp;
  std::string_view us;  ///< host[:port]
  std::string_view branch, tag, call_id;
};

/// Asks whether somebody is there. `via_params`: further parameters of its Via, each with its ";".
std::string options_request(const OwnRequest& own, std::string_view uri, std::string_view via_params);

/// Asks a phone to read its config and register again, or to boot: by the event package that its firmware knows
/// (cisco-provisioning §5.4).
std::string start_over_request(const OwnRequest& own, const Binding& b, bool boot);

}  // namespace dw::sip
