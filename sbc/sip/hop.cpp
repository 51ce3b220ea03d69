#include "sbc/sip/hop.hpp"

#include "sbc/sip/uri.hpp"

namespace dw::sip {

bool names_us(std::string_view host, const Flow& phone, const std::optional<IpAddress>& advertise) {
  return names_address(host, phone.local.address) || (advertise && names_address(host, *advertise));
}

}  // namespace dw::sip
