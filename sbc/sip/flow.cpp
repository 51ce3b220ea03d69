#include "sbc/sip/flow.hpp"

namespace dw::sip {

std::string_view to_string(Transport transport) {
  switch (transport) {
    case Transport::udp:
      return "UDP";
    case Transport::tcp:
      return "TCP";
    case Transport::tls:
      return "TLS";
  }
  return "?";
}

std::string host_text(const IpAddress& address) {
  return address.is_v6() ? "[" + address.to_string() + "]" : address.to_string();
}

std::string host_port_text(const Endpoint& at) {
  return at.port == kSipPort ? host_text(at.address) : host_text(at.address) + ":" + std::to_string(at.port);
}

}  // namespace dw::sip
