// What a forged request may cost, and who is never answered: tftp-nat §1.6 and the security rows of §5.
#include <doctest/doctest.h>

#include <fmt/format.h>

#include "tests/unit/provisioning/tftp_desk.hpp"

namespace dw::tftp {
using namespace test;

namespace {

std::size_t on_the_wire(std::size_t octets, bool v6) {
  return octets + 8 + (v6 ? 40 : 20);
}

/// Octets sent for one request that nobody ever acknowledges, through to the end, by octets of the request.
double amplification(Desk& desk, const Buffer& request) {
  desk.sent.clear();
  desk.gives(request);
  desk.wait(2min);
  const bool v6 = desk.phone.address.is_v6();
  std::size_t answered = 0;
  for (const Sent& s : desk.sent)
    answered += on_the_wire(s.octets.size(), v6);
  CHECK(desk.sent.size() <= 2);
  CHECK(desk.sessions.active() == 0);
  return static_cast<double>(answered) / static_cast<double>(on_the_wire(request.size(), v6));
}

Endpoint stranger(unsigned n) {
  return {IpAddress::v4(0x08000000U + n * 0x10101U), static_cast<std::uint16_t>(1024 + n % 60000)};
}

}  // namespace

TEST_CASE("case 75: a forged request costs at most 26 times its octets, with options at most twice") {
  constexpr std::string_view kNames = "abcdefghijklmnopqrstuvwxyz";
  for (const char* phone : {"198.51.100.7:49152", "[2001:db8::7]:49152"}) {
    for (const std::size_t length : std::initializer_list<std::size_t>{1, 3, 4, 6, 23}) {
      for (const std::size_t size : std::initializer_list<std::size_t>{0, 1, 511, 512, 1428, 70000}) {
        for (const char* mode : {"octet", "netascii"}) {
          for (const char* options :
               {"", "x=1", "blksize=8", "tsize=0", "blksize=65464 tsize=0 timeout=1 windowsize=64"}) {
            CAPTURE(phone);
            CAPTURE(length);
            CAPTURE(size);
            CAPTURE(options);
            Desk desk;
            desk.phone = at(phone);
            if (desk.phone.address.is_v6()) desk.ours = at("[2001:db8::69]:69");
            const std::string name(kNames.substr(0, length));
            desk.file(name, size);
            const double times = amplification(desk, rrq(name, options, mode));
            CHECK(times <= 26.0);
            const bool oack = desk.sent.front().octets[1] == 6;
            // 2 answers of the request's own length, and at most the digits of a size more.
            if (oack) CHECK(times <= 2.4);
          }
        }
      }
    }
  }
}

TEST_CASE("case 75: errors are short, sent once, and don't echo the name") {
  Desk desk;
  for (const Buffer& request :
       {rrq("a"), rrq("../../../../etc/passwd"), rrq("a", {}, "mail"), rrq("a", {}, "octet", true),
        rrq(std::string(1400, 'b')), Buffer{0, 1}, Buffer{0, 2, 'x'}}) {
    CHECK(amplification(desk, request) <= 2.2);
    CHECK(desk.sent.size() == 1);
    CHECK(as_text(desk.sent[0].octets).find("passwd") == std::string_view::npos);
  }
}

TEST_CASE("case 75: the content fails after the first answer: two packets in all") {
  Desk desk;
  const auto content = desk.slow_file("SEP001122334455.cnf.xml");
  desk.gives(rrq("SEP001122334455.cnf.xml", "blksize=1428"));
  content->begin({});
  desk.changed();
  desk.wait(2s);
  CHECK(desk.said().size() == 2);
  content->fail({Errc::unavailable, "gone"});
  desk.changed();
  CHECK(desk.said().empty());
  CHECK(desk.sessions.active() == 0);
}

TEST_CASE("case 76: source ports that are never answered") {
  Desk desk;
  desk.file("f", 3);
  for (const unsigned port : {0U, 7U, 19U, 53U, 123U, 161U, 1023U}) {
    const Endpoint peer{desk.phone.address, static_cast<std::uint16_t>(port)};
    desk.gives(peer, rrq("f"));
    desk.gives(peer, rrq("f", {}, "octet", true));
    desk.gives(peer, Buffer{0, 1, 'x'});
  }
  CHECK(desk.said().empty());
  CHECK(desk.opens.empty());
  desk.gives(at("198.51.100.7:1024"), rrq("f"));  // where 7921 phones ask from
  CHECK(desk.said() == Said{"DATA 1 (3)"});
}

TEST_CASE("case 76: from port 69 only a good request is answered, so two servers can't talk for ever") {
  Desk desk;
  desk.file("f", 3);
  const Endpoint server = at("198.51.100.7:69");
  for (const Buffer& octets :
       {rrq("f", {}, "octet", true), rrq("f", {}, "mail"), rrq("../x"), Buffer{0, 1, 'x'}, packet_of(Ack{1}),
        packet_of(ErrorMessage{ErrorCode::illegal_operation, "what?"}), packet_of(Data{1, {}}), packet_of(Oack{})}) {
    desk.gives(server, octets);
  }
  CHECK(desk.said().empty());
  desk.gives(server, rrq("f"));
  desk.gives(server, packet_of(ErrorMessage{ErrorCode::unknown_tid, "no"}));
  desk.wait(30s);
  CHECK(desk.said() == Said{"DATA 1 (3)"});
}

TEST_CASE("case 76, case 77: no answer to or from broadcast, multicast, nobody, or ourselves") {
  Desk desk;
  desk.file("f", 3);
  for (const char* peer : {"255.255.255.255:5000", "224.0.0.1:5000", "0.0.0.0:5000", "192.0.2.69:69"}) {
    desk.gives(at(peer), rrq("f"));
  }
  for (const char* ours : {"255.255.255.255:69", "239.1.2.3:69", "0.0.0.0:69", "[ff02::1]:69"}) {
    desk.ours = at(ours);
    desk.gives(rrq("f"));
  }
  desk.ours = at("127.0.0.1:69");
  desk.gives(at("127.0.0.2:69"), rrq("f"));
  desk.ours = at("192.0.2.255:69");  // a subnet's own, which the socket recognises
  desk.sessions.on_datagram(desk.now, {desk.phone, desk.ours, 0, false, true, rrq("f")}, desk.out);
  desk.perform();
  CHECK(desk.said().empty());
  CHECK(desk.sessions.counters().refused[static_cast<std::size_t>(Refusal::address)] == 10);
  desk.ours = at("192.0.2.69:69");
  desk.gives(at("192.0.2.69:40000"), rrq("f"));  // curl on this very machine
  CHECK(desk.said() == Said{"DATA 1 (3)"});
}

TEST_CASE("one address that never acknowledges: 20 at once, then 10 a second") {
  Desk desk;
  desk.file("f", 3);
  const auto ask = [&](int n) {
    const Endpoint peer{IpAddress::v4(0x08080808), static_cast<std::uint16_t>(2000 + n)};
    const auto before = desk.sent.size();
    desk.gives(peer, rrq("f"));
    return desk.sent.size() - before;
  };
  std::size_t answered = 0;
  for (int i = 0; i < 100; ++i)
    answered += ask(i);
  CHECK(answered == 20);
  desk.wait(1s);
  answered = 0;
  for (int i = 100; i < 200; ++i)
    answered += ask(i);
  CHECK(answered == 10);
  CHECK(desk.sessions.counters().refused[static_cast<std::size_t>(Refusal::source_limit)] == 170);
}

TEST_CASE("one /24 and one /64 that never acknowledge") {
  const auto answered = [](const std::function<Endpoint(unsigned)>& peer, unsigned count, bool v6) {
    Desk desk;
    if (v6) desk.ours = at("[2001:db8::69]:69");
    desk.file("f", 3);
    for (unsigned i = 0; i < count; ++i)
      desk.gives(peer(i), rrq("f"));
    return desk.sent.size();
  };
  CHECK(answered([](unsigned i) { return Endpoint{IpAddress::v4(0x08080800U + i % 256), 5000}; }, 256, false) == 200);
  const auto in_one_64 = [](unsigned i) { return at(fmt::format("[2001:db8:1:1::{:x}]:5000", i + 1).c_str()); };
  CHECK(answered(in_one_64, 100, true) == 20);
  const auto in_one_48 = [](unsigned i) { return at(fmt::format("[2001:db8:1:{:x}::1]:5000", i + 1).c_str()); };
  CHECK(answered(in_one_48, 300, true) == 80);
}

TEST_CASE("an address that has acknowledged something may ask for much more; so may a private one") {
  Desk desk;
  desk.file("f", 3);
  desk.gives(at("8.8.8.8:2000"), rrq("f"));
  desk.ack(at("8.8.8.8:2000"), 1);
  desk.sent.clear();
  for (unsigned i = 0; i < 500; ++i) {
    desk.gives({IpAddress::v4(0x08080808), static_cast<std::uint16_t>(3000 + i)}, rrq("f"));
  }
  CHECK(desk.sent.size() == 500);
  desk.sent.clear();
  for (unsigned i = 0; i < 500; ++i) {
    desk.gives({IpAddress::v4(0x0a000001), static_cast<std::uint16_t>(3000 + i)}, rrq("f"));
  }
  CHECK(desk.sent.size() == 500);
}

TEST_CASE("case 74: a flood from random sources: bounded, and a phone is served all the while") {
  SessionsOptions options;
  options.max_unproven = 1000;
  Desk desk(options);
  desk.file("f", 600);
  unsigned n = 0;
  for (int second = 0; second < 20; ++second) {
    for (int i = 0; i < 2000; ++i) {
      desk.gives(stranger(n++), rrq("f"));
      if (i % 2 == 1) desk.wait(1ms);
      if (desk.sessions.active() > 1000) FAIL("the table has no bound");
    }
    const Endpoint phone{desk.phone.address, static_cast<std::uint16_t>(40000 + second)};
    desk.gives(phone, rrq("f"));
    for (int i = 0; i < 100; ++i)
      desk.gives(stranger(n++), rrq("f"));  // a round trip's worth of flood
    desk.ack(phone, 1);
    desk.ack(phone, 2);
    REQUIRE(desk.ended.size() > 0);
    CHECK(desk.last().outcome == TransferOutcome::sent);
    CHECK(desk.last().peer == phone);
    desk.sent.clear();
    desk.opens.clear();
    desk.refused.clear();
  }
  CHECK(desk.sessions.counters().evicted > 10000);
  desk.wait(11s);
  CHECK(desk.sessions.active() == 0);
}

TEST_CASE("case 78: somebody who tries names is slowed down") {
  Desk desk;
  desk.names.configure({});
  for (unsigned i = 0; i < 5000; ++i) {
    desk.gives({IpAddress::v4(0x0a000001), static_cast<std::uint16_t>(2000 + i)},
               rrq(fmt::format("SEP{:012X}.cnf.xml", i)));
    if (i % 10 == 0) desk.wait(10ms);
  }
  // 5 s: 200 at once and 10 a second.
  CHECK(desk.sent.size() >= 200);
  CHECK(desk.sent.size() <= 260);
  CHECK(desk.sessions.counters().refused[static_cast<std::size_t>(Refusal::enumeration)] >= 4700);
  const auto abuses = std::ranges::count(desk.refused, true, &RefusedRequest::abuse);
  CHECK(abuses == 1);  // a line a minute
  desk.file("f", 3);
  desk.sent.clear();
  desk.gives(at("10.0.0.2:5000"), rrq("f"));  // a neighbour is not
  CHECK(desk.sent.size() == 1);
}

TEST_CASE("forged requests for made-up names, whatever their rate, never stop names that exist") {
  Desk desk;
  desk.names.configure({});
  desk.file("SEP001122334455.cnf.xml", 3);
  desk.names.exists(desk.now, "sep001122334455.CNF.xml");
  const IpAddress victim = *IpAddress::parse("198.51.100.7");
  desk.known.proved(desk.now, victim, Standing::proven);
  unsigned n = 0;
  for (int second = 0; second < 20; ++second) {
    for (int i = 0; i < 2000; ++i)
      desk.gives({victim, 33333}, rrq(fmt::format("ringer{}.raw", ++n)));
    desk.sent.clear();
    const Endpoint phone{victim, static_cast<std::uint16_t>(40000 + second)};
    desk.gives(phone, rrq("SEP001122334455.cnf.xml"));
    REQUIRE(desk.sent.size() == 1);
    CHECK(desk.sent[0].to == phone);
    desk.ack(phone, 1);
    desk.wait(1s);
  }
}

TEST_CASE("a flood of strangers takes the place of strangers, not of a known source that has not acknowledged yet") {
  SessionsOptions options;
  options.max_sessions = 100;
  options.max_unproven = 60;
  Desk desk(options);
  desk.file("f", 3);
  desk.known.proved(desk.now, desk.phone.address, Standing::proven);
  desk.gives(rrq("f"));
  const SessionId first = desk.opens.front().session;
  for (unsigned i = 0; i < 5000; ++i)
    desk.gives({IpAddress::v4(0xcb000000U + i * 256), 5000}, rrq("f"));
  CHECK(desk.sessions.alive(first));
  CHECK(desk.sessions.active() <= 100);
  desk.ack(1);
  CHECK(desk.last().outcome == TransferOutcome::sent);
}

TEST_CASE("whoever took a whole file is known; who acknowledged nothing is not") {
  Desk desk;
  desk.file("f", 3);
  desk.gives(rrq("f"));
  CHECK_FALSE(desk.known.known(desk.now, desk.phone.address));
  desk.ack(1);
  CHECK(desk.known.known(desk.now, desk.phone.address));
}

}  // namespace dw::tftp
