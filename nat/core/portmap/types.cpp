#include "nat/core/portmap/types.hpp"

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

std::string_view to_string(FilterFacts::State state) {
  switch (state) {
    case FilterFacts::State::unwanted:
      break;
    case FilterFacts::State::asked:
      return "asked";
    case FilterFacts::State::agreed:
      return "agreed";
    case FilterFacts::State::open:
      return "open";
  }
  return "everybody";
}

std::string filter_in_words(const Facts& f) {
  using State = FilterFacts::State;
  if (!f.active || f.double_nat || f.granted.empty()) return {};
  if (f.filter.state == State::agreed)
    return f.filter.not_kept
               ? "It agreed to let only the central side reach SIP's port and does not keep to it: Dropwire drops "
                 "what others send."
               : "It agreed to let only the central side reach SIP's port.";
  if (f.filter.state == State::open)
    return fmt::format("SIP's port is open to everybody there ({}): Dropwire drops what strangers send.", f.filter.why);
  return {};
}

std::string in_words(const Facts& f) {
  if (!f.active) return "The router is not asked for anything: " + f.inactive + ".";
  const std::string router = "The router " + f.gateway.to_string();
  if (f.protocol == Protocol::none)
    return f.last_error.empty()
               ? router + " has not answered yet."
               : fmt::format("{} opens no ports ({}). Switch on UPnP, NAT-PMP or PCP there.", router, f.last_error);
  if (f.double_nat)
    return fmt::format(
        "{} speaks {}, but its own address {} is behind one more router (double NAT, or the carrier's): "
        "its mappings lead nowhere.",
        router, to_string(f.protocol), f.external.to_string());
  if (f.granted.empty())
    return fmt::format("{} speaks {} and maps nothing: {}.", router, to_string(f.protocol), f.last_error);
  std::string text = fmt::format("{} lets the central side in by {} at {}: {} of {} ports are mapped", router,
                                 to_string(f.protocol), f.external.to_string(), f.granted.size(), f.wanted);
  if (!f.last_error.empty()) text += "; " + f.last_error;
  const std::string filter = filter_in_words(f);
  return filter.empty() ? text + "." : text + ". " + filter;
}

}  // namespace dw::nat::portmap
