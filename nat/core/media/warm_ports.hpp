#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "nat/core/stun/asker.hpp"
#include "sbc/base/endpoint.hpp"
#include "sbc/base/time.hpp"

namespace dw::nat {

/// How a router that was not asked for ports maps ours (RFC 4787 §4.1).
enum class RouterMaps : std::uint8_t {
  unknown,    ///< no STUN server answers, or none has yet
  nothing,    ///< no NAT: the internet sees our own address
  by_port,    ///< a port has one mapping for all targets: what a STUN server sees is valid for all
  by_target,  ///< each target sees another mapping: what a STUN server sees is of no use
};

/// Port pairs for media that are ready before a call needs them: bound, with their mapping in the router learned by
/// STUN from these ports and kept alive by asking again, so that a stream knows at once where the internet reaches it.
/// One pair, the scout, goes first; the others follow only if its answers show that they are of use. The scout also
/// asks another port of the server, to distinguish by_port from by_target. Owned by WarmPool, which has the sockets. No
/// I/O.
///
///   free --bind--> open --answer--> known --take()--> taken --give_back()--> quarantined --kQuarantine--> free
class WarmPorts {
 public:
  static constexpr std::size_t kMaxPairs = 128;
  static constexpr Duration kQuarantine = std::chrono::seconds(11);  ///< PortPool::kQuarantine and some more
  static constexpr Duration kRetry = std::chrono::seconds(4);        ///< for a server that never answered; doubles
  static constexpr Duration kLongestRetry = std::chrono::seconds(60);
  static constexpr unsigned kMissed = 3;  ///< refreshes without an answer: the mapping is unknown again

  struct Options {
    IpAddress local;                   ///< to which the ports are bound
    std::vector<std::uint16_t> ports;  ///< RTP ports, even; RTCP is the next port. At most the first kMaxPairs
    std::size_t warm = 8;              ///< pairs kept ready
    Duration refresh = std::chrono::seconds(20);
    Endpoint server;  ///< STUN
    std::function<std::uint64_t()> random;
  };
  struct Send {
    std::uint16_t port = 0;  ///< our own
    Endpoint to;
    Buffer octets;
  };
  /// To be done in this order. A pair is named by its RTP port and is two sockets.
  struct Actions {
    std::vector<std::uint16_t> close, bind;
    std::vector<Send> sends;
  };
  struct Pair {
    std::uint16_t port = 0;
    Endpoint rtp;                  ///< as the internet reaches it
    std::optional<Endpoint> rtcp;  ///< nothing: RTCP's mapping is unknown
  };
  struct Facts {
    RouterMaps maps = RouterMaps::unknown;
    std::optional<IpAddress> address;   ///< ours, as the STUN server saw it last
    std::optional<bool> keeps_numbers;  ///< external ports have the same numbers as ours
    std::size_t ready = 0, taken = 0;   ///< pairs
    std::string error;                  ///< why nothing is known
    friend bool operator==(const Facts&, const Facts&) = default;
  };

  explicit WarmPorts(Options options);

  Actions start(TimePoint now);
  /// Changes how many pairs are kept ready; 0: closes all sockets, and keeps what is known.
  Actions set_warm(TimePoint now, std::size_t pairs);
  /// Somebody saw another external address: asks for all mappings again now.
  Actions look_again(TimePoint now);
  void set_refresh(Duration refresh) { options_.refresh = refresh; }
  /// `port`: the port of ours that received it. Datagrams that answer none of our requests are ignored.
  Actions on_datagram(TimePoint now, std::uint16_t port, Bytes octets);
  Actions on_deadline(TimePoint now);
  std::optional<TimePoint> next_deadline() const;
  /// The port is in use by a stream or another program.
  Actions on_bind_failed(TimePoint now, std::uint16_t port);

  /// Takes a pair for a stream, if possible one whose external ports are consecutive, and of these the one ready for
  /// longest. Its sockets are in `actions.close`; the caller binds the ports again.
  std::optional<Pair> take(TimePoint now, Actions& actions);
  /// The stream has ended, or never used it.
  Actions give_back(TimePoint now, std::uint16_t port);

  const Facts& facts() const { return facts_; }

 private:
  enum class State : std::uint8_t { free, open, taken, quarantined };
  struct Socket {
    std::optional<Endpoint> external;
    TimePoint due{};  ///< when to ask next
    bool waiting = false;
    unsigned missed = 0;
  };
  struct Entry {
    std::uint16_t port = 0;
    State state = State::free;
    TimePoint since{};  ///< when that state began
    Socket rtp, rtcp;
  };
  enum Which { rtp, rtcp, second };  // second: RTP again, toward the server's other port
  static constexpr int kWhich = 3;

  Socket& socket_of(int tag);
  Entry* entry_of(std::uint16_t port);
  Entry* scout();
  std::size_t wanted() const;
  void step(TimePoint now);
  void open_more(TimePoint now);
  void close_some();
  void ask_due(TimePoint now);
  void ask(TimePoint now, std::size_t entry, Which which, const Endpoint& to);
  void set(TimePoint now, Entry& entry, State state);
  void on_answer(TimePoint now, const StunAsker::Answered& answered);
  void on_second(const Entry& entry, const StunMessage& answer);
  void on_missed(TimePoint now, int tag, std::string why);
  void learn(TimePoint now, Socket& socket, const Endpoint& external);
  void nothing_against_it();
  TimePoint refresh_after(TimePoint now);
  void sum_up();
  Actions done(TimePoint now);

  Options options_;
  StunAsker asker_;
  std::vector<Entry> entries_;
  Duration retry_ = kRetry;
  bool answered_ = false;  ///< the server answered at least once
  std::vector<StunSend> asked_;
  Actions out_;
  Facts facts_;
};

}  // namespace dw::nat
