#include "sbc/sip/router.hpp"

#include "tests/unit/sip/sip_parts.hpp"

using namespace dw;
using namespace dw::sip;
using dw::sip::test::Parts;

TEST_CASE(
    "sip router: a phone is found by token; by its user only where the server loses tokens, or over a connection") {
  Parts p;
  Binding& b = p.bind("abcdefghijklm", "1001");
  const Flow udp = Parts::udp(Parts::central(), Parts::server());
  const auto target = [&](const std::string& uri, const Flow& from) {
    return p.router.target_of(p.read(Parts::request("INVITE", uri)), from, 0);
  };
  CHECK(target("sip:1001@203.0.113.10;dw=abcdefghijklm", udp) == &b);
  CHECK_FALSE(target("sip:1001@203.0.113.10;dw=another", udp));
  CHECK_FALSE(target("sip:1001@203.0.113.10", udp));
  CHECK(target("sip:1001@203.0.113.10", {Transport::tcp, {}, Parts::server(), ConnectionId{3}}) == &b);
  b.loses_token = true;
  CHECK(target("sip:1001@203.0.113.10", udp) == &b);
  CHECK_FALSE(target("sip:1002@203.0.113.10", udp));
}

TEST_CASE("sip router: within a dialog its place is tried first, then its server's other addresses, each once") {
  Parts p;
  Party party;
  party.place = Parts::udp(Parts::central(), Parts::server(1));
  std::vector<Endpoint> tried;
  std::vector<IpAddress> order;
  while (const auto place = p.router.next_place(0, tried, &party)) {
    tried.push_back(place->peer);
    order.push_back(place->peer.address);
  }
  CHECK(order == std::vector{Parts::server(1).address, Parts::server(0).address});
  // A trusted peer is no server of ours: nobody else stands in for it.
  p.options.trusted = {IpAddress::v4(0x05060708)};
  party.place = Parts::udp(Parts::central(), Parts::at(0x05060708));
  CHECK(p.router.next_place(0, {}, &party));
  CHECK_FALSE(p.router.next_place(0, {party.place->peer}, &party));
}

TEST_CASE(
    "sip router: servers get the mapped port, else where they see us, else our own; central_advertise above all") {
  Parts p({.learn_outside = true});
  const Flow flow = *p.router.to_server(p.now, 0, {}, Transport::udp, p.out);
  const auto us = [&] { return p.router.hop_to_central(0, flow, Parts::phone(), "tok", "pbx.example.net").us; };
  CHECK(us() == "203.0.113.10");
  Transaction t;
  t.from_side = Side::access;
  t.client.to = flow;
  const auto seen = p.router.note_seen(
      t, p.read("SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 203.0.113.10;branch=z9hG4bKo;rport=33333;received=198.51.100.7\r\n"
                "From: <sip:a@b>;tag=a\r\nTo: <sip:a@b>;tag=b\r\nCall-ID: c\r\nCSeq: 1 OPTIONS\r\n"
                "Content-Length: 0\r\n\r\n"));
  CHECK(seen.translated);
  CHECK_FALSE(seen.changed);
  CHECK(us() == "198.51.100.7:33333");
  CHECK(p.router.outside()->seen == *Endpoint::parse("198.51.100.7:33333"));
  CHECK(p.router.set_mapped({{Transport::udp, Parts::central(), *Endpoint::parse("198.51.100.8:5062")}}));
  CHECK_FALSE(p.router.set_mapped({{Transport::udp, Parts::central(), *Endpoint::parse("198.51.100.8:5062")}}));
  CHECK(us() == "198.51.100.8:5062");
  p.options.central_advertise = IpAddress::v4(0xC6336409);
  CHECK(us() == "198.51.100.9");
}

TEST_CASE("sip router: a phone over a connection that is gone is not reached") {
  Parts p;
  const ConnectionId id = p.connections.accepted(p.now, Side::access, 0, Parts::phone().peer, Parts::us());
  Reach reach;
  reach.flow = p.connections.find(id)->flow;
  const auto hop = p.router.hop_to_phone(reach, true, "pbx.example.net");
  REQUIRE(hop);
  CHECK(hop->us == "192.168.1.2");
  CHECK(hop->contact == ";transport=tcp");
  CHECK(hop->side == Side::access);
  p.connections.closed(id);
  CHECK_FALSE(p.router.hop_to_phone(reach, true, "pbx.example.net"));
}

TEST_CASE("sip router: whoever was asked may answer, any address of the central side for it, and nobody else") {
  Parts p;
  Transaction t;
  t.from_side = Side::access;
  t.client.to = Parts::udp(Parts::central(), Parts::server());
  CHECK(p.router.may_answer(t, Parts::udp(Parts::central(), Parts::server())));
  CHECK(p.router.may_answer(t, Parts::udp(Parts::central(), Parts::server(1))));
  CHECK_FALSE(p.router.may_answer(t, Parts::udp(Parts::central(), Parts::at(0x08080808))));
  t.from_side = Side::central;  // a phone was asked
  t.client.to = Parts::phone();
  CHECK(p.router.may_answer(t, Parts::phone(0, 40'000)));
  CHECK_FALSE(p.router.may_answer(t, Parts::udp(Parts::central(), Parts::server())));
}

TEST_CASE("sip router: a dialog moves to another address once its party's Contact says so") {
  Parts p;
  DialogSet set;
  set.initiator = Side::access;
  set.add("b");
  Transaction t;
  t.from_side = Side::access;
  t.client.to = Parts::udp(Parts::central(), Parts::server());
  const auto answered_by = [&](std::uint32_t n, const std::string& target) {
    set.find("b")->responder.target = target;
    p.router.note_answer_place(set, t, p.read(Parts::response(200, "INVITE")),
                               Parts::udp(Parts::central(), Parts::server(n)));
    return set.find("b")->responder.place->peer.address;
  };
  CHECK(answered_by(0, "sip:2001@203.0.113.20") == Parts::server(0).address);
  CHECK(answered_by(1, "sip:2001@203.0.113.20") == Parts::server(0).address);
  CHECK(answered_by(1, "sip:2001@203.0.113.21") == Parts::server(1).address);
}
