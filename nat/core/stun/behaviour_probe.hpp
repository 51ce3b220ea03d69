#pragma once
#include <array>
#include <string>

#include "nat/core/stun/asker.hpp"

namespace dw::nat {

/// RFC 4787 §4.1 and §5; the tests are those of RFC 5780 §4.3 and §4.4.
enum class Behaviour : std::uint8_t {
  unknown,
  endpoint_independent,
  address_dependent,
  address_and_port_dependent,
};

/// Finds out how a NAT behaves, by asking a STUN server: our reflexive address, how mappings depend on the destination,
/// from where packets are let in, and whether two hosts behind the NAT reach each other by its external address
/// (hairpin). Takes at most two rounds of StunAsker, about 6 s; less than a second if all is answered. Uses two
/// sockets: 0 asks several destinations, 1 only one, so that it shows who else is let in. No I/O.
class BehaviourProbe {
 public:
  struct Result {
    std::string error;  ///< why nothing is known
    std::optional<Endpoint> reflexive;
    std::optional<Duration> round_trip;
    Behaviour mapping = Behaviour::unknown;
    Behaviour filtering = Behaviour::unknown;
    /// The server has only one address: address-dependent behaviour looks like endpoint-independent.
    bool one_address = false;
    std::optional<bool> hairpin;
  };

  BehaviourProbe(const Endpoint& server, std::function<std::uint64_t()> random)
      : server_(server), asker_(std::move(random)) {}

  std::vector<StunSend> start(TimePoint now);
  /// The local address of a socket; without NAT there is no hairpin to test. Call before the first datagram.
  void set_local(std::uint32_t socket, const Endpoint& local) { local_[socket] = local; }
  std::vector<StunSend> on_datagram(TimePoint now, std::uint32_t socket, Bytes octets);
  std::vector<StunSend> on_deadline(TimePoint now);
  std::optional<TimePoint> next_deadline() const { return asker_.next_deadline(); }
  bool done() const { return asker_.idle(); }
  const Result& result() const { return result_; }

 private:
  enum Tag { map_first, map_second, map_third, filter_first, filter_both, filter_port, hairpin_0, hairpin_1 };

  void on_first(TimePoint now, Tag tag, const StunAsker::Answered& answered);
  void on_mapping(TimePoint now, Tag tag, const std::optional<Endpoint>& reflexive);
  void on_filtering(Tag tag, bool answered);
  void begin_hairpin(TimePoint now);
  void ask(TimePoint now, Tag tag, std::uint32_t socket, const Endpoint& to,
           std::optional<StunMessage::ChangeRequest> change = {});

  Endpoint server_;
  StunAsker asker_;
  std::array<Endpoint, 2> local_;
  std::array<std::optional<Endpoint>, 2> reflexive_;
  std::optional<Endpoint> other_;   // the server's alternate address and port
  std::optional<Endpoint> second_;  // what map_second saw
  std::vector<StunSend> out_;
  Result result_;
};

}  // namespace dw::nat
