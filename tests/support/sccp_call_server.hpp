#pragma once
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "sbc/base/time.hpp"
#include "tests/support/sccp_dialect.hpp"

namespace dw::sim {

struct ServerOptions {
  Dialect dialect = Dialect::chan_sccp;
  std::map<std::string, std::string> devices;  ///< device name → extension; all others are rejected …
  std::string guests_from;                     ///< … unless this is the first extension for guests, in order
  std::string echo = "600";                    ///< the extension that the server answers itself
  bool direct = false;                         ///< media from phone to phone; else through the server's endpoints
  IpAddress media_address;                     ///< of its endpoints; none: the connection's local address
  std::uint16_t media_ports = 30000;           ///< first RTP port of its own, even
  std::uint16_t media_pairs = 500;
  Duration keepalive = std::chrono::seconds(30);
  unsigned newest_version = 22;     ///< answers no version above
  bool short_register_ack = false;  ///< 12 octets, no version (CallManager 2)
  bool repeat_open = false;         ///< sends each OpenReceiveChannel twice
  bool early_media = false;         ///< opens the caller's receive channel when the call rings
  bool start_before_ack = false;    ///< does not wait for OpenReceiveChannelAck (anchored media)
  bool shared_ids = false;          ///< one set of ids for both phones of a call
  bool keep_far_on_hold = false;    ///< leaves the held party's media open and redirects it later (direct media)
  bool answer_keepalives = true;
  bool answer_source = false;                             ///< chan_sccp's nat=on: RTP to the TCP source, port as acked
  std::vector<std::pair<std::string, Endpoint>> servers;  ///< for ServerRes, at most 5
};

struct ServerEvent {
  enum class Kind {
    registered,    ///< device, extension, version, peer, station
    rejected,      ///< device, text
    unregistered,  ///< device
    expired,       ///< device: no keepalive in time
    calling,       ///< device, text: number dialled
    answered,      ///< device
    ended,         ///< device
    held,          ///< device
    resumed,       ///< device
    transferred,   ///< device
    media_wanted,  ///< port: bind it before the writes
    media_done,    ///< port
    receiving,     ///< device, remote: where the phone says it receives
    problem        ///< device, text
  };
  Kind kind{};
  std::string device{}, text{};
  unsigned version = 0;
  Endpoint remote{};
  IpAddress station{};
  std::uint16_t port = 0;
};
std::string_view to_string(ServerEvent::Kind kind);
std::string to_string(const ServerEvent& event);

/// Do the events, then the writes, then the closes.
struct ServerTurn {
  std::vector<ServerEvent> events;
  std::vector<std::pair<int, Buffer>> writes;  ///< connection, one frame each
  std::vector<int> closes;
};

/// A call server with the manners of a dialect, sans-I/O: many connections under numbers that the caller
/// picks.
class SccpCallServer {
 public:
  explicit SccpCallServer(ServerOptions options) : options_(std::move(options)) {}

  ServerTurn connected(TimePoint now, int connection, Endpoint peer, IpAddress local);
  ServerTurn on_octets(TimePoint now, int connection, Bytes octets);
  ServerTurn disconnected(TimePoint now, int connection);
  ServerTurn on_deadline(TimePoint now);
  std::optional<TimePoint> next_deadline() const;
  ServerTurn reset(TimePoint now, std::string_view device,
                   std::uint32_t kind);  ///< 1 reset, 2 restart, 3 apply

  /// Where an RTP packet that came to one of the own ports goes on to, and from which port: back (echo) or to
  /// the other party. Nothing while there is nobody to hear it.
  std::optional<std::pair<std::uint16_t, Endpoint>> rtp_route(std::uint16_t port) const;

  /// Each own port that has a phone to send to, and where that phone receives.
  std::vector<std::pair<std::uint16_t, Endpoint>> rtp_targets() const;

  std::size_t registered() const;
  std::size_t legs() const { return legs_.size(); }
  const std::vector<SccpRecord>& traffic() const { return traffic_; }
  /// Frames that no phone of that version sends: header versions, lengths, addresses, directions.
  const std::vector<std::string>& problems() const { return problems_; }
  ServerOptions& options() { return options_; }

 private:
  enum class LegState { dialing, ringing_out, ringing_in, connected, held };
  struct Connection {
    Endpoint peer;
    IpAddress local;
    SccpFramer framer{};
    Manners manners;
    std::string device, extension;
    bool registered = false;
    TimePoint heard{};
  };
  struct Leg {
    int connection = 0;
    ChannelIds ids;
    LegState state{};
    unsigned peer = 0;         // the other party's leg; 0: none
    unsigned consult_for = 0;  // the held leg that this one was begun for
    bool echo = false, outgoing = false;
    bool receiving = false, transmitting = false;  // what the phone was asked to do
    std::optional<Endpoint> acked;
    Endpoint reported;
    std::uint16_t own_port = 0;
    std::string dialled, far;
  };

  void send(int connection, std::uint32_t id, Buffer body = {});
  void tell(ServerEvent event) { turn_.events.push_back(std::move(event)); }
  void problem(int connection, std::string text);
  void hang_up(int connection);  // closes and forgets, with all its legs
  ServerTurn finish() { return std::exchange(turn_, {}); }

  void take(TimePoint now, int connection, const SccpFrame& frame);
  bool take_session(int connection, const SccpFrame& frame);
  bool take_query(int connection, const SccpFrame& frame);
  bool take_user(int connection, const SccpFrame& frame);
  void on_register(int connection, Bytes body);
  bool settle_crossover(int connection, const std::string& device);
  std::string extension_for(const std::string& device);
  void send_register_ack(int connection);
  void send_line_stat(int connection);
  void send_server_res(int connection);
  void reject(int connection, const std::string& device, const std::string& text);

  Leg& add_leg(int connection, LegState state, const ChannelIds* shared);
  unsigned key_of(int connection, std::uint32_t call) const;
  unsigned newest(int connection, LegState state) const;
  unsigned newest(int connection) const { return key_of(connection, 0); }
  Leg* leg(unsigned key);
  const Leg* leg(unsigned key) const;
  void begin_dialing(int connection, unsigned consult_for);
  void on_button(int connection, Bytes body);
  void on_soft_key(int connection, SoftKey key, std::uint32_t call);
  void route(unsigned key, const std::string& number);
  void ring(unsigned caller, int callee);
  void answer(unsigned key);
  void hold(unsigned key);
  void resume(unsigned key);
  void transfer(unsigned key);
  void complete_transfer(unsigned held, unsigned consult);
  void end(unsigned key, bool both);
  void show(unsigned key, CallPhase phase);
  void show_connected(unsigned key);
  void send_call_info(unsigned key);
  void send_prompt(int connection, std::uint32_t call, std::string_view text);

  void on_open_ack(int connection, Bytes body);
  void on_start_ack(int connection, Bytes body);
  void settle_media(unsigned key);
  void settle_both(unsigned key);
  void open_media(unsigned key);
  void start_media(unsigned key, const Endpoint& target);
  void close_media(Leg& of);
  bool talks(const Leg& of) const;
  bool anchored(const Leg& of) const { return !options_.direct || of.echo; }
  std::optional<Endpoint> target_of(const Leg& of) const;
  Endpoint own_endpoint(const Leg& of) const;
  std::uint16_t take_port();

  ServerOptions options_;
  ServerTurn turn_;
  std::map<int, Connection> connections_;
  std::map<unsigned, Leg> legs_;
  unsigned next_leg_ = 1;
  unsigned guests_ = 0;
  std::uint16_t next_pair_ = 0;
  std::vector<SccpRecord> traffic_;
  std::vector<std::string> problems_;
};

}  // namespace dw::sim
