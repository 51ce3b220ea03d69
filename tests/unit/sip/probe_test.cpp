#include "sbc/sip/probe.hpp"

#include <doctest/doctest.h>

#include "sbc/base/difference.hpp"
#include "sbc/sip/proxy.hpp"
#include "tests/support/sccp_fake_broker.hpp"

using namespace dw;
using namespace dw::sip;

namespace {

const Endpoint kLocal = *Endpoint::parse("192.168.1.10:50123");
const Endpoint kPeer = *Endpoint::parse("203.0.113.101:50123");
const Endpoint kUs = *Endpoint::parse("203.0.113.10:5060");
const TimePoint kNow{std::chrono::hours(1)};

std::string probe(Transport transport = Transport::udp) {
  return make_probe({transport, kLocal, "pbx.example.net", "0123456789abcdef"});
}

struct Hosted {
  sim::FakeBroker broker;
  KnownSources known{1};
  Proxy proxy{options(), broker, known, [] { return std::uint64_t{7}; }};
  static ProxyOptions options() {
    ProxyOptions o;
    o.unregistered_calls = false;  // strangers' OPTIONS are not answered
    return o;
  }
  std::vector<Output::Send> hear(const std::string& text, TimePoint now = kNow) {
    Output out;
    proxy.on_message(now, {Transport::udp, kUs, kPeer, ConnectionId::none}, as_bytes(text), out);
    return out.sends;
  }
};

std::string all_replaced(std::string text, std::string_view what, std::string_view with) {
  for (auto at = text.find(what); at != text.npos; at = text.find(what, at + with.size()))
    text.replace(at, what.size(), with);
  return text;
}

}  // namespace

TEST_CASE("sip probe: a stranger's probe is answered with what arrived of it") {
  Hosted hosted;
  const std::string asked = probe();
  CHECK(asked.size() >= kMinSipProbe);
  CHECK(asked.size() <= kMaxSipProbe);
  const auto sends = hosted.hear(asked);
  REQUIRE(sends.size() == 1);
  CHECK(sends[0].to.peer == kPeer);
  CHECK(sends[0].octets.size() <= 2 * asked.size());
  Message answer;
  REQUIRE(answer.parse(as_bytes(sends[0].octets)));
  CHECK(answer.status() == 200);
  CHECK(received_in(answer) == asked);
  // What a gateway looks for is not in the answer where it could be found and changed back.
  CHECK(sends[0].octets.find("o=dropwire") == std::string::npos);
}

TEST_CASE("sip probe: what a gateway changed is listed field by field") {
  Hosted hosted;
  const std::string asked = probe();
  const std::string arrived = all_replaced(asked, "192.168.1.10", "203.0.113.101");
  const auto sends = hosted.hear(arrived);
  REQUIRE(sends.size() == 1);
  Message answer;
  REQUIRE(answer.parse(as_bytes(sends[0].octets)));
  std::vector<std::string> fields;
  for (const Difference& d : differences_of(asked, received_in(answer).value()))
    fields.push_back(d.field);
  CHECK(fields == std::vector<std::string>{"Via", "From", "Call-ID", "Contact", "SDP o=", "SDP c="});
}

TEST_CASE("sip probe: what is not marked, too short or too long is a stranger's OPTIONS") {
  Hosted hosted;
  CHECK(hosted.hear(all_replaced(probe(), kProbeField, "Subject")).empty());
  std::string small = probe();
  const auto filler = small.find(": ", small.find(kProbeField)) + 2;
  small.erase(filler, small.find("\r\n", filler) - filler - 1);
  REQUIRE(small.size() < kMinSipProbe);
  CHECK(hosted.hear(small).empty());
  CHECK(hosted
            .hear(all_replaced(probe(), kProbeField,
                               std::string(kProbeField) + ": 1\r\nSubject: " + std::string(600, 'x') + "\r\nA"))
            .empty());
}

TEST_CASE("sip probe: so many answers a second, for all") {
  Hosted hosted;
  std::size_t answers = 0;
  for (int i = 0; i < 60; ++i)
    answers += hosted.hear(probe()).size();
  CHECK(answers == 20);
  CHECK(hosted.hear(probe(), kNow + std::chrono::seconds(1)).size() == 1);
}

TEST_CASE("sip probe: an answer without what arrived, or with nonsense, is no result") {
  Hosted hosted;
  const std::string octets = hosted.hear(probe())[0].octets;
  Message answer;
  const std::string without = all_replaced(octets, kProbeReceived, "Server");
  REQUIRE(answer.parse(as_bytes(without)));
  CHECK_FALSE(received_in(answer));
  const std::string broken =
      all_replaced(octets, std::string(kProbeReceived) + ": ", std::string(kProbeReceived) + ": !");
  REQUIRE(answer.parse(as_bytes(broken)));
  CHECK_FALSE(received_in(answer));
}
