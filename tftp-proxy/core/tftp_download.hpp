#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sbc/base/bytes.hpp"
#include "sbc/base/endpoint.hpp"
#include "sbc/base/result.hpp"
#include "sbc/base/time.hpp"
#include "sbc/base/token_bucket.hpp"
#include "tftp-proxy/core/tftp_packet.hpp"

namespace dw::tftp {

/// One file read from a TFTP server (RFC 1350, 2347, 2348, 2349, 7440): the client's side, sans-I/O, one
/// object a file. Octets come out in order and once. The server's TID is the port of its first answer; later
/// ones of other ports get ERROR 5 and change nothing. When `end` was called the file is whole or failed; the
/// object is kept until over(), to acknowledge a repeated last DATA.
class Download {
 public:
  static constexpr Duration kFirstRto = std::chrono::seconds(1);
  static constexpr Duration kLeastRto = std::chrono::milliseconds(300);
  static constexpr Duration kMostRto = std::chrono::seconds(8);

  struct Options {
    std::string name;                  ///< as it goes into the RRQ
    Endpoint server;                   ///< where the RRQ goes
    std::vector<IpAddress> also_from;  ///< other addresses that may answer: those of the same name
    std::uint16_t blksize = 1428;      ///< asked; 512 and windowsize 1: not asked
    std::uint16_t windowsize = 16;
    std::uint64_t max_octets = 64ULL << 20;
    Duration first_answer_within = std::chrono::seconds(3);
    Duration progress_within = std::chrono::seconds(15);  ///< between two blocks
    /// After block 65535 some servers go on with 1 instead of 0; with this either is taken.
    bool rollover_to_one = false;
    bool with_options = true;  ///< false: this server is known to refuse them
  };

  struct Send {
    Endpoint to;
    Buffer octets;
  };
  struct Actions {
    std::vector<Send> sends;
    bool begin = false;               ///< the server has the file; `size` is known now or never
    Bytes data;                       ///< the next octets of the file; a part of the datagram that was given
    std::optional<Result<void>> end;  ///< whole, or why not: not_found, forbidden, too_long, unavailable
  };

  explicit Download(Options options);

  Actions start(TimePoint now);
  Actions on_datagram(TimePoint now, const Endpoint& from, Bytes octets);
  Actions on_deadline(TimePoint now);
  /// Nobody wants it any more: the server gets ERROR 0 so that it need not retransmit.
  Actions cancel();
  std::optional<TimePoint> next_deadline() const;

  bool over() const { return state_ == State::over; }
  const Endpoint& tid() const { return tid_; }                 ///< the server's, once it sent of the file; else none
  bool answered() const { return answered_; }                  ///< the server said something
  std::optional<std::uint64_t> size() const { return size_; }  ///< tsize (RFC 2349)
  std::uint64_t received() const { return received_; }
  std::uint16_t blksize() const { return blksize_; }
  std::uint16_t windowsize() const { return windowsize_; }
  std::uint32_t retransmissions() const { return retransmissions_; }
  /// It refused them in one of the ways that servers have (ERROR 8, 4, or 0 with any text), and was asked again
  /// without.
  bool refused_options() const { return options_.with_options && !with_options_; }

 private:
  enum class State { asking, receiving, dallying, over };

  bool may_answer(const IpAddress& address) const;
  void send_request(Actions& actions, TimePoint now);
  void send_ack(Actions& actions, TimePoint now);
  void send_error(Actions& actions, const Endpoint& to, ErrorCode code, std::string_view text);
  void on_stranger(Actions& actions, TimePoint now, const Endpoint& from, const Packet& packet);
  void on_first(Actions& actions, TimePoint now, const Endpoint& from, const Packet& packet);
  void on_error(Actions& actions, TimePoint now, const ErrorMessage& error);
  bool take_options(Actions& actions, const Oack& oack);
  void on_oack(Actions& actions, TimePoint now, const Endpoint& from, const Oack& oack);
  void on_data(Actions& actions, TimePoint now, const Data& data);
  void accept(Actions& actions, TimePoint now, Bytes payload);
  std::int32_t ahead_of_expected(std::uint16_t block);
  std::uint16_t on_wire(std::uint64_t block) const;
  void give_up(Actions& actions, Errc code, std::string why);
  void refuse(Actions& actions, ErrorCode tell, Errc code, const std::string& why);
  void measured(Duration rtt);

  Options options_;
  State state_ = State::asking;
  Endpoint tid_;             // the server's, once pinned
  IpAddress answered_from_;  // not an address of the server's: said when nothing else comes
  bool with_options_;
  bool options_agreed_ = false;
  bool answered_ = false;
  bool seam_to_one_ = false;
  std::uint16_t blksize_ = 512;
  std::uint16_t windowsize_ = 1;
  std::optional<std::uint64_t> size_;
  std::uint64_t expected_ = 1;  // next block, counted without rollover
  std::uint64_t received_ = 0;
  std::uint16_t in_window_ = 0;     // blocks taken since the last ACK
  std::uint64_t gap_acked_at_ = 0;  // expected_ when a gap was last acknowledged
  TimePoint started_{};
  TimePoint last_progress_{};
  TimePoint last_ack_{};
  TimePoint deadline_{};
  std::optional<TimePoint> sample_from_;  // a send that was not repeated, waiting for its answer (Karn)
  std::optional<Duration> smoothed_;
  Duration variance_{};
  Duration rto_ = kFirstRto;
  std::uint32_t retransmissions_ = 0;
  TokenBucket strangers_{1.0, 3.0};
};

}  // namespace dw::tftp
