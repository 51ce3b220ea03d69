// The session table: single port, TIDs, moved ports. tftp-nat §5, rows TID/NAT and the parsing rows
// that need a server.
#include <doctest/doctest.h>

#include <fmt/format.h>

#include "tests/unit/provisioning/tftp_desk.hpp"

namespace dw::tftp {
using namespace test;

namespace {

SessionsOptions with_tids() {
  SessionsOptions options;
  options.single_port = false;
  return options;
}

/// Block 1 acknowledged, DATA 2 sent again at least once: as after a router's reboot.
void stall(Desk& desk, const Endpoint& phone, const char* file) {
  desk.gives(phone, rrq(file));
  desk.ack(phone, 1);
}

}  // namespace

TEST_CASE("case 1, case 2: datagrams that are nothing get nothing") {
  Desk desk;
  for (const Buffer& octets : {Buffer{}, Buffer{0}, Buffer{0, 0, 0, 0}, Buffer{0, 7, 1, 2}, Buffer{0xff, 0xff}}) {
    desk.gives(octets);
  }
  CHECK(desk.said().empty());
  CHECK(desk.sessions.counters().ignored == 5);
}

TEST_CASE("case 3, case 4: a request that ends too early is ERROR 4, once each") {
  Desk desk;
  desk.gives(to_buffer(std::string("\0\1SEP001122334455.cnf.xml", 25)));
  desk.gives(to_buffer(std::string("\0\1SEP001122334455.cnf.xml\0", 26)));
  desk.gives(to_buffer(std::string("\0\1SEP001122334455.cnf.xml\0octet", 31)));
  CHECK(desk.said() == Said(3, "ERROR 4 \"Malformed request\""));
  CHECK(desk.opens.empty());
}

TEST_CASE("case 5: an empty name") {
  Desk desk;
  desk.gives(rrq(""));
  CHECK(desk.said() == Said{"ERROR 2 \"File name not allowed\""});
  CHECK(desk.opens.empty());
}

TEST_CASE("case 6: long names never reach an origin") {
  Desk desk;
  desk.gives(rrq(std::string(255, 'a')));
  CHECK(desk.opens.size() == 1);
  desk.gives(rrq(std::string(256, 'a')));
  desk.gives(rrq(std::string(500, 'a')));  // CVE-2009-2957, CVE-2006-6184
  desk.gives(rrq(std::string(1400, 'a')));
  CHECK(desk.opens.size() == 1);
  CHECK(desk.refused.size() == 3);
  for (const auto& r : desk.refused)
    CHECK(r.error_code == 2);
}

TEST_CASE("case 6, case 17: a datagram longer than we read is ERROR 4, never half a name") {
  Desk desk;
  const Buffer octets = rrq("SEP001122334455.cnf.xml", "x=" + std::string(1900, 'y'));
  desk.sessions.on_datagram(desk.now, {desk.phone, desk.ours, 0, true, false, octets}, desk.out);
  desk.perform();
  CHECK(desk.said() == Said{"ERROR 4 \"Malformed request\""});
  CHECK(desk.opens.empty());
}

TEST_CASE("case 7: format characters in a name are a name") {
  Desk desk;
  desk.file("n%n%s%x", 3);
  desk.gives(rrq("n%n%s%x"));
  CHECK(desk.opens.size() + desk.refused.size() == 1);
}

TEST_CASE("case 8, case 71, case 72: names that must not reach an origin") {
  for (const char* name :
       {"a\r\nHost: evil", "a\x1b[2J", "a\x7f", "a\xff\xfe", "../../etc/passwd", "..\\..\\x", "C:\\x", "\\\\host\\x",
        "a/../b", "%2e%2e/x", "....//x", "@evil/", "?x=1", "#f", "http://evil/", "con"}) {
    CAPTURE(name);
    Desk desk;
    desk.gives(rrq(name));
    CHECK(desk.opens.empty());
    REQUIRE(desk.refused.size() == 1);
    CHECK(desk.refused[0].answered);
    CHECK((desk.refused[0].error_code == 2 || desk.refused[0].error_code == 4));
  }
}

TEST_CASE("names are normalised before they are asked for") {
  Desk desk;
  desk.file("SIP001122334455.cnf", 3);
  desk.gives(rrq("./SIP001122334455.cnf"));
  CHECK(desk.said() == Said{"DATA 1 (3)"});
}

TEST_CASE("case 10, case 11: a mode that we don't speak is ERROR 4") {
  Desk desk;
  desk.file("SEP001122334455.cnf.xml", 3);
  desk.gives(rrq("SEP001122334455.cnf.xml", {}, "mail"));
  desk.gives(rrq("SEP001122334455.cnf.xml", {}, std::string(400, 'o')));  // CVE-2006-6183
  CHECK(desk.said() == Said(2, "ERROR 4 \"Unknown mode\""));
}

TEST_CASE("case 13, case 14, CVE-2009-2958: an option without value does no harm") {
  Desk desk;
  desk.file("f", 3);
  Buffer octets = rrq("f");
  const Buffer tail = to_buffer(std::string("blksize\0", 8));
  octets.insert(octets.end(), tail.begin(), tail.end());
  desk.gives(octets);
  CHECK(desk.said() == Said{"DATA 1 (3)"});
}

TEST_CASE("case 79: a write request is ERROR 2") {
  Desk desk;
  desk.gives(rrq("SEP001122334455.cnf.xml", {}, "octet", true));
  desk.gives(packet_of(Data{1, as_bytes("x")}));
  CHECK(desk.said() == Said{"ERROR 2 \"Writing is not allowed\""});
  CHECK(desk.opens.empty());
  CHECK(desk.sessions.active() == 0);
}

TEST_CASE("every packet of a transfer leaves from the address that was asked") {
  for (const char* address : {"192.0.2.69:69", "192.0.2.70:69", "[2001:db8::69]:69"}) {
    Desk desk;
    desk.file("f", 5000);
    desk.ours = at(address);
    if (desk.ours.address.is_v6()) desk.phone = at("[2001:db8:1::7]:49152");
    desk.gives(rrq("f", "blksize=600"));
    desk.ack(0);
    desk.ack(1);
    desk.wait(200ms);
    REQUIRE(desk.sent.size() == 4);
    for (const Sent& s : desk.sent) {
      CHECK(s.from == desk.ours.address);
      CHECK(s.to == desk.phone);
      CHECK_FALSE(s.fresh_tid);
    }
  }
}

TEST_CASE("one port of a phone, two addresses of ours: two transfers") {
  Desk desk;
  desk.file("f", 600);
  desk.gives(rrq("f"));
  desk.ours = at("192.0.2.70:69");
  desk.gives(rrq("f"));
  CHECK(desk.sessions.active() == 2);
  desk.ack(1);
  CHECK(desk.sent.back().from == desk.ours.address);
  CHECK(desk.said() == Said{"DATA 1 (512)", "DATA 1 (512)", "DATA 2 (88)"});
}

TEST_CASE("case 51, case 52, case 53: single port: what others send does no harm and gets no answer") {
  Desk desk;
  desk.file("f", 5000);
  desk.gives(rrq("f"));
  desk.ack(1);
  (void)desk.said();
  const Buffer error = packet_of(ErrorMessage{ErrorCode::not_defined, "forged"});
  for (const char* other : {"198.51.100.7:49153", "198.51.100.8:49152"}) {
    desk.ack(at(other), 2);
    desk.gives(at(other), error);
    desk.gives(at(other), packet_of(Data{1, as_bytes("x")}));
    desk.gives(at(other), packet_of(Oack{}));
  }
  CHECK(desk.said().empty());
  CHECK(desk.sessions.counters().strays == 8);
  desk.ack(2);
  CHECK(desk.said() == Said{"DATA 3 (512)"});
}

TEST_CASE("case 54: an ACK after an ERROR was sent is ignored, and the next request is served (pin/tftp #99)") {
  Desk desk;
  desk.file("f", 3);
  desk.gives(rrq("missing"));
  desk.ack(0);
  desk.error(0);
  desk.gives(rrq("f"));
  CHECK(desk.said() == Said{"ERROR 1 \"File not found\"", "DATA 1 (3)"});
}

TEST_CASE("case 57: two phones behind one address are kept apart") {
  Desk desk;
  desk.files["a"] = Content::of(to_buffer("for a"), {});
  desk.files["b"] = Content::of(to_buffer("for b!"), {});
  desk.gives(at("100.64.0.1:5001"), rrq("a"));
  desk.gives(at("100.64.0.1:5002"), rrq("b"));
  CHECK(as_text(desk.sent[0].octets).substr(4) == "for a");
  CHECK(as_text(desk.sent[1].octets).substr(4) == "for b!");
  desk.ack(at("100.64.0.1:5001"), 1);
  CHECK(desk.sessions.active() == 1);
}

TEST_CASE("case 62: a router gave the phone another port: the transfer follows its ACK") {
  for (const std::uint64_t block : {std::uint64_t{2}, std::uint64_t{1}}) {  // it has DATA 2, or not
    Desk desk;
    desk.file("f", 5000);
    stall(desk, desk.phone, "f");
    desk.wait(300ms);
    (void)desk.said();
    const Endpoint moved = at("198.51.100.7:61000");
    desk.ack(moved, block);
    CHECK(desk.said() == Said{fmt::format("DATA {} (512)", block + 1)});
    CHECK(desk.sent.back().to == moved);
    CHECK(desk.sessions.counters().adopted_ports == 1);
    for (std::uint64_t n = block + 1; n <= 10; ++n)
      desk.ack(moved, n);
    CHECK(desk.last().outcome == TransferOutcome::sent);
    CHECK(desk.last().peer == moved);
    CHECK(desk.sessions.active() == 0);
  }
}

TEST_CASE("a new port is not followed while the transfer runs, for another block, address or packet") {
  Desk desk;
  desk.file("f", 5000);
  stall(desk, desk.phone, "f");
  (void)desk.said();
  desk.ack(at("198.51.100.7:61000"), 2);  // not stalled yet
  desk.wait(300ms);
  (void)desk.said();
  for (const std::uint64_t block : std::initializer_list<std::uint64_t>{0, 3, 65535})
    desk.ack(at("198.51.100.7:61000"), block);
  desk.ack(at("198.51.100.8:61000"), 2);
  desk.ack(at("198.51.100.7:1023"), 2);
  desk.gives(at("198.51.100.7:61000"), packet_of(ErrorMessage{ErrorCode::not_defined, "x"}));
  CHECK(desk.said().empty());
  CHECK(desk.sessions.counters().adopted_ports == 0);
  CHECK(desk.sessions.active() == 1);
}

TEST_CASE("a new port is not followed to a transfer of which nothing was ever acknowledged") {
  Desk desk;
  desk.file("SEP001122334455.cnf.xml", 5000);
  desk.gives(rrq("SEP001122334455.cnf.xml"));
  desk.wait(3s);
  (void)desk.said();
  desk.ack(at("198.51.100.7:61000"), 1);
  CHECK(desk.said().empty());
}

TEST_CASE("two stalled transfers that wait for the same block: it can't be known whose the ACK is") {
  Desk desk;
  desk.file("f", 5000);
  stall(desk, at("198.51.100.7:50001"), "f");
  stall(desk, at("198.51.100.7:50002"), "f");
  desk.wait(300ms);
  (void)desk.said();
  desk.ack(at("198.51.100.7:61000"), 2);
  CHECK(desk.said().empty());
  desk.ack(at("198.51.100.7:50001"), 2);  // this one was well all along
  (void)desk.said();
  desk.ack(at("198.51.100.7:61000"), 2);
  CHECK(desk.said() == Said{"DATA 3 (512)"});
  CHECK(desk.sessions.counters().adopted_ports == 1);
}

TEST_CASE("a windowed transfer follows its client too") {
  Desk desk;
  desk.file("f", 1 << 20);
  desk.gives(rrq("f", "windowsize=4"));
  desk.ack(0);
  desk.wait(300ms);
  (void)desk.said();
  desk.ack(at("198.51.100.7:61000"), 3);
  CHECK(desk.said().front() == "DATA 4 (512)");
  CHECK(desk.sent.back().to == at("198.51.100.7:61000"));
}

TEST_CASE("with a TID for each transfer: case 51, case 52") {
  Desk desk(with_tids());
  desk.file("f", 5000);
  desk.gives(rrq("f"));
  REQUIRE(desk.opens.size() == 1);
  CHECK(desk.opens[0].fresh_tid);
  const SessionId id = desk.opens[0].session;
  CHECK(desk.sent.back().fresh_tid);
  CHECK(desk.sent.back().session == id);
  desk.ack(1);  // to the well-known port: a stray
  CHECK(desk.said() == Said{"DATA 1 (512)"});
  desk.gives_tid(id, desk.phone, packet_of(Ack{1}));
  CHECK(desk.said() == Said{"DATA 2 (512)"});

  const Endpoint neighbour = at("198.51.100.7:49153");
  desk.gives_tid(id, neighbour, packet_of(Ack{2}));
  CHECK(desk.said() == Said{"ERROR 5 \"Unknown transfer ID\""});
  CHECK(desk.sent.back().to == neighbour);
  desk.gives_tid(id, neighbour, packet_of(ErrorMessage{ErrorCode::not_defined, "x"}));
  desk.gives_tid(id, at("203.0.113.9:49152"), packet_of(Ack{2}));
  CHECK(desk.said().empty());
  for (int i = 0; i < 100; ++i)
    desk.gives_tid(id, neighbour, packet_of(Ack{2}));
  CHECK(desk.said().size() < 12);
  desk.gives_tid(id, desk.phone, packet_of(Ack{2}));
  CHECK(desk.said() == Said{"DATA 3 (512)"});
  CHECK(desk.sessions.counters().strangers == 103);
}

TEST_CASE("with a TID a moved port is followed as well; a stale id is ignored") {
  Desk desk(with_tids());
  desk.file("f", 600);
  desk.gives(rrq("f"));
  const SessionId id = desk.opens[0].session;
  desk.gives_tid(id, desk.phone, packet_of(Ack{1}));
  desk.wait(300ms);
  (void)desk.said();
  desk.gives_tid(id, at("198.51.100.7:61000"), packet_of(Ack{1}));
  CHECK(desk.said() == Said{"DATA 2 (88)"});
  desk.gives_tid(id, at("198.51.100.7:61000"), packet_of(Ack{2}));
  CHECK(desk.last().outcome == TransferOutcome::sent);
  desk.gives_tid(id, at("198.51.100.7:61000"), packet_of(Ack{2}));
  CHECK(desk.said().empty());
}

TEST_CASE("case 60: with a TID the report says why no ACK may have come") {
  Desk desk(with_tids());
  desk.file("SEP001122334455.cnf.xml", 600);
  desk.gives(rrq("SEP001122334455.cnf.xml"));
  desk.wait(11s);
  CHECK(desk.last().outcome == TransferOutcome::no_ack);
  CHECK(desk.last().detail.find("router") != std::string::npos);
}

TEST_CASE("case 85: without a socket for its TID a transfer is forgotten in silence") {
  Desk desk(with_tids());
  const auto content = desk.slow_file("f");
  desk.gives(rrq("f"));
  desk.sessions.drop(desk.now, desk.opens[0].session, "no socket", desk.out);
  desk.perform();
  CHECK(desk.said().empty());
  CHECK(desk.last().outcome == TransferOutcome::dropped);
  CHECK(desk.sessions.active() == 0);
}

}  // namespace dw::tftp
