#pragma once
#include <cstddef>
#include <string>
#include <string_view>
#include <unordered_map>

#include "sbc/sip/bindings.hpp"
#include "sbc/sip/homes.hpp"
#include "sbc/sip/identifiers.hpp"
#include "sbc/sip/output.hpp"
#include "sbc/sip/proxy_options.hpp"
#include "sbc/sip/router.hpp"
#include "sbc/sip/servers.hpp"
#include "sbc/sip/transactions.hpp"

namespace dw::sip {

/// Finds out whether servers and phones are there: by OPTIONS to each, by what they answer, and by their silence. To
/// phones behind routers that keeps the router's mapping open too, and it shows which of a phone's ports hears. Owns
/// when each address was last kept alive; what is known of a server or a binding stands there. When it is due:
/// next_ping(), and Binding::next_keepalive. No I/O.
class Watch {
 public:
  /// What it reads and writes; all of it outlives it.
  struct Parts {
    const ProxyOptions& options;
    Servers& servers;
    Bindings& bindings;
    Transactions& transactions;
    Router& router;
    Identifiers& identifiers;
    const Homes& homes;
  };
  explicit Watch(const Parts& parts);

  // ---- servers ----

  TimePoint next_ping() const;
  void ping_servers(TimePoint now, Output& out);
  /// It refuses connections or is silent: its next address is used from now on.
  void server_failed(TimePoint now, std::size_t server, std::string why, Output& out);
  void server_worked(TimePoint now, std::size_t server, Output& out);
  /// An unproven report (ICMP) says that it is gone: it is asked now.
  void suspect(TimePoint now, std::size_t server);

  // ---- phones ----

  void keep_alive(TimePoint now, Binding& b, Output& out);
  /// A datagram to that address of the phone did not arrive: the phone is asked now.
  void suspect(TimePoint now, Binding& b, const Endpoint& at);

  // ---- what comes of our OPTIONS ----

  void answered(TimePoint now, const Transaction& t, Output& out);
  /// Nothing came within the time that it has.
  void unanswered(TimePoint now, const Transaction& t, Output& out);

  /// Forgets addresses that nothing was sent to for long.
  void forget_old(TimePoint now);

 private:
  Duration ping_while_down() const { return std::min(options_.retry, options_.ping); }
  void send_options(TimePoint now, Transaction& t, std::string_view uri, const std::string& us, Duration within,
                    Output& out);
  void probe(TimePoint now, Binding& b, const Flow& flow, Output& out);
  void server_unanswered(TimePoint now, std::size_t server, Output& out);

  const ProxyOptions& options_;
  Servers& servers_;
  Bindings& bindings_;
  Transactions& transactions_;
  Router& router_;
  Identifiers& identifiers_;
  const Homes& homes_;
  std::unordered_map<Endpoint, TimePoint> kept_alive_;
};

}  // namespace dw::sip
