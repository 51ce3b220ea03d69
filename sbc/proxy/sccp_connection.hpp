#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sbc/net/resolver.hpp"
#include "sbc/proxy/sccp_proxy.hpp"

namespace dw::proxy {

/// The connection of one phone, and the one to its call server. Owned by its slot.
struct SccpProxy::Connection {
  Connection(std::size_t s, const sccp::SessionOptions& options, MediaBroker& broker, sccp::SessionCounters& counters,
             const sccp::Session::PhoneSide& side, TimePoint now, CallLimits& limits)
      : slot(s), session(options, broker, counters, side, now, &limits) {}

  std::size_t slot;
  net::TcpStream phone, server;
  sccp::Session session;

  std::size_t target = 0;          ///< the server being tried or used
  std::vector<std::size_t> tried;  ///< servers, `target` included
  std::uint64_t turn = 0;          ///< its number in the queue to connect; 0: it does not wait
  std::size_t next_address = 0;
  Endpoint server_at;  ///< its address that is tried or used
  std::unique_ptr<net::Lookup> lookup;
  std::optional<TimePoint> connect_until;
  std::string failure;
  IpAddress source;           ///< one of Options::source_addresses
  bool counted = false;       ///< it counts among its server's phones
  bool refused = false;       ///< RegisterReject was sent to the phone
  bool refused_here = false;  ///< and it was us who refused

  bool closing = false;
  TimePoint forget_at{};
  TimePoint known_until{};  ///< when KnownSources has to hear again that a phone is registered there
  TimePoint armed{};
};

}  // namespace dw::proxy
