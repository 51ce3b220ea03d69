#include "sbc/base/text_cursor.hpp"
#include "sbc/sip/proxy.hpp"

// A phone that has our address for its server writes it for its domain too. Which domain, and which server, its own
// config says.
namespace dw::sip {

Home Proxy::home_of(std::string_view device, std::string_view user, const IpAddress& at) const {
  return homes_ ? homes_(device, user, at) : Home{};
}

/// Who writes a domain itself is at home there.
Home Proxy::home_of(const Binding& b) const {
  if (b.maps_host) return home_of(b.device, b.user, b.reach.flow.peer.address);
  return {std::string(domain_in(b.aor)), 0};
}

/// Of a request of no dialog.
Home Proxy::home_of(const Message& m, const Flow& from, const Binding* binding) const {
  if (binding) return home_of(*binding);
  const auto uri = parse_uri(m.from().uri);
  if (!uri || !uri->is_sip()) return {};
  if (is_ours(uri->host, from)) return home_of({}, plain_user(uri->user), from.peer.address);
  return {std::string(uri->host), uri->port.value_or(0)};
}

/// Of whom nothing is known any more: a line that is registered stays where it is until its config is read again.
Home Proxy::kept_home(const Flow& from, std::string_view user) const {
  const Binding* const b = bindings_.of_user_at(from, user);
  if (!b || !b->maps_host) return {};
  return {std::string(domain_in(b->aor)), servers_.all()[b->server].name.port};
}

/// `central.sip.domain` says what a config's call server is called, but not where domains are told apart.
std::string Proxy::domain_of(const Home& home) const {
  if (home.host.empty() || equal_ignoring_case(home.host, domain_)) return domain_;
  if (!options_.central_domain.empty() && !servers_.lists(home.host)) return domain_;
  const auto literal = IpAddress::parse(home.host);
  return literal ? host_text(*literal) : home.host;
}

/// The one that it registered with, whatever its config says by now.
std::string Proxy::domain_of(const Binding& b) const {
  const std::string_view domain = domain_in(b.aor);
  return !b.maps_host || domain.empty() || equal_ignoring_case(domain, domain_) ? domain_ : std::string(domain);
}

/// Of a request of no dialog: where nobody is registered, what the phone's config says, if it is the only phone there.
std::string Proxy::domain_for(const Message& m, const Flow& from, const Binding* binding) const {
  if (binding) return domain_of(*binding);
  const auto uri = parse_uri(m.from().uri);
  return uri && uri->is_sip() && is_ours(uri->host, from) ? domain_of(home_of(m, from, nullptr)) : domain_;
}

/// The config names another domain than before: nothing is left at the old one, whose server does not hear of it.
void Proxy::leave_old_home(const Binding& b, Output& out) {
  if (b.device.empty() || !b.maps_host) return;
  for (Binding* const old : bindings_.elsewhere(b)) {
    out.events.push_back(event_of(Event::Kind::expired, *old));
    bindings_.remove(*old);
  }
}

}  // namespace dw::sip
