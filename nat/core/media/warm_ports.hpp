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

/// What a router that nobody asked for ports makes of ours (RFC 4787 §4.1).
enum class RouterMaps : std::uint8_t {
  unknown,    ///< no STUN server has answered, or none does any more
  nothing,    ///< nobody translates: the internet sees our own address
  by_port,    ///< a port of ours has one mapping, whoever it talks to: what a STUN server sees is good for all
  by_target,  ///< each target sees another one: what a STUN server sees is good for nobody else
};

/// Port pairs for media that stand ready before a call needs them: bound, their mapping in the router learned by STUN
/// from those very ports and kept there by asking again, so that a stream can say at once where the internet reaches
/// it. One pair goes first; only when it shows that it is of use, the others follow. That pair also asks another port
/// of the server, which tells by_port from by_target. Owned by WarmPool, which has the sockets. No I/O.
///
///   free --bind--> open --answer--> known --take()--> taken --give_back()--> resting --kRest--> free
class WarmPorts {
 public:
  static constexpr std::size_t kMaxPairs = 128;
  static constexpr Duration kRest = std::chrono::seconds(11);  ///< PortPool::kQuarantine, and a moment
  static constexpr Duration kRetry = std::chrono::seconds(4);  ///< of a server that never answered; doubles
  static constexpr Duration kLongestRetry = std::chrono::seconds(60);
  static constexpr unsigned kMissed = 3;  ///< refreshes without answer: the mapping is no longer known

  struct Options {
    IpAddress local;                   ///< where the ports stand
    std::vector<std::uint16_t> ports;  ///< RTP's, even; RTCP's is the next. The first kMaxPairs count
    std::size_t warm = 8;              ///< pairs that stand ready
    Duration refresh = std::chrono::seconds(20);
    Endpoint server;  ///< STUN
    std::function<std::uint64_t()> random;
  };
  struct Send {
    std::uint16_t port = 0;  ///< of ours
    Endpoint to;
    Buffer octets;
  };
  /// In this order. A pair is named by its RTP port and is two sockets.
  struct Actions {
    std::vector<std::uint16_t> close, bind;
    std::vector<Send> sends;
  };
  struct Pair {
    std::uint16_t port = 0;
    Endpoint rtp;                  ///< as the internet reaches it
    std::optional<Endpoint> rtcp;  ///< not known: RTCP's mapping has not been seen
  };
  struct Facts {
    RouterMaps maps = RouterMaps::unknown;
    std::optional<IpAddress> address;   ///< ours, as the STUN server saw it last
    std::optional<bool> keeps_numbers;  ///< external ports have the numbers of ours
    std::size_t ready = 0, taken = 0;   ///< pairs
    std::string error;                  ///< why nothing is known
    friend bool operator==(const Facts&, const Facts&) = default;
  };

  explicit WarmPorts(Options options);

  Actions start(TimePoint now);
  /// How many pairs stand ready from now on; 0: every socket is closed, and what is known stays.
  Actions set_warm(TimePoint now, std::size_t pairs);
  /// Somebody saw us elsewhere: all are asked again now.
  Actions look_again(TimePoint now);
  void set_refresh(Duration refresh) { options_.refresh = refresh; }
  /// `port`: ours, that it came to. What answers none of our requests is left out, whoever sent it.
  Actions on_datagram(TimePoint now, std::uint16_t port, Bytes octets);
  Actions on_deadline(TimePoint now);
  std::optional<TimePoint> next_deadline() const;
  /// It could not be bound, as a stream or another program has it.
  Actions on_bind_failed(TimePoint now, std::uint16_t port);

  /// For a stream: a pair whose external ports follow each other if there is one, of those the one that waited longest.
  /// Its sockets are among `actions.close`: whoever takes it binds them again.
  std::optional<Pair> take(TimePoint now, Actions& actions);
  /// The stream has ended, or never had it.
  Actions give_back(TimePoint now, std::uint16_t port);

  const Facts& facts() const { return facts_; }

 private:
  enum class State : std::uint8_t { free, open, taken, resting };
  struct Socket {
    std::optional<Endpoint> external;
    TimePoint due{};  ///< when it is asked for next
    bool waiting = false;
    unsigned missed = 0;
  };
  struct Entry {
    std::uint16_t port = 0;
    State state = State::free;
    TimePoint since{};  ///< in that state
    Socket rtp, rtcp;
  };
  enum Which { rtp, rtcp, second };  // second: RTP once more, toward the server's other port
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
  bool answered_ = false;  ///< the server did, at least once
  std::vector<StunSend> asked_;
  Actions out_;
  Facts facts_;
};

}  // namespace dw::nat
