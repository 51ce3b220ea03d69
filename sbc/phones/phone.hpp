#pragma once
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sbc/base/endpoint.hpp"
#include "sbc/base/ids.hpp"
#include "sbc/base/time.hpp"
#include "sbc/phones/file_kind.hpp"
#include "sbc/phones/file_step.hpp"
#include "sbc/phones/protocol.hpp"
#include "sbc/phones/signalling.hpp"

namespace dw::phones {

/// What the pipeline did to a file, beside sending it.
enum class Note : std::uint8_t {
  rewritten,         ///< addresses and ports in a config now name Dropwire
  signed_passed,     ///< rewriting is on, and the file is signed or encrypted: it went out as it came
  malformed_passed,  ///< rewriting is on, and the file could not be parsed: it went out as it came
  near_config,       ///< its config does not exist, and one whose MAC is a typo away does
  password_doubt,    ///< its config has a line's password in a way that the phone may not take
  sip_server_left,   ///< its config names a SIP server that is none of the central side's
  sip_port_differs,  ///< its config names a port of the SIP server that no request goes to
};
std::string_view to_string(Note note);

/// Where a line of a phone is registered, as its config says.
struct LineHome {
  std::string user;        ///< of a SIP line; empty: of all others
  std::string host;        ///< a name or a literal, in lower case
  std::uint16_t port = 0;  ///< 0: not given
  Protocol protocol = Protocol::sip;
  friend bool operator==(const LineHome&, const LineHome&) = default;
};

/// What a config says of the phone that asked for it.
struct ConfigHints {
  std::string load;                       ///< loadInformation / image_version; empty: none named
  Protocol protocol = Protocol::unknown;  ///< sip: it has a sipProfile
  /// Files it names. Only those that a phone asks for at every boot are kept (dial template, soft keys,
  /// feature policy); not the locale, which it stores, nor firmware.
  std::vector<std::string> follow_ups;
  std::optional<std::vector<LineHome>> homes{};  ///< nothing: it is not the file that says so
};

/// What the media of a call that ended did, all its streams together.
struct CallFigures {
  /// Who sent nothing while both ways were open for kTalk or longer.
  enum class Silent : std::uint8_t { nobody, phone, central, both };
  static constexpr std::chrono::seconds kTalk{5};
  bool delivered() const { return kept_from_phone < kUndelivered && kept_from_central < kUndelivered; }

  Call::Way way = Call::Way::unknown;
  Silent silent = Silent::nobody;
  bool direct = false;  ///< the phones sent to each other, nothing passed here
  std::uint32_t line = 0;
  std::chrono::milliseconds both_open{};
  std::uint64_t from_phone = 0, lost_from_phone = 0;  ///< packets of RTP, of a way that had audio
  std::uint64_t from_central = 0, lost_from_central = 0;
  /// For how long audio came that could not be sent on to the other side (MediaFlow::undelivered).
  std::chrono::milliseconds kept_from_phone{}, kept_from_central{};
  std::uint64_t strangers = 0;
  bool box_deaf = false;  ///< `silent` is central, and the box says so itself; not kept on disk

  friend bool operator==(const CallFigures&, const CallFigures&) = default;
};
std::string_view to_string(CallFigures::Silent silent);  ///< "", "phone", "central", "both"

enum class StepType : std::uint8_t {
  file,        ///< one that ended
  note,        ///< what the pipeline did to a file
  signalling,  ///< of a registration
  call,        ///< one that ended
};

/// One thing that happened. Once kept nothing but its time changes (Inventory::clock_went_back).
struct Step {
  static constexpr std::size_t kMaxName = 96;     ///< octets kept; longer names are cut
  static constexpr std::size_t kMaxDetail = 160;  ///< octets kept
  static constexpr std::size_t kMaxAor = 32;      ///< characters kept

  std::uint64_t id = 0;  ///< counts up for each phone
  WallTime at{};
  std::chrono::milliseconds took{};
  StepType type = StepType::file;
  Note note{};
  SignallingEvent event{};
  FileKind kind = FileKind::other;
  FileOutcome outcome{};
  Protocol protocol = Protocol::unknown;  ///< of signalling and calls
  bool http = false;
  std::uint16_t status = 0;  ///< of a registration: SIP's status code; 0: none
  std::uint16_t error_code = 0;
  std::uint32_t retransmissions = 0;
  std::uint64_t octets = 0, size = 0, last_block = 0;
  std::uint32_t version = 0;  ///< of a registration: SCCP's protocol version; 0: not known
  CallFigures call;
  IpAddress from;
  std::string name;       ///< file: its name; signalling: the call server; call: the far party. Untrusted text
  std::string detail;     ///< call: the codec. May quote untrusted text
  std::string aor;        ///< SIP: user of the line's address-of-record, escaped
  std::string transport;  ///< of a SIP registration: "udp", "tcp", "tls"

  bool is_file() const { return type == StepType::file; }
  bool is_note() const { return type == StepType::note; }
  /// Signalling and calls, which come as long as the phone is up; files and notes come when it boots.
  bool is_live() const { return type == StepType::signalling || type == StepType::call; }
  bool is_sip() const { return type == StepType::signalling && protocol == Protocol::sip; }
  friend bool operator==(const Step&, const Step&) = default;
};

/// A line of a SIP phone that is registered now.
struct SipLine {
  std::string aor;  ///< its user, escaped
  Endpoint peer;
  std::string server;
};

/// What is known of one phone, or (`device` empty) of whoever asks from one address without saying who it is.
struct Phone {
  DeviceName device;
  IpAddress address;  ///< last seen from
  Protocol protocol = Protocol::unknown;
  std::string model;               ///< "7965", "7945/7965": as far as its requests show; empty: not known
  std::string firmware;            ///< the load that its last config names, or that it last fetched; empty: unknown
  std::string running;             ///< the load that it said it runs, when it registered last; empty: it did not say
  bool uses_http = false;          ///< has ever asked by HTTP, which takes firmware 9.4 or later
  bool proven = false;             ///< has ever taken a file from us, or registered
  bool had_config = false;         ///< has ever taken a config from us
  bool registered = false;         ///< now, through here; not known from provisioning alone
  std::string server;              ///< the call server it is registered with; empty while it is not
  std::uint32_t version = 0;       ///< the protocol version it agreed on with that
  Endpoint registered_from;        ///< the connection that `registered` stands on
  std::vector<SipLine> sip_lines;  ///< SIP: what `registered` stands on, the latest last
  std::string transport;           ///< SIP: of its latest registration, "udp"; empty: unknown
  std::string user_agent;          ///< SIP: what it says it is, escaped
  /// SCCP: directory numbers as the call server sent them; SIP: users of the lines registered now. Escaped.
  std::vector<std::string> lines;
  std::vector<std::string> follow_ups;  ///< ConfigHints::follow_ups of its last config
  std::vector<LineHome> homes;          ///< of its last config; empty: not known
  WallTime first_seen{}, last_seen{};
  WallTime seen_before{};  ///< `last_seen` before its latest sign of life; not kept on disk
  std::uint64_t next_step = 1;
  std::uint64_t revision = 0;  ///< Inventory::revision() of its last change; not kept on disk
  std::uint64_t number = 0;    ///< no other record in the inventory ever has it; not kept on disk
  std::deque<Step> steps;      ///< by `at`; at most Inventory::Options::max_steps

  /// "SEP001122334455", or the address as text.
  std::string key() const { return device.empty() ? address.to_string() : device.str(); }
};

/// A line of the story as a person reads it: `step` is "boot", "lists", "config", "recovery", "firmware",
/// "extras", "note", "registration" or "call"; `detail` is a sentence. Remote text in it is escaped.
struct StoryEntry {
  WallTime at{};
  std::string step;
  std::string detail;
};
/// A time in which Dropwire did not run.
struct Absence {
  WallTime from{}, until{};
  bool clean = true;  ///< false: it ended without notice, at `from` or up to a minute after
};
/// How many of them are kept: the last few.
constexpr std::size_t kMaxAbsences = 16;
/// With a line for each of `absences`, which are in order, since the phone is known and its story begins.
std::vector<StoryEntry> story(const Phone& phone, const std::vector<Absence>& absences = {});

/// Whether it took its own configuration at this address, to the last octet, and so lately: only who stands there can
/// have.
bool took_its_config(const Phone& phone, const IpAddress& at, WallTime now, Duration within);

}  // namespace dw::phones
