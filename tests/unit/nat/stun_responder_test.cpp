#include <doctest/doctest.h>

#include "tests/unit/nat/sim_nat.hpp"

using namespace dw;
using namespace dw::nat;
using namespace dw::nat::test;
using namespace std::chrono_literals;

namespace {

const IpAddress kOne = at("203.0.113.10:1").address, kTwo = at("203.0.113.11:1").address;
const TimePoint kNow{1h};

StunResponder responder(std::vector<IpAddress> addresses, double rate = 20, std::optional<IpAddress> advertise = {}) {
  return StunResponder({std::move(addresses), {3478, 3479}, advertise, rate, 1});
}
std::optional<StunResponder::Answer> ask(StunResponder& server, const StunMessage& request,
                                         const Endpoint& from = at("192.0.2.1:5000"), TimePoint now = kNow) {
  const Buffer octets = to_octets(request);
  return server.on_datagram(now, {from, kOne, 0, false, false, octets});
}

}  // namespace

TEST_CASE("stun responder: from where the answer leaves") {
  StunResponder server = responder({kOne, kTwo});
  StunMessage request;
  request.padding = 40;
  for (const auto& [address, port] : {std::pair{false, false}, {false, true}, {true, false}, {true, true}}) {
    request.change = {address, port};
    const auto answer = ask(server, request);
    REQUIRE(answer);
    CHECK(answer->from == (address ? kTwo : kOne));
    CHECK(answer->port == (port ? 1U : 0U));
    CHECK(answer->to == at("192.0.2.1:5000"));
    const auto reported = parse_stun(answer->octets);
    REQUIRE(reported);
    CHECK(reported->id == request.id);
    CHECK(reported->reflexive() == at("192.0.2.1:5000"));
    CHECK(reported->other_address == at("203.0.113.11:3479"));
    CHECK(reported->response_origin == Endpoint{answer->from, port ? std::uint16_t{3479} : std::uint16_t{3478}});
  }
  CHECK(server.counters().answered == 4);
}

TEST_CASE("stun responder: with one address it offers the other port, and no other address") {
  StunResponder server = responder({kOne});
  StunMessage request;
  auto answer = ask(server, request);
  REQUIRE(answer);
  CHECK(parse_stun(answer->octets)->other_address == at("203.0.113.10:3479"));
  request.change = {true, false};
  answer = ask(server, request);
  REQUIRE(answer);
  const auto reported = parse_stun(answer->octets);
  CHECK(reported->kind == StunMessage::Kind::error);
  CHECK(reported->error->code == 420);
  CHECK(reported->unknown == std::vector<std::uint16_t>{3});

  StunResponder hidden = responder({IpAddress::v4(0)}, 20, at("198.51.100.1:1").address);
  CHECK(parse_stun(ask(hidden, StunMessage{})->octets)->other_address == at("198.51.100.1:3479"));
}

TEST_CASE("stun responder: RESPONSE-PORT") {
  StunResponder server = responder({kOne});
  StunMessage request;
  request.response_port = 40001;
  CHECK(ask(server, request)->to == at("192.0.2.1:40001"));
  request.response_port = 53;
  CHECK_FALSE(ask(server, request));
}

TEST_CASE("stun responder: what it does not understand is named, and what is no request is not answered") {
  StunResponder server = responder({kOne});
  Buffer octets = to_octets(StunMessage{});
  ByteWriter more(octets);
  more.u16be(0x0024), more.u16be(4), more.u32be(1);
  octets[3] = 8;
  const auto answer = server.on_datagram(kNow, {at("192.0.2.1:5000"), kOne, 0, false, false, octets});
  REQUIRE(answer);
  CHECK(parse_stun(answer->octets)->unknown == std::vector<std::uint16_t>{0x24});
  CHECK(answer->octets.size() <= 2 * octets.size());

  StunMessage other;
  other.kind = StunMessage::Kind::success;
  CHECK_FALSE(ask(server, other));
  other.kind = StunMessage::Kind::indication;
  CHECK_FALSE(ask(server, other));
  other = {};
  other.method = 3;  // Allocate
  CHECK_FALSE(ask(server, other));
  CHECK_FALSE(ask(server, StunMessage{}, at("192.0.2.1:53")));
  CHECK_FALSE(ask(server, StunMessage{}, at("224.0.0.1:5000")));
  CHECK_FALSE(server.on_datagram(kNow, {at("192.0.2.1:5000"), kOne, 0, true, false, octets}));
}

TEST_CASE("stun responder: no answer is worth forging a request") {
  StunResponder server = responder({kOne, kTwo}, 1000);
  for (std::size_t padding = 0; padding < 80; padding += 4) {
    StunMessage request;
    request.padding = padding;
    const std::size_t asked = to_octets(request).size();
    const std::size_t answered = ask(server, request)->octets.size();
    constexpr std::size_t kHeaders = 28;  // IPv4 and UDP
    CHECK(2 * (answered + kHeaders) <= 3 * (asked + kHeaders));
    if (asked >= StunAsker::kPadded) CHECK(answered <= asked);
  }
  StunResponder six = responder({at("[2001:db8::10]:1").address, at("[2001:db8::11]:1").address}, 1000);
  for (std::size_t padding = 0; padding < 120; padding += 4) {
    StunMessage request;
    request.padding = padding;
    const Buffer octets = to_octets(request);
    const auto answer =
        six.on_datagram(kNow, {at("[2001:db8::99]:5000"), at("[2001:db8::10]:1").address, 0, false, false, octets});
    REQUIRE(answer);
    const auto reported = parse_stun(answer->octets);
    REQUIRE(reported);
    // Address, other address; the origin only where there is room for it.
    if (reported->response_origin) CHECK(answer->octets.size() <= octets.size());
  }
}

TEST_CASE("stun responder: a source has so many answers a second") {
  StunResponder server = responder({kOne}, 20);
  unsigned answered = 0;
  for (int i = 0; i < 1000; ++i)
    answered += ask(server, StunMessage{}, at("192.0.2.1:5000"), kNow + i * 1ms) ? 1 : 0;
  CHECK(answered >= 40);
  CHECK(answered <= 61);
  CHECK(server.counters().limited == 1000 - answered);
  CHECK(ask(server, StunMessage{}, at("192.0.2.77:5000"), kNow + 1s));
}
