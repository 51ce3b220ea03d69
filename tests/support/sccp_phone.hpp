#pragma once
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "sbc/base/time.hpp"
#include "tests/support/sccp_media.hpp"

namespace dw::sim {

/// How a phone hands what it has to say to TCP.
enum class Writes { per_frame, coalesced, octet_by_octet };

struct PhoneOptions {
  std::string device = "SEP001122334455";
  IpAddress station = IpAddress::v4(0x7F000001);  ///< what it holds for its own address: Register, Alarm, Acks
  unsigned version = 17;                          ///< offered: 11 (7960), 17 (7961), 20, 22 (7965)
  std::uint32_t device_type = 0;                  ///< 0: the model that fits the version
  std::uint16_t media_ports = 16384;              ///< first RTP port, even; the next pair for each opened channel
  std::uint16_t media_pairs = 32;                 ///< then from the start again
  Writes writes = Writes::per_frame;
  bool enbloc = false;            ///< dials with one EnblocCall, not with buttons
  bool transmit_acks = true;      ///< StartMediaTransmissionAck, from version 17
  bool v3_capabilities = false;   ///< UpdateCapabilitiesV3, 2,380 octets, in place of UpdateCapabilities
  bool short_open_ack = false;    ///< the 16-octet OpenReceiveChannelAck of a 7912 (flat layout only)
  std::uint32_t open_status = 0;  ///< answers OpenReceiveChannel with this status; 0: ok
};

struct PhoneEvent {
  enum class Kind {
    registered,  ///< keepalive, version
    rejected,    ///< text
    unregistered,
    ringing,           ///< call
    proceeding,        ///< call: dialled and on its way, or ringing at the far end
    connected,         ///< call
    held,              ///< call
    ended,             ///< call
    receive_opened,    ///< party, local port, codec, ms
    receive_closed,    ///< party, local port
    transmit_started,  ///< party, local port, remote, codec, ms
    transmit_stopped,  ///< party, local port
    reset,             ///< value: 1 reset, 2 restart, 3 apply config
    token,             ///< value: 0 granted, else seconds to wait
    servers,           ///< text: names and endpoints, as ServerRes lists them
    lost               ///< text: why the phone gives the connection up
  };
  Kind kind{};
  std::uint32_t call = 0, party = 0, value = 0;
  unsigned version = 0;
  Duration keepalive{};
  std::string text{};
  std::uint16_t local_port = 0;
  Endpoint remote{};
  std::uint32_t codec = 0, milliseconds = 0;
};
std::string_view to_string(PhoneEvent::Kind kind);
/// "transmit-started party=0x1 local=16384 remote=192.0.2.1:20000 codec=4 ms=20"
std::string to_string(const PhoneEvent& event);

/// What is to be done after a verb: do the events before the writes, so that a port is open when it is announced.
struct PhoneTurn {
  std::vector<PhoneEvent> events;
  std::vector<Buffer> writes;
  bool close = false;
};

/// A Cisco phone's side of one SCCP connection, sans-I/O: registration as of sccp.md §3.2 and §3.3,
/// keepalives, calls. Each `connected` starts over. Takes one line, and acts on its newest call unless asked
/// otherwise.
class SccpPhone {
 public:
  explicit SccpPhone(PhoneOptions options) : options_(std::move(options)) {}

  void stand_at(const IpAddress& station) { options_.station = station; }  ///< before `connected`
  PhoneTurn connected(TimePoint now);
  PhoneTurn on_octets(TimePoint now, Bytes octets);
  PhoneTurn on_deadline(TimePoint now);
  PhoneTurn disconnected(TimePoint now);  ///< the far end closed: `unregistered` when that was asked for, else `lost`
  std::optional<TimePoint> next_deadline() const { return next_keepalive_; }

  PhoneTurn off_hook(TimePoint now);
  PhoneTurn dial(TimePoint now,
                 std::string_view digits);  ///< goes off hook first unless a call is being dialled
  PhoneTurn answer(TimePoint now);
  PhoneTurn hold(TimePoint now);
  PhoneTurn resume(TimePoint now);
  PhoneTurn transfer(TimePoint now);  ///< first press: then dial; second press completes
  PhoneTurn on_hook(TimePoint now);   ///< ends the newest call
  PhoneTurn unregister(TimePoint now);
  PhoneTurn ask_servers(TimePoint now);
  PhoneTurn ask_token(TimePoint now);

  struct Channel {
    ChannelIds ids;
    std::uint16_t local_port = 0;
    bool receiving = false, transmitting = false;
    Endpoint remote;
  };
  bool is_registered() const { return registered_; }
  unsigned version() const { return version_; }  ///< in use; 0 before RegisterAck
  const std::map<std::uint32_t, Channel>& channels() const { return channels_; }
  const std::map<std::uint32_t, CallPhase>& calls() const { return calls_; }
  const std::vector<SccpRecord>& traffic() const { return traffic_; }
  /// What a real phone would trip over: frames that can't be read, addresses that are none, wrong directions.
  const std::vector<std::string>& problems() const { return problems_; }
  const PhoneOptions& options() const { return options_; }

 private:
  AddressForm form() const { return form_of_version(version_); }
  void send(std::uint32_t id, Buffer body = {});
  void soft_key(SoftKey key, std::uint32_t call);
  void press(std::string_view digits, std::uint32_t call);
  void tell(PhoneEvent event) { turn_.events.push_back(std::move(event)); }
  void problem(std::string text) { problems_.push_back(std::move(text)); }
  PhoneTurn finish();

  void send_registration();
  void send_alarms();
  void send_template_requests();
  void send_line_requests();
  void take(TimePoint now, const SccpFrame& frame);
  bool take_registration(TimePoint now, const SccpFrame& frame);
  bool take_call(const SccpFrame& frame);
  bool take_media(const SccpFrame& frame);
  void on_register_ack(TimePoint now, Bytes body);
  void on_call_state(Bytes body);
  void on_open_receive(Bytes body);
  void on_start_media(Bytes body);
  void on_close(Bytes body, bool receive);
  void on_server_res(Bytes body);
  void send_statistics(Bytes request);
  Channel& channel(const ChannelIds& ids);
  std::uint32_t newest(CallPhase phase) const;
  std::uint32_t newest_call() const { return calls_.empty() ? 0 : calls_.rbegin()->first; }

  PhoneOptions options_;
  PhoneTurn turn_;
  SccpFramer framer_;
  unsigned version_ = 0, header_version_ = 0;
  bool acked_ = false, registered_ = false, unregistering_ = false;
  Duration keepalive_{};
  std::optional<TimePoint> next_keepalive_;
  int unanswered_ = 0;
  std::uint16_t next_pair_ = 0;
  std::string to_dial_;  // pressed when the dial tone has come
  bool off_hook_asked_ = false;
  std::map<std::uint32_t, Channel> channels_;  // by pass-through party id
  std::map<std::uint32_t, CallPhase> calls_;   // by call reference
  std::vector<SccpRecord> traffic_;
  std::vector<std::string> problems_;
};

}  // namespace dw::sim
