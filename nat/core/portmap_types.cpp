#include "nat/core/portmap_types.hpp"

#include <fmt/format.h>

namespace dw::nat::portmap {

std::string_view to_string(Transport transport) {
  return transport == Transport::tcp ? "tcp" : "udp";
}

std::string_view to_string(Protocol protocol) {
  switch (protocol) {
    case Protocol::none:
      break;
    case Protocol::pcp:
      return "PCP";
    case Protocol::nat_pmp:
      return "NAT-PMP";
    case Protocol::upnp:
      return "UPnP";
  }
  return "none";
}

std::string in_words(const Facts& f) {
  if (!f.active) return "The router is not asked for anything: " + f.inactive + ".";
  const std::string router = "The router " + f.gateway.to_string();
  if (f.protocol == Protocol::none)
    return f.last_error.empty()
               ? router + " has not answered yet."
               : fmt::format("{} opens no ports ({}). Switch on UPnP, NAT-PMP or PCP there.", router, f.last_error);
  if (f.double_nat)
    return fmt::format("{} speaks {}, but its own address {} is behind one more router (double NAT, or the carrier's): "
                       "its mappings lead nowhere.",
                       router, to_string(f.protocol), f.external.to_string());
  if (f.granted.empty())
    return fmt::format("{} speaks {} and maps nothing: {}.", router, to_string(f.protocol), f.last_error);
  std::string text = fmt::format("{} lets the central side in by {} at {}: {} of {} ports are mapped", router,
                                 to_string(f.protocol), f.external.to_string(), f.granted.size(), f.wanted);
  if (!f.last_error.empty()) text += "; " + f.last_error;
  return text + ".";
}

}  // namespace dw::nat::portmap
