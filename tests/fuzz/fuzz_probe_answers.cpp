// What comes back of probes of the path, by TFTP, HTTP and SIP: whatever the octets, nothing is read past
// them, and what is shown of differences is short and printable.

#include "sbc/base/base64.hpp"
#include "sbc/base/difference.hpp"
#include "sbc/sip/probe.hpp"
#include "tests/fuzz/require.hpp"
#include "tftp-proxy/core/http_probe.hpp"
#include "tftp-proxy/core/tftp_probe.hpp"

using namespace dw;

namespace {

const Endpoint kLocal{IpAddress::v4(0xc0a8010a), 50000};

void look_at(std::string_view sent, std::string_view received) {
  const auto differences = differences_of(sent, received);
  require(differences.size() <= kMaxDifferences);
  for (const Difference& d : differences) {
    require(d.sent.size() <= kMaxShownValue + 8 && d.received.size() <= kMaxShownValue + 8);
    for (const char c : d.field + d.sent + d.received)
      require(static_cast<unsigned char>(c) >= 0x20);
  }
  require(differences_of(received, received).empty());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Bytes octets(data, size);
  const std::string_view text = as_text(octets);
  if (const auto told = tftp::parse_probe_answer(octets)) require(told->request.size() < size);
  if (const auto told = provisioning::parse_http_probe(text))
    look_at(provisioning::make_http_probe(kLocal, "pbx"), told->request);
  const std::string asked = sip::make_probe({sip::Transport::udp, kLocal, "pbx", "00112233"});
  sip::Message answer;
  if (answer.parse(octets)) {
    (void)sip::is_probe(answer);
    if (const auto received = sip::received_in(answer)) look_at(asked, *received);
  }
  look_at(asked, text);
  if (const auto plain = from_base64(text)) require(from_base64(to_base64(*plain)).value() == *plain);
  return 0;
}
