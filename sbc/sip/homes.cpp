#include "sbc/sip/homes.hpp"

#include "sbc/base/text_cursor.hpp"
#include "sbc/sip/hop.hpp"

namespace dw::sip {
namespace {

std::string configured_domain(const ProxyOptions& options) {
  if (!options.central_domain.empty() || options.servers.empty()) return options.central_domain;
  const std::string& host = options.servers.front().name.host;
  const auto literal = IpAddress::parse(host);
  return literal ? host_text(*literal) : host;
}

}  // namespace

Homes::Homes(const ProxyOptions& options, const Servers& servers, const Bindings& bindings)
    : options_(options), servers_(servers), bindings_(bindings), domain_(configured_domain(options)) {}

void Homes::configure() {
  domain_ = configured_domain(options_);
}

Home Homes::of_phone(std::string_view device, std::string_view user, const IpAddress& at) const {
  return homes_ ? homes_(device, user, at) : Home{};
}

Home Homes::of(const Binding& b) const {
  if (b.maps_host) return of_phone(b.device, b.user, b.reach.flow.peer.address);
  return {std::string(domain_in(b.aor)), 0};
}

Home Homes::of(const std::optional<Uri>& from, const Flow& flow, const Binding* binding) const {
  if (binding) return of(*binding);
  if (!from || !from->is_sip()) return {};
  if (names_us(from->host, flow, options_.advertise)) return of_phone({}, plain_user(from->user), flow.peer.address);
  return {std::string(from->host), from->port.value_or(0)};
}

Home Homes::kept(const Flow& from, std::string_view user) const {
  const Binding* const b = bindings_.of_user_at(from, user);
  if (!b || !b->maps_host) return {};
  return {std::string(domain_in(b->aor)), servers_.all()[b->server].name.port};
}

/// `central.sip.domain` says what a config's call server is called, but not where servers list their domains.
std::string Homes::domain_of(const Home& home) const {
  if (home.host.empty() || equal_ignoring_case(home.host, domain_)) return domain_;
  if (!options_.central_domain.empty() && !servers_.lists(home.host)) return domain_;
  const auto literal = IpAddress::parse(home.host);
  return literal ? host_text(*literal) : home.host;
}

std::string Homes::domain_of(const Binding& b) const {
  const std::string_view domain = domain_in(b.aor);
  return !b.maps_host || domain.empty() || equal_ignoring_case(domain, domain_) ? domain_ : std::string(domain);
}

std::string Homes::domain_of(const std::optional<Uri>& from, const Flow& flow, const Binding* binding) const {
  if (binding) return domain_of(*binding);
  const bool writes_us = from && from->is_sip() && names_us(from->host, flow, options_.advertise);
  return writes_us ? domain_of(of(from, flow, nullptr)) : domain_;
}

}  // namespace dw::sip
