#pragma once
#include <cstdint>
#include <optional>
#include <string>

#include "sbc/base/time.hpp"
#include "tftp-proxy/core/content.hpp"
#include "tftp-proxy/core/netascii.hpp"
#include "tftp-proxy/core/tftp_options.hpp"
#include "tftp-proxy/core/tftp_outbox.hpp"

namespace dw::tftp {

/// How much is sent for one unacknowledged request, as a multiple of its own octets, headers included.
inline constexpr std::uint64_t kMaxAmplification = 26;
/// Packets to a peer that has acknowledged nothing: the first answer and one repeat.
inline constexpr std::uint32_t kMaxUnprovenPackets = 2;

/// The rules of time for all transfers. Read live, so a reload reaches running transfers too.
struct TransferOptions {
  std::uint16_t rollover_to = 0;                    ///< the block number after 65535: 0 or 1
  Duration first_answer = std::chrono::seconds(8);  ///< content still waiting then: ERROR 0
  Duration half_open = std::chrono::seconds(10);    ///< from the RRQ; nothing acknowledged then: forgotten
  Duration rto_initial = std::chrono::seconds(1);
  Duration rto_floor = std::chrono::milliseconds(200);
  Duration rto_cap = std::chrono::seconds(8);
  Duration give_up = std::chrono::seconds(45);        ///< since the last ACK that brought progress
  Duration content_stall = std::chrono::seconds(20);  ///< the origin brings nothing, under a router's 30 s
  Duration lifetime = std::chrono::hours(2);
  std::uint32_t min_blocks_per_minute = 5;
  friend bool operator==(const TransferOptions&, const TransferOptions&) = default;
};

/// Counted over all transfers, as it happens.
struct TransferCounters {
  std::uint64_t data_packets = 0;
  std::uint64_t data_octets = 0;  ///< in DATA, repeats included
  std::uint64_t retransmissions = 0;
  std::uint64_t timeouts = 0;
  std::uint64_t duplicate_acks = 0;
  std::uint64_t ignored_acks = 0;  ///< of blocks not sent, or long acknowledged
};

/// One file to one client, from its RRQ to the end (RFC 1350, 2347 to 2349, 7440; RFC 1123 §4.2). Sends again
/// on its timer only, never for a duplicate ACK; with a window, an ACK that shows a gap brings what follows
/// it again, once. Block numbers are 64 bits wide inside. Knows nothing of addresses: the caller has put them
/// on the outbox. Over when over() says so; then it sends nothing more. More than 30 methods, as blocks, window, burst
/// and timer are one state: each ACK changes all four.
class Transfer {
 public:
  /// `options` and `counters` must outlive it. `request_octets`: of the RRQ; `header_octets`: of the IP and
  /// UDP headers around it, and around each answer.
  Transfer(const TransferOptions& options, TransferCounters& counters, const Terms& terms, std::size_t request_octets,
           std::size_t header_octets, TimePoint now);

  /// The file was opened, or has changed since.
  void on_content(TimePoint now, const provisioning::ContentPtr& content, Outbox& out);
  void on_ack(TimePoint now, std::uint16_t wire_block, Outbox& out);
  void on_error(const ErrorMessage& error);
  /// The client sent its RRQ again: it has not seen our answer.
  void on_request_again(TimePoint now, Outbox& out);
  void on_deadline(TimePoint now, Outbox& out);
  std::optional<TimePoint> next_deadline() const;

  /// An ACK of this transfer came from another port: continues at once toward that.
  void on_rebound(TimePoint now, std::uint16_t wire_block, Outbox& out);
  /// A router may have moved the client to another port: proven, and at least one retransmission since the
  /// last ACK; `wire_block` is one that such a client would send now.
  bool stalled_at(std::uint16_t wire_block) const;
  bool stalled() const { return phase_ == Phase::sending && proven_ && timeouts_ > 0; }
  /// Both packets to an unproven peer are used up, and had time to arrive.
  bool spent(TimePoint now) const;

  void supersede();
  void drop(std::string_view why);

  bool over() const { return phase_ == Phase::over; }
  bool proven() const { return proven_; }
  const provisioning::ContentPtr& content() const { return content_; }
  /// Fills in what it knows of the report.
  void tell(TimePoint now, TransferReport& report) const;

 private:
  enum class Phase : std::uint8_t {
    waiting,  ///< for the content; nothing sent
    offered,  ///< OACK sent
    sending,
    over,
  };
  struct ErrorReply {
    ErrorCode code;
    std::string_view text;
  };

  void answer(TimePoint now, Outbox& out);
  void send_from(std::uint64_t first, TimePoint now, Outbox& out);
  void send_block(std::uint64_t block, Outbox& out);
  void send_oack(TimePoint now, Outbox& out);
  void send_more(TimePoint now, Outbox& out);
  void retransmit(TimePoint now, Outbox& out);
  void on_progress(std::uint64_t block, TimePoint now, Outbox& out);
  void on_duplicate(TimePoint now, Outbox& out);
  void on_timeout(TimePoint now, Outbox& out);
  void go_back(TimePoint now, Outbox& out);
  void halve_burst();
  void grow_burst();
  bool end_if_too_slow(TimePoint now, Outbox& out);
  void end_for(const Error& error, Outbox& out);
  void end_with(TransferOutcome outcome, ErrorReply reply, Outbox& out);
  void end(TransferOutcome outcome, std::string detail);

  std::uint16_t wire(std::uint64_t block) const;
  std::optional<std::uint64_t> outstanding_block(std::uint16_t wire_block) const;
  /// The last block that may be sent now: of the window, if all of it is there; else what was sent before.
  std::uint64_t last_sendable() const;
  std::optional<std::uint64_t> final_block() const;
  bool allowed(std::size_t octets);
  bool old_enough_for_gap(TimePoint now) const;
  bool last_block_is_out() const;
  void prove(TimePoint now);
  void learn(Duration since_sent);
  void measure(Duration rtt);
  Duration measured_rto() const;
  void arm(TimePoint now);

  const TransferOptions* options_;
  TransferCounters* counters_;
  provisioning::ContentPtr content_;
  Terms terms_;
  Phase phase_ = Phase::waiting;
  TransferOutcome outcome_{};
  bool proven_ = false;
  bool resent_ = false;        ///< in this window: its ACK measures nothing (Karn)
  bool gap_answered_ = false;  ///< what follows `acked_` was sent again for an ACK already
  bool starved_in_minute_ = false;
  bool netascii_ended_ = false;  ///< the block that was sent last is the final one

  std::uint64_t acked_ = 0;       ///< all blocks up to this one
  std::uint64_t sent_ = 0;        ///< the last of this turn through the window
  std::uint64_t high_ = 0;        ///< the highest ever sent
  std::uint16_t burst_;           ///< blocks sent at once; the rest of a window follows a round trip later
  NetasciiPosition here_, next_;  ///< of block acked_ + 1, and of the one after it

  std::uint64_t request_worth_;  ///< octets that one request may cost
  std::uint64_t unproven_octets_left_;
  std::size_t header_octets_;
  std::uint32_t unproven_packets_ = 0;

  Duration srtt_{}, rttvar_{}, rto_;
  TimePoint asked_, progress_at_, burst_at_{}, minute_began_{};
  std::uint64_t minute_block_ = 0;
  std::optional<TimePoint> resend_at_, pace_at_, starved_since_;
  int guesses_ = 0;             ///< that a loss was a loss, since the last measurement
  std::uint32_t timeouts_ = 0;  ///< since the last ACK that brought progress
  std::uint32_t retransmissions_ = 0;
  std::uint16_t error_code_ = 0;
  std::string detail_;
};

}  // namespace dw::tftp
