#include "sbc/sip/body_rewriter.hpp"

#include "tests/unit/sip/sip_parts.hpp"

using namespace dw;
using namespace dw::sip;
using dw::sip::test::Parts;

namespace {

constexpr std::string_view kOfPhone =
    "v=0\r\no=- 1 1 IN IP4 192.168.1.50\r\ns=-\r\nc=IN IP4 192.168.1.50\r\nt=0 0\r\nm=audio 20000 RTP/AVP 0\r\n";
constexpr std::string_view kSdpLine = "Content-Type: application/sdp\r\n";

struct BodyCase : Parts {
  Hop hop;
  DialogSet* set = nullptr;
  Transaction* t = nullptr;
  BodyCase() {
    hop.side = Side::central;
    hop.us = "203.0.113.10";
    hop.phone = Parts::phone();
    hop.flow = Parts::udp(Parts::central(), Parts::server());
    set = dialogs.begin("c", "a", Side::access);
    set->method = Method::invite;
    set->reach.flow = Parts::phone();
    t = transactions.begin(Method::invite, {});
    t->begins_dialogs = true;
    t->dialogs = set->id;
  }
  /// The status, and the message that goes on.
  std::pair<std::uint16_t, std::string> edit(std::string octets) {
    const Message& m = read(std::move(octets));
    Edits edits(m);
    const std::uint16_t status = bodies.edit(now, *t, m, hop, set, edits, out);
    std::string written;
    edits.write(written);
    return {status, written};
  }
};

}  // namespace

TEST_CASE("sip body rewriter: an offer gets the relay's address, and counts as one until it is refused") {
  BodyCase c;
  const auto [status, text] = c.edit(Parts::request("INVITE", "sip:2001@b", kSdpLine, kOfPhone));
  CHECK(status == 0);
  CHECK(text.find("c=IN IP4 203.0.113.10") != std::string::npos);
  CHECK(text.find("192.168.1.50\r\ns=") == std::string::npos);
  CHECK(c.t->offered);
  CHECK(c.set->media.is_open());
  c.bodies.drop_offer(c.now, *c.t);
  CHECK(c.broker.opened == 1);
}

TEST_CASE("sip body rewriter: without ports the request is refused with 500, and what it says is said in an event") {
  BodyCase c;
  c.broker.limit = 0;
  CHECK(c.edit(Parts::request("INVITE", "sip:2001@b", kSdpLine, kOfPhone)).first == 500);
  CHECK(c.events(Event::Kind::no_media) == 1);
  CHECK(c.counters.no_media == 1);
  CHECK(BodyRewriter::refusal_lines(500) == "Retry-After: 10\r\n");
}

TEST_CASE(
    "sip body rewriter: a body that can't be read is refused; of an ACK, which nobody can refuse, it is taken out") {
  BodyCase c;
  constexpr std::string_view kBroken = "v=0\r\nc=IN IP4 192.168.1.50 and more\r\nm=nonsense\r\n";
  CHECK(c.edit(Parts::request("INVITE", "sip:2001@b", kSdpLine, kBroken)).first == 488);
  CHECK(c.counters.malformed == 1);
  const auto [status, text] = c.edit(Parts::request("ACK", "sip:2001@b", kSdpLine, kBroken));
  CHECK(status == 0);
  CHECK(text.find("Content-Length: 0\r\n") != std::string::npos);
  CHECK(text.find("application/sdp") == std::string::npos);
  CHECK(text.find("192.168.1.50 and") == std::string::npos);
}

TEST_CASE("sip body rewriter: a name in the place of the far end's address is looked up once for all who wait") {
  BodyCase c;
  c.edit(Parts::request("INVITE", "sip:2001@b", kSdpLine, kOfPhone));
  c.hop.side = Side::access;
  c.hop.us = "192.168.1.2";
  c.hop.flow = c.hop.phone;
  const std::string answer = Parts::response(
      200, "INVITE", kSdpLine,
      "v=0\r\no=- 1 1 IN IP4 far.example.net\r\ns=-\r\nc=IN IP4 far.example.net\r\nt=0 0\r\nm=audio 30000 RTP/AVP 0\r\n");
  const auto [status, text] = c.edit(answer);
  CHECK(status == 0);
  CHECK(text.find("far.example.net") == std::string::npos);
  REQUIRE(c.out.lookups == std::vector<std::string>{"far.example.net"});
  c.bodies.on_addresses(c.now, "far.example.net", {}, c.out);
  CHECK(c.events(Event::Kind::no_media) == 1);
  c.bodies.on_addresses(c.now, "far.example.net", {}, c.out);  // nobody waits any more
  CHECK(c.events(Event::Kind::no_media) == 1);
}
