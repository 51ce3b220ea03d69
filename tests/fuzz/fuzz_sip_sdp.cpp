// The first octet says how many m-lines move and to which family; the rest is an SDP, or a multipart body
// whose first line is its Content-Type.
#include <cstdlib>

#include "sbc/base/bytes.hpp"
#include "sbc/sip/multipart.hpp"
#include "sbc/sip/sdp.hpp"
#include "sbc/sip/sdp_formats.hpp"

using namespace dw;
using namespace dw::sip;

namespace {

void check(bool holds) {
  if (!holds) std::abort();
}

constexpr std::string_view kHidden = "192.168.77.5";

void rewrite_one(std::string_view body, std::uint8_t choice) {
  const auto sdp = parse_sdp(body);
  if (!sdp) {
    check(sdp.error().offset <= body.size());
    return;
  }
  const auto payloads = sdp_payloads(body);
  const auto formats = sdp_formats(body);
  for (std::size_t i = 0; i < kMaxSdpMedia; ++i) {
    check(payloads[i].size() <= kMaxSdpPayloads && formats[i].size() <= payloads[i].size());
    check(i < sdp->media().size() || payloads[i].empty());
    for (const SdpPayload& payload : payloads[i])
      check(payload.type < 128 && (payload.name.empty() || payload.name.size() <= body.size()));
  }
  SdpRewrite wanted;
  wanted.own = *IpAddress::parse((choice & 0x80) ? "2001:db8::ff" : "203.0.113.1");
  wanted.version = choice;
  wanted.hidden[0] = *IpAddress::parse(kHidden);
  for (std::size_t i = 0; i < kMaxSdpMedia; ++i) {
    if ((choice >> (i % 4) & 1) == 0) continue;
    const bool six = ((choice >> 4 & 1) != 0) == (i % 2 == 0);
    wanted.to[i] = Endpoint{*IpAddress::parse((six ? "2001:db8::" : "198.51.100.1") + std::to_string(i)),
                            static_cast<std::uint16_t>(20000 + 4 * i)};
    if ((choice & 0x40) != 0)
      wanted.rtcp[i] = Endpoint{wanted.to[i]->address, static_cast<std::uint16_t>(30000 + 4 * i)};
  }
  std::string out;
  if (!rewrite_sdp(*sdp, body, wanted, out)) return;
  check(!out.contains(kHidden));
  const auto again = parse_sdp(out);
  if (!again) {  // what was added made it too long, or nothing was left
    check(again.error().code == Errc::malformed ? sdp->media().size() == 0 : out.size() > kMaxSdpOctets);
    return;
  }
  check(again->media().size() == sdp->media().size());
  for (std::size_t i = 0; i < sdp->media().size(); ++i) {
    const SdpMedia& was = sdp->media()[i];
    const SdpMedia& is = again->media()[i];
    check(is.type == was.type && is.protocol == was.protocol);
    if (was.to_many && was.port != 0) {
      check(is.port == was.port && is.address == was.address);
      continue;
    }
    if (!was.relayable || !wanted.to[i]) {
      check(is.port == 0 && !is.endpoint());
      continue;
    }
    check(is.port == wanted.to[i]->port);
    const bool hold = was.address && was.address->is_unspecified();
    check(hold ? !is.endpoint() : is.endpoint() == wanted.to[i]);
  }
  std::string twice;
  check(rewrite_sdp(*again, out, wanted, twice).has_value());
  check(twice == out);
}

void divide(std::string_view text, std::uint8_t choice) {
  const std::size_t feed = text.find('\n');
  if (feed == text.npos) return;
  const std::string_view body = text.substr(feed + 1);
  const auto all = parse_multipart(text.substr(0, feed), body);
  if (!all) {
    check(all.error().offset <= body.size());
    return;
  }
  std::size_t last = 0;
  for (const BodyPart& part : all->parts()) {
    check(part.offset >= last && part.offset <= body.size());
    check(part.body.size() <= body.size() - part.offset && body.substr(part.offset, part.body.size()) == part.body);
    check(part.headers.contains(part.content_type) && part.headers.contains(part.content_disposition));
    last = part.offset + part.body.size();
    rewrite_one(part.body, choice);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text = as_text({data + 1, size - 1});
  rewrite_one(text, data[0]);
  divide(text, data[0]);
  return 0;
}
