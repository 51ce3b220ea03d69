#pragma once
#include <algorithm>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sbc/base/endpoint.hpp"
#include "sbc/base/fail_over.hpp"
#include "sbc/base/time.hpp"
#include "sbc/base/token_bucket.hpp"
#include "sbc/sip/flow.hpp"

namespace dw::sip {

/// One of the central servers, as the settings have it.
struct ServerName {
  Transport transport = Transport::udp;
  HostPort name;
  std::vector<std::string> domains{};  ///< that it is for, "*.example.net" all below that one; none: it is for
                                       ///< everybody who is in none of the others'
  bool by_port = false;  ///< for the phones alone whose configs name this port; the first is for the others too
  friend bool operator==(const ServerName&, const ServerName&) = default;
};

/// The central servers in the order that was configured, where each is, and which of them answer. Each has a number for
/// as long as something is bound to it, whatever becomes of the order. One that is down is asked every few seconds by
/// whoever pings, and gets requests only when no other is left, a few a second. No I/O.
class Servers {
 public:
  static constexpr std::size_t kMax = 16;
  static constexpr std::size_t kMaxKept = 32;  ///< with those out of the settings that are still in use
  static constexpr unsigned kPingsMissed = 2;  ///< in a row: it is taken for dead

  struct Address {
    Endpoint peer;
    Endpoint local;  ///< ours toward it
  };
  struct Seen {
    Endpoint by, as;  ///< where one of its addresses sees us, as the last answer from there says
  };
  struct Server : FailOverServer {
    Transport transport = Transport::udp;
    std::vector<std::string> domains;  ///< ServerName's
    bool by_port = false;
    std::vector<Address> addresses;  ///< in the order to try; the first is used until it fails
    std::vector<Address> former;     ///< that its name had before, while dialogs run over them
    std::size_t current = 0;
    TimePoint next_ping{};
    TimePoint last_heard{};                     ///< zero: never
    std::optional<TimePoint> unanswered_since;  ///< something was asked then, and it has said nothing since
    std::optional<TimePoint> suspected_at;      ///< somebody said by ICMP that it is gone
    unsigned pings_missed = 0;
    bool answers_pings = false;                    ///< it did, once
    std::optional<Seen> seen;                      ///< by UDP
    bool no_tcp = false;                           ///< asked by UDP, and refused a connection for a large request
    ConnectionId connection = ConnectionId::none;  ///< for pings and large requests
    TokenBucket registers{1, 1};

    const Address* address() const { return current < addresses.size() ? &addresses[current] : nullptr; }
  };

  using Names = std::vector<ServerName>;
  Servers(const Names& names, double register_rate);

  using Used = FailOverList<Server>::Used;
  /// Takes another list, see FailOverList; one that is not named any more keeps its addresses while it is `used`.
  /// False, and nothing is changed, when kMaxKept would not hold them all.
  bool configure(const Names& names, double register_rate, const Used& used);
  /// Forgets where those are that are neither configured nor used: they are the central side no more.
  void forget_unused(const Used& used);
  std::size_t configured() const { return list_.order().size(); }

  /// A bit for each server.
  using Set = std::uint32_t;
  static_assert(kMaxKept <= 32);
  struct Choice {
    Set may = ~Set{0};  ///< those that a request may go to
    Set first = 0;      ///< of them, those that it goes to while one of them is up
  };
  /// For whoever is at home at this host and port, as its own config has them; an empty host and port 0: it is not
  /// known. A domain that is listed is that of the servers which list it; who is in none goes to those that list none,
  /// first to the one that is at this host and port.
  Choice choose(std::string_view host, std::uint16_t port) const;
  /// Whether a server of the settings lists this domain.
  bool lists(std::string_view domain) const;
  /// Whether the settings leave nothing but what they list: any server has domains.
  bool lists_any() const;
  /// One of its addresses, or its name, is this host.
  static bool is_at(const Server& server, std::string_view host);
  /// It lists this domain, or all that is below one above it.
  static bool is_for(const Server& server, std::string_view domain);
  static bool has_port(const Server& server, std::uint16_t port);

  /// Of `choice`, the first that is up and not in `tried`; else the first that is down, if it has not been tried
  /// too often lately, or whoever asks `must` be tried; nothing is left otherwise.
  std::optional<std::size_t> pick(TimePoint now, Set tried, bool must, const Choice& choice);
  std::optional<std::size_t> pick(TimePoint now, Set tried, bool must = false) {
    return pick(now, tried, must, Choice{});
  }
  /// Something is sent to it, and it is to answer.
  void asked(TimePoint now, std::size_t server);
  /// It said something. How long it had been down, if it was.
  std::optional<Duration> worked(TimePoint now, std::size_t server);
  /// Whether it had been up. Goes on to its next address.
  bool failed(TimePoint now, std::size_t server, std::string why);
  void set_addresses(std::size_t server, std::vector<Address> addresses);

  static constexpr std::size_t kMaxFormer = 16;
  void forget_former(const std::function<bool(const Endpoint& peer)>& used);

  /// The server that stands at this address and port.
  std::optional<std::size_t> at(const Endpoint& peer) const;
  /// The same, else one at this address, whatever its port.
  std::optional<std::size_t> at_address(const Endpoint& peer) const;
  /// The configured one that a URI's host and port name: as it is configured, or by an address of it.
  std::optional<std::size_t> named(std::string_view host, std::optional<std::uint16_t> port) const;

  Server& operator[](std::size_t server) { return list_[server]; }
  const std::vector<Server>& all() const { return list_.all(); }

 private:
  template <class Is>
  std::optional<std::size_t> find(Is is) const {
    for (std::size_t i = 0; i < all().size(); ++i) {
      if (std::ranges::any_of(list_[i].addresses, is, &Address::peer) ||
          std::ranges::any_of(list_[i].former, is, &Address::peer))
        return i;
    }
    return std::nullopt;
  }

  FailOverList<Server> list_;
};

}  // namespace dw::sip
