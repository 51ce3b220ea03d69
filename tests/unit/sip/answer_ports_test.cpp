#include "sbc/sip/answer_ports.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace dw;
using namespace dw::sip;

namespace {

const Flow kFromRouter{
    Transport::udp, {IpAddress::v4(0xC0A80102), 5060}, {IpAddress::v4(0x01020304), 40'000}, ConnectionId::none};

/// A request whose topmost Via is `via`; it owns its octets.
struct Requested {
  std::string text;
  Message m;
  explicit Requested(std::string_view via) {
    text = "OPTIONS sip:a@b SIP/2.0\r\nVia: SIP/2.0/UDP " + std::string(via) +
           ";branch=z9hG4bKa\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:a@b>\r\nCall-ID: c\r\nCSeq: 1 OPTIONS\r\n"
           "Content-Length: 0\r\n\r\n";
    REQUIRE(m.parse(as_bytes(text)));
  }
};

}  // namespace

TEST_CASE("sip answer ports: an unheard answer goes to the other port, and after another one back again") {
  AnswerPorts ports;
  const Requested r("192.168.7.7:5070"), other("192.168.7.8:5070");
  REQUIRE(ports.of(r.m, kFromRouter).port == 40'000);
  REQUIRE(ports.try_other(r.m, kFromRouter, kFromRouter.peer) == Endpoint{kFromRouter.peer.address, 5070});
  CHECK(ports.of(r.m, kFromRouter).port == 5070);
  CHECK(ports.of(other.m, kFromRouter).port == 40'000);  // another phone behind the same router
  CHECK(ports.try_other(r.m, kFromRouter, {kFromRouter.peer.address, 5070}) == kFromRouter.peer);
  CHECK(ports.of(r.m, kFromRouter).port == 40'000);
}

TEST_CASE("sip answer ports: a phone that says where it listens has no other port") {
  AnswerPorts ports;
  const Requested asks("192.168.7.7:5070;rport"), on_lan("1.2.3.4:5070");
  CHECK_FALSE(ports.try_other(asks.m, kFromRouter, kFromRouter.peer));
  CHECK_FALSE(ports.try_other(on_lan.m, kFromRouter, kFromRouter.peer));
  CHECK(ports.of(asks.m, kFromRouter).port == 40'000);
  CHECK(ports.of(on_lan.m, kFromRouter).port == 5070);
}

TEST_CASE("sip answer ports: no more than kMax are kept, and those that are kept stay") {
  AnswerPorts ports;
  const Requested r("192.168.7.7:5070");
  Flow from = kFromRouter;
  const std::uint32_t first = 0x0B000000;
  for (std::uint32_t i = 0; i < AnswerPorts::kMax; ++i) {
    from.peer.address = IpAddress::v4(first + i);
    REQUIRE(ports.try_other(r.m, from, from.peer));
  }
  from.peer.address = IpAddress::v4(first + AnswerPorts::kMax);
  CHECK(ports.try_other(r.m, from, from.peer)->port == 5070);  // this answer goes there…
  CHECK(ports.of(r.m, from).port == 40'000);                   // …and nothing is remembered
  from.peer.address = IpAddress::v4(first);
  CHECK(ports.of(r.m, from).port == 5070);
}
