#pragma once
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sbc/base/time.hpp"
#include "tests/lab/sccp_rtp.hpp"
#include "tests/lab/sccp_stream.hpp"
#include "tests/support/sip_text.hpp"

namespace dw::lab {

using sim::sip_branch, sim::sip_display, sim::sip_endpoint, sim::sip_param, sim::sip_sent_by, sim::sip_tag,
    sim::sip_uri, sim::sip_uri_param, sim::sip_via;
using sim::SipField, sim::SipText, sim::SipUri;

/// What a session description says of its audio.
struct SdpAudio {
  std::string origin;   ///< address in o=
  std::string address;  ///< of c=, the media's own before the session's
  std::uint16_t port = 0;
  std::vector<unsigned> payload_types;
  std::string direction = "sendrecv";

  bool is_hold() const { return address == "0.0.0.0" || direction == "sendonly" || direction == "inactive"; }
};
std::optional<SdpAudio> parse_sdp(const std::string& body);

/// One audio stream of a phone: a port of its own, packets with its own name, and what the far end said of
/// itself.
struct SipMedia {
  std::unique_ptr<UdpPort> port;
  std::unique_ptr<RtpSource> source;
  Endpoint local;
  std::optional<Endpoint> remote;
  unsigned payload_type = 0;
  std::string session = std::to_string(10000);
  unsigned version = 0;
  bool on_hold = false;  ///< by us
  bool peer_holds = false;
  std::uint64_t sent = 0, received = 0;

  bool sends() const { return remote.has_value() && !on_hold && !peer_holds; }
  /// The description as a 7970 writes it: seven codecs in an offer; in an answer the first of them that the
  /// offer has, and telephone-event.
  std::string describe(const SdpAudio* offer, bool zero_hold);
};

/// One call of a phone, which is one dialog.
struct SipCall {
  enum class State { calling, early, ringing, answered, connected, ended };

  std::string id;
  std::string local, remote;  ///< From and To values without tag, as seen from us
  std::string local_tag, remote_tag, target;
  std::vector<std::string> routes;
  unsigned cseq = 101, remote_cseq = 0;
  bool outgoing = true;
  State state = State::calling;
  SipText invite;  ///< the latest INVITE of this dialog, ours or theirs
  SipMedia media;
  std::string answer;                  ///< our description, once it was told in this transaction
  std::optional<TimePoint> answer_at;  ///< when an echo goes off hook
  Endpoint invite_from;
  std::string ok;  ///< our 2xx, until it is acknowledged
  Endpoint ok_to;
  TimePoint ok_next{}, ok_deadline{};
  Duration ok_interval{};
  bool offered_in_ok = false;  ///< the ACK has to carry the answer
  std::string ack;             ///< what a repeated 2xx gets
  unsigned challenges = 0;
  bool cancelled = false;
  std::string doing;     ///< "hold" or "resume" while that re-INVITE runs
  std::string refer_of;  ///< the call whose REFER made this one
  unsigned refer_cseq = 0;

  bool going() const { return state != State::ended; }
  std::string local_with_tag() const { return local + ";tag=" + local_tag; }
  std::string remote_with_tag() const { return remote_tag.empty() ? remote : remote + ";tag=" + remote_tag; }
};

/// A From or To value without its tag, octet for octet.
std::string without_tag(const std::string& value);

}  // namespace dw::lab
