#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sbc/base/media_broker.hpp"
#include "sbc/sip/codec_rules.hpp"
#include "sbc/sip/flow.hpp"
#include "sbc/sip/message.hpp"
#include "sbc/sip/output.hpp"
#include "sbc/sip/sdp.hpp"

namespace dw::sip {

/// What a body on its way may show of us, and must not show of whoever wrote it.
struct Disclosure {
  IpAddress own;                       ///< our address as the receiving side knows it
  std::array<IpAddress, 3> hidden{};   ///< the writer's addresses, as far as they are known
  bool in_text = false;                ///< they are taken out of other bodies than SDP too…
  bool in_written_text = false;        ///< …and of text/plain and text/html
  const CodecRules* codecs = nullptr;  ///< of an offer
};

/// The body of a message that is neither offer nor answer (RFC 3264): its SDP has our address and ports 0, as a
/// description of abilities has (§9). Nothing: it stays as it came. Errors: see rewrite_body().
Result<std::optional<std::string>> hide_media(const Message& m, const Disclosure& disclosure);

/// The media of one call: a relayed stream for each m-line, and what each side is given in its SDP (sip-sbc §2.3, §3).
/// Both sides' SDP comes through here, offers and answers alike: a relay that learns from packets where the phone is
/// need not distinguish them.
class CallMedia {
 public:
  /// Answers of one branch must not disturb what another one that was taken says (RFC 3261 §13.2.2.4).
  enum class Standing : std::uint8_t {
    applies,  ///< from now on
    informs,  ///< goes on with the relay's addresses, and changes nothing
  };

  /// The body with the relay's addresses, nothing when there is nothing to change. Errc::exhausted: no ports are
  /// left for a stream that it needs; others: see rewrite_body().
  Result<std::optional<std::string>> rewrite(TimePoint now, const Message& m, Side from, Standing standing,
                                             const MediaRequest& request, const Disclosure& disclosure,
                                             MediaBroker& broker);
  /// Host names that stand where the far end's address should, each since the last time this was asked.
  std::vector<std::string> take_names() { return std::exchange(names_, {}); }
  /// The addresses of such a name.
  void set_addresses(TimePoint now, std::string_view name, const std::vector<IpAddress>& addresses,
                     MediaBroker& broker);
  /// How many descriptions came through here: whether a message had one.
  std::uint64_t descriptions() const { return descriptions_; }

  // Offers and answers (RFC 3264): call_media_offers.cpp. What an offer of one side changes can be taken back until it
  // is accepted, and both sides may have one under way (glare). A key names an offer, and grows from one to the next.

  /// Before an offer of `by` is rewritten. In an answer to INVITE: its answer comes by ACK or PRACK. False: it is
  /// under way already.
  bool begin_offer(std::uint64_t key, Side by, bool in_answer);
  /// Before a description in an answer to the INVITE of `key` is rewritten, which the responder `tag` of side `by`
  /// sent: whether it applies. Not when it comes again, after a reliable one that was an answer (RFC 3262 §5), or when
  /// a later INVITE was answered meanwhile.
  Standing standing_of(std::uint64_t key, std::string_view tag, std::string_view body) const;
  /// Before an answer of `by` is rewritten, and after it applied.
  void begin_answer(std::uint64_t key, Side by);
  void end_answer(std::uint64_t key, Side by, std::string_view tag, std::string_view body, bool reliable);
  /// A 2xx without a description: what this responder had said before applies, if another one's does now.
  void take_up(TimePoint now, std::uint64_t key, Side by, std::string_view tag, MediaBroker& broker);
  /// The offer of `by` that an answer to INVITE had, and that nobody has answered.
  std::optional<std::uint64_t> offered_in_answer(Side by) const;
  void accept(std::uint64_t key);
  /// An ACK without an answer to it: a call that had media goes on with what it had.
  void leave(TimePoint now, std::uint64_t key, MediaBroker& broker);
  /// What was before it applies again (RFC 3261 §14.1, RFC 3311 §5.2). Unknown keys are ignored.
  void refuse(TimePoint now, std::uint64_t key, MediaBroker& broker);

  void close(MediaBroker& broker, MediaEnd end);
  /// Some of it is relayed here.
  bool is_open() const;
  /// The phone, or the far end, wants to hear nothing.
  bool held() const { return held_by_phone_ || held_by_far_end_; }
  std::size_t ice_lines_removed() const { return ice_lines_; }
  /// report() is as of now after this (MediaBroker::settle).
  void settle(MediaBroker& broker) const;
  std::vector<CallStream> report(TimePoint now, const MediaBroker& broker) const;

 private:
  struct Stream {
    MediaPorts ports;
    Endpoint phone_stated;
    std::optional<Endpoint> far_end;
    std::string far_name;                          ///< of the host that the far end names; its addresses are looked up
    std::uint16_t far_port = 0;                    ///< at that host
    std::uint16_t far_rtcp_port = 0;               ///< 0: the next one
    std::optional<Endpoint> phone_rtcp, far_rtcp;  ///< a=rtcp
    Endpoint toward_phone;                         ///< where the phone is to send
    std::vector<IpAddress> named;                  ///< by the central side's descriptions
    std::string codec;
    bool opaque = false;
    TimePoint both_since{};  ///< epoch: not both ways
    Duration both_before{};
  };
  /// What one side says of the media: its own part of each stream.
  struct Said {
    struct Line {
      Endpoint phone_stated;
      std::optional<Endpoint> far_end;
      std::string codec;
      bool opaque = false;
      std::string far_name;
      std::uint16_t far_port = 0;
      std::optional<Endpoint> phone_rtcp, far_rtcp;
    };
    std::vector<Line> lines;
    bool held = false;
  };
  struct Offer {
    std::uint64_t key = 0;
    Side by = Side::access;
    bool in_answer = false;
    Said before;                          ///< of the side that offers
    std::optional<Said> answerer_before;  ///< of the other one, once it has answered
  };
  /// The answers to the last INVITE, each responder's last one, in the order in which they applied.
  struct Answer {
    std::size_t tag = 0, body = 0;  ///< hashes
    bool reliable = false;
    Said said;
  };
  static constexpr std::size_t kMaxOffers = 8, kMaxAnswers = 32;
  Said said_by(Side side) const;
  void apply(TimePoint now, Side side, const Said& said, MediaBroker& broker);

  /// RFC 3264 §8: whoever hears another description must see another version, and none that goes back.
  struct Versions {
    std::uint64_t sent = 0, seen = 0, offset = 0;
    std::size_t hash = 0;
    bool any = false;
  };
  Result<void> rewrite_sdp_body(TimePoint now, std::string_view body, Side from, Standing standing,
                                const MediaRequest& request, const Disclosure& disclosure, MediaBroker& broker,
                                std::string& out);
  void take_far_end(Stream& stream, const SdpMedia& media, MediaBroker& broker);
  static void tell_sources(Stream& stream, const Sdp& sdp, const SdpMedia& media, Standing standing,
                           MediaBroker& broker);
  std::uint64_t version_for(Side from, Standing standing, const Sdp& sdp, std::string_view body,
                            const SdpRewrite& rewrite);
  void note_both(TimePoint now, Stream& stream);

  std::vector<Stream> streams_;  // by m-line
  Versions to_phone_, to_central_;
  bool held_by_phone_ = false, held_by_far_end_ = false;
  std::vector<Offer> offers_;    // under way, oldest first
  std::vector<Answer> answers_;  // to the INVITE of answers_key_
  std::uint64_t answers_key_ = 0, descriptions_ = 0;
  std::size_t ice_lines_ = 0;
  std::vector<std::string> names_;
};

}  // namespace dw::sip
