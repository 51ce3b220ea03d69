#include "sbc/sip/answer_ports.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace dw;
using namespace dw::sip;

namespace {

const TimePoint kNow{};
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
  AnswerPorts ports(7);
  const Requested r("192.168.7.7:5070"), other("192.168.7.8:5070");
  REQUIRE(ports.of(kNow, Standing::registered, r.m, kFromRouter).port == 40'000);
  REQUIRE(ports.try_other(kNow, Standing::registered, r.m, kFromRouter, kFromRouter.peer) ==
          Endpoint{kFromRouter.peer.address, 5070});
  CHECK(ports.of(kNow, Standing::registered, r.m, kFromRouter).port == 5070);
  CHECK(ports.of(kNow, Standing::registered, other.m, kFromRouter).port ==
        40'000);  // another phone behind the same router
  CHECK(ports.try_other(kNow, Standing::registered, r.m, kFromRouter, {kFromRouter.peer.address, 5070}) ==
        kFromRouter.peer);
  CHECK(ports.of(kNow, Standing::registered, r.m, kFromRouter).port == 40'000);
}

TEST_CASE("sip answer ports: a phone that says where it listens has no other port") {
  AnswerPorts ports(7);
  const Requested asks("192.168.7.7:5070;rport"), on_lan("1.2.3.4:5070");
  CHECK_FALSE(ports.try_other(kNow, Standing::registered, asks.m, kFromRouter, kFromRouter.peer));
  CHECK_FALSE(ports.try_other(kNow, Standing::registered, on_lan.m, kFromRouter, kFromRouter.peer));
  CHECK(ports.of(kNow, Standing::registered, asks.m, kFromRouter).port == 40'000);
  CHECK(ports.of(kNow, Standing::registered, on_lan.m, kFromRouter).port == 5070);
}

TEST_CASE("sip answer ports: strangers without number push each other out, and no registered phone") {
  AnswerPorts ports(7);
  const Requested r("192.168.7.7:5070");
  Flow stranger = kFromRouter;
  REQUIRE(ports.try_other(kNow, Standing::registered, r.m, kFromRouter, kFromRouter.peer));
  for (std::uint32_t i = 0; i < 4 * AnswerPorts::kMax; ++i) {
    stranger.peer.address = IpAddress::v4(0x0B000000 + i);
    REQUIRE(ports.try_other(kNow, Standing::stranger, r.m, stranger, stranger.peer)->port == 5070);
  }
  CHECK(ports.of(kNow, Standing::stranger, r.m, stranger).port == 5070);  // the latest has its place
  CHECK(ports.of(kNow, Standing::registered, r.m, kFromRouter).port == 5070);
  Flow later = kFromRouter;  // and a phone that comes when it is full gets one
  later.peer.address = IpAddress::v4(0x0A000001);
  REQUIRE(ports.try_other(kNow, Standing::registered, r.m, later, later.peer));
  CHECK(ports.of(kNow, Standing::registered, r.m, later).port == 5070);
  MetricsText text;
  ports.append_tables(text);
  CHECK(text.text().find("sip_answer_ports") != std::string::npos);
}
