// What phones say of why they restarted, and everything that is said of a path, as findings show it.
#include <cstddef>
#include <cstdint>

#include "sbc/base/bytes.hpp"
#include "sbc/doctor/network_findings.hpp"
#include "sbc/phones/alarm.hpp"
#include "tests/fuzz/require.hpp"

namespace {

bool shown_safely(std::string_view text) {
  for (const char c : text) {
    const auto octet = static_cast<unsigned char>(c);
    if (octet < 0x20 || octet == 0x7f) return false;
  }
  return true;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace dw;
  const std::string text(as_text({data, size}));
  if (const auto alarm = phones::parse_alarm(text)) {
    require(alarm->number <= 999);
    require(!alarm->words.empty());
    require(alarm->load.empty() || text.find(alarm->load) != text.npos);
  }
  doctor::BoxFacts box;
  box.hosted = true;
  doctor::NetworkFacts& facts = box.network;
  facts.path = doctor::NatPath::nat;
  facts.measured_against = facts.stun_error = facts.tftp_alg_seen = text;
  facts.udp_blocked = facts.tftp_alg = true;
  facts.sip_alg = {{doctor::Transport::udp, true, "", {{text, text, text}, {text, "", text}, {text, text, ""}}, {}}};
  facts.reach = {{text, doctor::Transport::tcp, text, {}, doctor::PortState::refused, {}, text},
                 {text, doctor::Transport::udp, text, {}, doctor::PortState::no_answer, {}, text}};
  facts.dns = {{text, {}, {}, text + "x"}};
  box.forward = text;
  nat::portmap::Facts& router = box.mapping.emplace();
  router.active = true;
  router.wanted = 1;
  router.last_error = text;
  constexpr std::size_t kLongest = 2000;
  for (const doctor::Finding& finding : network_findings(box))
    require(shown_safely(finding.seen) && finding.seen.size() < kLongest);
  return 0;
}
