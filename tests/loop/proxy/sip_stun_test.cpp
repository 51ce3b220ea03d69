// STUN on the SIP port (RFC 5626 §5.4): answered, limited, and never held against anybody.
#include "sbc/proxy/sip_stun.hpp"

#include "tests/loop/proxy/sip_town.hpp"

using namespace dw;
using namespace dw::sim;
using dw::proxy::SipStun;

namespace {

Buffer stun_request(std::uint8_t id) {
  nat::StunMessage m;
  m.id = {id, 2, 3};
  return to_octets(m);
}

}  // namespace

TEST_CASE("a phone's STUN on the SIP port is answered with where it came from, before it registers and after") {
  SipTown town;
  town.start_udp();
  auto opened = net::DatagramSocket::open(town.loop, {loopback(2), 0}, {});
  REQUIRE(opened);
  net::DatagramSocket socket = std::move(*opened);
  std::vector<Buffer> got;
  socket.receive([&](std::span<const net::Datagram> all) {
    for (const auto& d : all) {
      CHECK(d.peer == town.at());
      got.emplace_back(d.octets.begin(), d.octets.end());
    }
  });
  // A dozen strange ones first, which ten abuses would be banned for.
  for (std::uint8_t i = 0; i < 12; ++i) {
    Buffer indication = stun_request(i);
    indication[0] = i % 2 == 0 ? 0x00 : 0x01;
    indication[1] = 0x11;
    socket.send(town.at(), {}, indication);
  }
  const Buffer asked = stun_request(1);
  socket.send(town.at(), {}, asked);
  socket.flush();
  REQUIRE(town.until([&] { return got.size() == 1; }));
  const auto answer = nat::parse_stun(got[0]);
  REQUIRE(answer);
  CHECK(answer->is_binding(nat::StunMessage::Kind::success));
  CHECK(answer->id == nat::StunId{1, 2, 3});
  CHECK(answer->xor_mapped == socket.local());
  CHECK(town.proxy->bans().empty());
  SipEnd phone(town.loop, 2);
  phone.open_udp();
  phone.by_udp(town.at(), town.request("REGISTER", phone.udp(), false));
  REQUIRE(town.until([&] { return town.server.count("REGISTER", 0) == 1; }));
  town.server.by_udp(town.server.last_peer, town.granted());
  REQUIRE(town.until([&] { return phone.count("REGISTER", 200) == 1; }));
  for (std::uint8_t i = 0; i < 40; ++i)
    socket.send(town.at(), {}, stun_request(i));
  socket.flush();
  CHECK(town.until([&] { return got.size() == 41; }));
}

TEST_CASE("NULs and CR LF on a connection are keepalives, and a message after them is read") {
  SipTown town;
  town.start_udp();
  SipEnd phone(town.loop, 2);
  phone.connect(town.at());
  REQUIRE(town.until([&] { return phone.connected; }));
  phone.by_tcp(std::string(4, '\0') + "\r\n" + std::string(1, '\0'));
  phone.by_tcp(town.request("REGISTER", phone.tcp(), true));
  REQUIRE(town.until([&] { return town.server.count("REGISTER", 0) == 1; }));
  CHECK_FALSE(phone.closed);
}

TEST_CASE("STUN: what it is, and what is not answered") {
  SipStun stun(7);
  const Endpoint from{loopback(2), 5060};
  const TimePoint now{std::chrono::hours(1)};
  CHECK(SipStun::is_stun(stun_request(1)));
  CHECK_FALSE(SipStun::is_stun(as_bytes("REGISTER sip:a SIP/2.0\r\n\r\n")));
  const Buffer whole = stun_request(1);
  for (std::size_t n = 0; n < whole.size(); ++n)
    CHECK_FALSE(SipStun::is_stun(Bytes(whole).first(n)));
  Buffer odd = whole;
  odd[3] = 200;  // longer than it is
  CHECK(SipStun::is_stun(odd));
  CHECK_FALSE(stun.answer(now, from, true, odd));
  // A comprehension-required attribute that nobody knows (RFC 8489 §6.3.1).
  Buffer unknown = whole;
  unknown[3] = 4;
  for (const int octet : {0x7f, 0x01, 0, 0})
    unknown.push_back(static_cast<std::uint8_t>(octet));
  const auto refused = stun.answer(now, from, true, unknown);
  REQUIRE(refused);
  CHECK(nat::parse_stun(*refused)->error->code == 420);
}

TEST_CASE("STUN: a flood in a stranger's name brings it less than it costs, a home's phones are all answered") {
  SipStun stun(7);
  std::size_t sent = 0, answered = 0;
  TimePoint now{std::chrono::hours(1)};
  for (int i = 0; i < 1000; ++i, now += std::chrono::milliseconds(10)) {
    const Buffer asked = stun_request(1);
    sent += asked.size();
    if (const auto answer = stun.answer(now, {loopback(3), 7}, false, asked)) answered += answer->size();
    CHECK(stun.answer(now, {loopback(2), 5060}, true, asked));  // a hundred a second would be too many, this is a burst
    if (i == 200) break;
  }
  CHECK(answered * 10 < sent);
  // All strangers together, too.
  sent = answered = 0;
  for (unsigned i = 0; i < 5000; ++i) {
    const Buffer asked = stun_request(1);
    sent += asked.size();
    if (const auto answer = stun.answer(now, {IpAddress::v4(0xC6336400U + i), 5060}, false, asked))
      answered += answer->size();
  }
  CHECK(answered * 10 < sent);
}
