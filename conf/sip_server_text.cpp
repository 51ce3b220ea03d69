#include "conf/sip_server_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "conf/settings.hpp"
#include "sbc/base/escape.hpp"
#include "sbc/base/text_cursor.hpp"

namespace dw::conf {
namespace {

constexpr std::size_t kMaxDomains = 64;  // for one server

/// A domain as in URIs, or "*." followed by one. Without a port.
Result<std::string> parse_sip_domain(std::string_view text) {
  const bool below = text.starts_with("*.");
  const auto host = HostPort::parse(text.substr(below ? 2 : 0));
  const bool literal = host && IpAddress::parse(host->host).has_value();
  if (!host || text.contains('@') || (below && literal))
    return fail(Errc::invalid, fmt::format("\"{}\" is not a domain", escaped(text)));
  if (host->to_string() != host->host && !literal)
    return fail(Errc::invalid, fmt::format("the domain \"{}\" has a port; the port is the server's", escaped(text)));
  std::string out(below ? "*." : "");
  std::ranges::transform(host->host, std::back_inserter(out), lower);
  return out;
}

Result<SipServer> parse_sip_address(const std::string& entry) {
  for (const SipTransport transport : {SipTransport::udp, SipTransport::tcp, SipTransport::tls}) {
    const std::string prefix = fmt::format("{}:", to_string(transport));
    if (!starts_with_ignoring_case(entry, prefix)) continue;
    Result<HostPort> server = HostPort::parse(std::string_view(entry).substr(prefix.size()));
    if (!server) return std::unexpected(server.error());
    const bool literal = IpAddress::parse(server->host).has_value();
    if (literal && server->port == 0) server->port = transport == SipTransport::tls ? 5061 : 5060;
    return SipServer{transport, std::move(*server), {}};
  }
  return fail(Errc::invalid, "must start with udp:, tcp: or tls:");
}

}  // namespace

Result<SipServer> parse_sip_server(const std::string& entry) {
  if (entry.find_first_of(",;") != entry.npos)
    return fail(Errc::invalid, "domains come after the server, separated by blanks");
  const std::size_t end = entry.find(' ');
  Result<SipServer> server = parse_sip_address(entry.substr(0, end));
  std::string_view left = end == entry.npos || !server ? std::string_view() : std::string_view(entry).substr(end);
  for (left = trim(left); !left.empty(); left = trim(left)) {
    const std::size_t next = std::min(left.find(' '), left.size());
    const auto domain = parse_sip_domain(left.substr(0, next));
    if (!domain) return std::unexpected(domain.error());
    if (std::ranges::find(server->domains, *domain) != server->domains.end())
      return fail(Errc::invalid, fmt::format("the domain \"{}\" is there twice", *domain));
    if (server->domains.size() == kMaxDomains)
      return fail(Errc::too_long, fmt::format("more than {} domains", kMaxDomains));
    server->domains.push_back(*domain);
    left.remove_prefix(next);
  }
  return server;
}

std::string sip_server_text(const SipServer& server) {
  return fmt::format("{}:{}{}{}", to_string(server.transport), server.server.to_string(),
                     server.domains.empty() ? "" : " ", fmt::join(server.domains, " "));
}

}  // namespace dw::conf
