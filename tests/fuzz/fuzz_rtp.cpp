// One stream of the relay. Records of a first octet, a length and so many octets: a packet that comes in (bits 0-1: at
// which of the four ports, bits 2-3: from whom, bits 4-5: how much later), or with bit 7 something that signalling
// says.
#include <algorithm>
#include <array>
#include <cstdlib>
#include <memory>

#include "nat/core/media/relay_session.hpp"
#include "sbc/base/byte_reader.hpp"

using namespace dw;
using namespace dw::nat;

namespace {

void check(bool holds) {
  if (!holds) std::abort();
}

IpAddress at(std::uint8_t last) {
  return IpAddress::v4(0xc0000200U + last);
}
const IpAddress kPhone = at(7), kElsewhere = at(8), kFarEnd = at(20), kServer = at(21), kStranger = at(66);

void look(Bytes packet) {
  const auto header = parse_rtp(packet);
  if (header) {
    check(packet.size() >= kRtpHeaderOctets + header->payload);
    check((header->payload_type & 0x80) == 0 && (header->payload != 0 || header->first == 0));
    check(!is_bare_keepalive(packet));
  }
  check(!is_rtcp(packet) || packet.size() >= 4);
}

class Stream {
 public:
  explicit Stream(std::uint8_t rules)
      : session_({.phone = kPhone,
                  .allowed = std::make_shared<const AllowedSenders>(AllowedSenders{{kServer}, {}}),
                  .stated_first = (rules & 1) != 0,
                  .symmetric = (rules & 2) != 0}) {}

  void packet(std::uint8_t how, Bytes octets) {
    constexpr std::array<std::chrono::milliseconds, 4> kLater = {
        std::chrono::milliseconds(0), std::chrono::milliseconds(20), std::chrono::milliseconds(500),
        std::chrono::milliseconds(40'000)};
    look(octets);
    now_ += kLater[how >> 4 & 3];
    const auto port = static_cast<Port>(how & 3);
    const std::array<IpAddress, 4> kFrom = {on_phone_side(port) ? kPhone : kFarEnd,
                                            on_phone_side(port) ? kElsewhere : kServer,
                                            on_phone_side(port) ? kFarEnd : kPhone, kStranger};
    const Endpoint from{kFrom[how >> 2 & 3], static_cast<std::uint16_t>(for_rtcp(port) ? 5001 : 5000)};
    const std::uint64_t before = session_.from_phone().packets + session_.from_central().packets;
    const auto outcome = session_.on_packet(now_, port, from, octets);
    const std::uint64_t after = session_.from_phone().packets + session_.from_central().packets;
    check(after == before || after == before + 1);
    check((outcome.to != nullptr) == (outcome.fate == RelaySession::Fate::relay));
    if (from.address == kStranger)
      check(!outcome.taken() && outcome.fate != RelaySession::Fate::keepalive && after == before);
    if (on_phone_side(port) && from.address == kElsewhere && !roams_) check(!outcome.taken());
    if (outcome.to != nullptr) {
      const IpAddress to = outcome.to->address;
      check(on_phone_side(port) ? to == kFarEnd || to == kServer : to == kPhone || (roams_ && to == kElsewhere));
      session_.on_sent(now_, port, RelaySession::Sent::sent);
    }
  }

  void say(std::uint8_t what, Bytes octets) {
    const bool on = octets.empty() || (octets[0] & 1) != 0;
    switch (what & 7) {
      case 0:
        session_.set_far_end(on ? std::optional(Endpoint{kFarEnd, 5000}) : std::nullopt);
        return;
      case 1:
        roams_ = true;
        return session_.set_phone_address(now_, on ? kElsewhere : kPhone);
      case 2:
        return session_.set_phone(now_, on ? std::optional(Endpoint{kPhone, 16384}) : std::nullopt, std::nullopt);
      case 3: {
        MediaFormats formats;
        for (std::size_t i = 0; i + 1 < octets.size() && formats.size() < kMaxMediaFormats; i += 2)
          formats.push_back({static_cast<std::uint8_t>(octets[i] & 0x7f), octets[i + 1] * 1000U,
                             static_cast<MediaFormat::Kind>(octets[i + 1] & 3)});
        return session_.set_formats((what & 8) != 0 ? MediaSide::phone : MediaSide::central,
                                    std::make_shared<const MediaFormats>(std::move(formats)));
      }
      case 4:
        return session_.set_opaque(on);
      case 5:
        return session_.reopen();
      case 6:
        return session_.set_sources({{kServer}, false});
      default:
        (void)session_.keepalive(now_, std::chrono::seconds(15));
        (void)session_.way_due(now_, Port::central_rtp, std::chrono::seconds(15));
    }
  }

  void look_at_report() const {
    for (const MediaFlow& flow : {session_.from_phone(), session_.from_central()})
      check(flow.audio <= flow.packets && (!flow.jitter || *flow.jitter >= Duration{}));
  }

 private:
  RelaySession session_;
  TimePoint now_{std::chrono::hours(1)};
  bool roams_ = false;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  look({data, size});
  ByteReader reader({data, size});
  Stream stream(reader.u8("rules"));
  while (reader.ok() && reader.remaining() > 0) {
    const std::uint8_t how = reader.u8("how");
    const Bytes octets = reader.take(std::min<std::size_t>(reader.u8("length"), reader.remaining()), "octets");
    if ((how & 0x80) != 0)
      stream.say(how, octets);
    else
      stream.packet(how, octets);
  }
  stream.look_at_report();
  return 0;
}
