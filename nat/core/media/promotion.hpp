#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <utility>

#include "nat/core/media/flow_table.hpp"
#include "nat/core/media/relay_session.hpp"

namespace dw::nat {

/// Moves the two directions of a stream's RTP to a FlowTable once they are plain, and takes them back before anything
/// else happens to them, so that the session counts and decides the same whichever way the packets went.
///
///   by sockets --kPackets in a row on one path--> watched --FlowTable::start()--> carried
///   watched --another path, a command--> by sockets
///   carried --a packet of it at the socket, another path, a command--> by sockets
///
/// The caller calls before() and after() around each packet at an RTP port, demote() before each command, and settle()
/// before anybody reads the session.
class Promotion {
 public:
  static constexpr unsigned kPackets = 10;
  static constexpr unsigned kAfterRefusal = 500;  ///< packets: ten seconds of voice
  struct Places {
    Endpoint phone, central;  ///< our own RTP ports
    std::uint8_t tos = 0;
  };

  Promotion(FlowTable& table, RelaySession& session, const Places& places);
  ~Promotion() { demote(); }
  Promotion(const Promotion&) = delete;

  void before(Port in, const Endpoint& from);
  /// `last`: no other packet waits at that port; a carried packet would overtake it.
  void after(Port in, const Endpoint& from, bool taken, bool last);
  void demote();
  void settle();
  void set_tos(std::uint8_t tos);

  bool is_carried(Port in) const { return leg(in).started; }
  /// after() may start it.
  bool is_watched(Port in) const { return leg(in).flow && !leg(in).started; }
  bool is_carried() const { return is_carried(Port::phone_rtp) || is_carried(Port::central_rtp); }
  /// Packets carried since the last call.
  std::uint64_t take_carried(Port in) { return std::exchange(leg(in).carried, 0); }

 private:
  struct Leg {
    std::optional<RelaySession::PlainPath> path{};
    std::optional<FlowTable::Flow> flow{};
    bool started = false, suspended = false;
    unsigned run = 0, wanted = kPackets;  ///< packets on the path
    std::uint64_t carried = 0;
  };
  const Leg& leg(Port in) const { return legs_[on_phone_side(in) ? 0 : 1]; }
  Leg& leg(Port in) { return legs_[on_phone_side(in) ? 0 : 1]; }
  void suspend(Port in);
  void end(Port in);
  void enter(Port in);

  FlowTable& table_;
  RelaySession& session_;
  Places places_;
  std::array<Leg, 2> legs_;
};

}  // namespace dw::nat
