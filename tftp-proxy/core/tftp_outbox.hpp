#pragma once
#include <algorithm>
#include <array>
#include <cassert>
#include <cstdint>
#include <string>
#include <vector>

#include "sbc/base/endpoint.hpp"
#include "sbc/base/time.hpp"
#include "tftp-proxy/core/content.hpp"
#include "tftp-proxy/core/tftp_options.hpp"

namespace dw::tftp {

/// One transfer of the session table. A number is used again, but never with the same generation.
struct SessionId {
  std::uint32_t slot = 0;
  std::uint32_t generation = 0;
  friend bool operator==(const SessionId&, const SessionId&) = default;
};

enum class TransferOutcome : std::uint8_t {
  sent,         ///< the last block was acknowledged
  unconfirmed,  ///< the last block went out, and its ACK never came
  not_found,
  not_admitted,  ///< answered as not found (Errc::not_admitted)
  refused,       ///< policy does not allow the file
  unavailable,   ///< no origin, or it broke off
  no_ack,        ///< nothing was ever acknowledged
  stalled,       ///< ACKs stopped, or came too slowly
  aborted,       ///< the peer sent an ERROR
  superseded,    ///< the peer asked for something else from the same port
  dropped,       ///< by us, unproven, to make room for newer ones, or for want of a socket
};
std::string_view to_string(TransferOutcome outcome);
inline constexpr std::size_t kTransferOutcomes = 11;

/// A transfer that ended.
struct TransferReport {
  SessionId session;
  TransferOutcome outcome{};
  Endpoint peer;
  IpAddress local;
  std::string file;
  TimePoint asked{};
  Duration took{};
  std::uint64_t octets = 0;  ///< of the file, acknowledged
  std::uint64_t size = 0;    ///< of the file; 0 when never known
  std::uint64_t last_block = 0;
  std::uint32_t retransmissions = 0;
  std::uint16_t error_code = 0;  ///< sent or received
  bool proven = false;           ///< the peer acknowledged something, so its address is real
  std::string detail;            ///< a sentence; remote text in it is escaped
};

enum class Refusal : std::uint8_t {
  port,           ///< source port below 1024 and not 69
  address,        ///< source or destination broadcast, multicast, unspecified, or ourselves
  source_limit,   ///< too many requests of one address, of which nothing came
  network_limit,  ///< the same of its /24 or /48
  enumeration,    ///< too many names that nobody knows to exist (NameBudget)
  sessions,       ///< as many transfers as allowed, in all or of this address
  draining,
  malformed,
  mode,
  write,
  name,
};
std::string_view to_string(Refusal refusal);
inline constexpr std::size_t kRefusals = 11;

/// A request that no transfer came of.
struct RefusedRequest {
  Refusal reason{};
  Endpoint peer;
  IpAddress local;
  std::string file;       ///< as sent, not escaped; empty if it could not be read
  bool answered = false;  ///< with an ERROR
  std::uint16_t error_code = 0;
  std::string detail;
  bool abuse = false;  ///< to be logged as abuse: somebody who guesses names
};

/// What the session table wants done: filled by it, emptied by the caller, used again and again so that the
/// way from ACK to DATA allocates nothing. Views stay good until clear(): it keeps what they look at.
class Outbox {
 public:
  struct Datagram {
    Endpoint to;
    IpAddress from;         ///< our address that it is to leave from
    std::uint32_t via = 0;  ///< the listener, as the arrival named it
    SessionId session;
    bool fresh_tid = false;  ///< by the session's own socket rather than by the listener
    std::uint8_t head_size = 0;
    std::array<std::uint8_t, Terms::kMaxOack> head;
    Bytes body;

    Bytes head_octets() const { return Bytes(head).first(head_size); }
  };
  /// Get this file and give it to on_content.
  struct Open {
    SessionId session;
    std::string file;
    Endpoint peer;
    IpAddress local;
    std::uint32_t via = 0;
    bool fresh_tid = false;  ///< the session needs a socket of its own, bound to `local`
  };

  /// One datagram from a port of its own, which sends nothing else.
  struct Aside {
    Endpoint to;
    IpAddress from;
    Buffer octets;
  };

  std::vector<Datagram> datagrams;
  std::vector<Aside> asides;
  std::vector<Open> opens;
  std::vector<TransferReport> ended;
  std::vector<RefusedRequest> refused;

  bool empty() const {
    return datagrams.empty() && asides.empty() && opens.empty() && ended.empty() && refused.empty();
  }
  void clear() {
    datagrams.clear();
    asides.clear();
    opens.clear();
    ended.clear();
    refused.clear();
    kept_contents_.clear();
    kept_buffers_.clear();
  }

  // The table's side. An envelope holds for all packets until the next.
  void address(const Endpoint& to, const IpAddress& from, std::uint32_t via, SessionId session, bool fresh_tid) {
    to_ = to;
    from_ = from;
    via_ = via;
    session_ = session;
    fresh_tid_ = fresh_tid;
  }
  void packet(Bytes octets) {
    assert(octets.size() <= Terms::kMaxOack);
    (void)add(octets);
  }
  void data(std::uint16_t block, Bytes body) {
    const auto number = [](unsigned v) { return static_cast<std::uint8_t>(v); };
    const std::array<std::uint8_t, kDataHead> head = {0, number(static_cast<unsigned>(Opcode::data)),
                                                      number(block >> 8U), number(block)};
    add(head).body = body;
  }
  void data(std::uint16_t block, Buffer body) {
    kept_buffers_.push_back(std::move(body));
    data(block, Bytes(kept_buffers_.back()));
  }
  void keep(provisioning::ContentPtr content) {
    if (content) kept_contents_.push_back(std::move(content));
  }

 private:
  Datagram& add(Bytes head) {
    Datagram& d = datagrams.emplace_back();
    d.to = to_;
    d.from = from_;
    d.via = via_;
    d.session = session_;
    d.fresh_tid = fresh_tid_;
    d.head_size = static_cast<std::uint8_t>(head.size());
    std::copy(head.begin(), head.end(), d.head.begin());
    return d;
  }

  Endpoint to_;
  IpAddress from_;
  SessionId session_;
  std::uint32_t via_ = 0;
  bool fresh_tid_ = false;
  std::vector<provisioning::ContentPtr> kept_contents_;
  std::vector<Buffer> kept_buffers_;  // moving a Buffer leaves its octets where they are
};

}  // namespace dw::tftp
