#include <algorithm>

#include "sbc/net/resolver.hpp"
#include "sbc/proxy/sip_proxy.hpp"

// Where the central servers and the hosts that SDP names are.
namespace dw::proxy {
namespace {

constexpr Duration kLookAgain = std::chrono::seconds(30);  // whether the route to a server has changed
constexpr Duration kRetryLookup = std::chrono::seconds(5);

net::SipTransport for_lookup(sip::Transport transport) {
  switch (transport) {
    case sip::Transport::udp:
      return net::SipTransport::udp;
    case sip::Transport::tcp:
      return net::SipTransport::tcp;
    case sip::Transport::tls:
      break;
  }
  return net::SipTransport::tls;
}

}  // namespace

/// Starts lookups of new servers, and stops those of servers that are no longer used.
void SipProxy::look_up_servers() {
  lookups_.resize(servers().size());
  for (std::size_t i = 0; i < lookups_.size(); ++i) {
    if (!servers()[i].configured) {
      lookups_[i] = {};
    } else if (!lookups_[i].again || !servers()[i].address()) {
      lookups_[i].again = std::make_unique<net::Timer>(loop_, [this, i] { look_up(i); });
      look_up(i);
    }
  }
}

void SipProxy::look_up(std::size_t server) {
  look_at_lan();
  const auto& s = servers()[server];
  lookups_[server].lookup = std::make_unique<net::SipLookup>(
      resolver_, s.name, for_lookup(s.transport),
      [this, server](Result<net::SipTargets> targets) { found(server, std::move(targets)); });
}

void SipProxy::found(std::size_t server, Result<net::SipTargets> targets) {
  std::vector<sip::Servers::Address> addresses;
  std::string why = targets ? "no way there" : targets.error().text;
  if (targets) {
    for (const Endpoint& at : targets->endpoints) {
      if (addresses.size() == kMaxAddresses) break;
      if (const auto local = local_toward(at)) addresses.push_back({at, *local});
    }
  }
  Duration again = kRetryLookup;
  if (addresses.empty()) {
    limit_.warn("event=sip_server_unknown server={} reason=\"{}\"", servers()[server].name.to_string(), escaped(why));
    core_.server_lookup_failed(loop_.now(), server, std::move(why), out_);
  } else {
    core_.set_server_addresses(server, std::move(addresses));
    again = std::clamp(targets->ttl, kRetryLookup, kLookAgain);
  }
  lookups_[server].again->arm_after(again);
  perform();
  if (sinks_.on_heard) sinks_.on_heard();
}

/// A host that an SDP names. Its port is known already.
void SipProxy::look_up_media(const std::string& name) {
  std::unique_ptr<net::SipLookup>& lookup = media_lookups_[name];
  lookup = std::make_unique<net::SipLookup>(resolver_, HostPort{name, sip::kSipPort}, net::SipTransport::udp,
                                            [this, name](Result<net::SipTargets> targets) {
                                              std::vector<IpAddress> addresses;
                                              if (targets) {
                                                for (const Endpoint& at : targets->endpoints)
                                                  addresses.push_back(at.address);
                                              }
                                              media_lookups_.erase(name);
                                              core_.on_addresses(loop_.now(), name, addresses, out_);
                                              perform();
                                            });
}

/// The endpoint of ours that faces a server: where we listen already, or another socket on the address that
/// packets to it leave from.
std::optional<Endpoint> SipProxy::local_toward(const Endpoint& peer) {
  const auto source = net::source_toward(peer);
  if (!source) return std::nullopt;
  for (const auto& socket : sockets_) {
    const Endpoint at = socket.local();
    if (at.address == *source || (at.address.is_unspecified() && at.address.is_v6() == source->is_v6()))
      return Endpoint{*source, at.port};
  }
  for (const std::uint16_t port : {options_.port, std::uint16_t{0}}) {
    if (const auto opened = listen_at({*source, port})) return Endpoint{*source, *opened};
  }
  return std::nullopt;
}

}  // namespace dw::proxy
