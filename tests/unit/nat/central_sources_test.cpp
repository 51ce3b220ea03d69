#include "tests/unit/nat/stream_world.hpp"

using namespace dw;
using namespace dw::nat;
using namespace dw::nat::test;
using Fate = RelaySession::Fate;
using std::chrono::seconds;

namespace {

const IpAddress kMusic = IpAddress::v4(0xc6336420);
const Endpoint kPlays{kMusic, 4000};

StreamRules knowing(AllowedSenders allowed) {
  StreamRules rules;
  rules.allowed = std::make_shared<const AllowedSenders>(std::move(allowed));
  return rules;
}
/// A phone that listens.
struct Listening : StreamWorld {
  using StreamWorld::StreamWorld;
  bool hears(const Endpoint& from) {
    session.set_phone(now, Endpoint{kPhone, 16384}, std::nullopt);
    return rtp(Port::central_rtp, from).fate == Fate::relay;
  }
};

}  // namespace

TEST_CASE("whom signalling names may send, for as long as it names them") {
  Listening s;
  CHECK_FALSE(s.hears(kPlays));
  s.session.set_sources({{kMusic}, false});
  CHECK(s.hears(kPlays));
  CHECK(s.rtcp(Port::central_rtcp, {kMusic, 4001}).fate != Fate::stranger);
  CHECK_FALSE(s.hears({kMallory, 4000}));
  s.session.set_far_end(kFarEnd);
  CHECK(s.hears(kPlays));
  CHECK(s.hears(kFarEnd));
  s.session.set_sources({});
  CHECK_FALSE(s.hears(kPlays));
}

TEST_CASE("each configured call server and each configured network may send, and nobody beside them") {
  const IpAddress second = IpAddress::v4(0xc0000207);
  Listening s(knowing({{kServer, second}, {*IpNetwork::parse("198.51.100.0/27"), *IpNetwork::parse("2001:db8::/32")}}));
  CHECK(s.hears({kServer, 1}));
  CHECK(s.hears({second, 1}));
  CHECK(s.hears({IpAddress::v4(0xc633641f), 1}));        // .31
  CHECK_FALSE(s.hears({IpAddress::v4(0xc6336420), 1}));  // .32
  CHECK(s.hears({*IpAddress::parse("2001:db8::7"), 1}));
  CHECK_FALSE(s.hears({*IpAddress::parse("2001:db9::7"), 1}));
}

TEST_CASE("no setting and no name lets anybody in on the phone's side") {
  Listening s(knowing({{kMallory}, {*IpNetwork::parse("0.0.0.0/0")}}));
  s.session.set_sources({{kMallory}, true});
  s.session.set_far_end(kFarEnd);
  for (int i = 0; i < 5; ++i)
    CHECK(s.rtp(Port::phone_rtp, {kMallory, 5000}).fate == Fate::stranger);
  CHECK(s.rtcp(Port::phone_rtcp, {kMallory, 5001}).fate == Fate::stranger);
}

TEST_CASE("where nobody is named, the first that sends in order becomes the source, and nobody else") {
  Listening s;
  s.session.set_sources({{}, true});
  CHECK_FALSE(s.hears(kPlays));  // one packet proves nothing
  CHECK(s.hears(kPlays));
  CHECK(s.rtcp(Port::central_rtcp, {kMusic, 4001}).fate != Fate::stranger);
  for (int i = 0; i < 5; ++i) {
    CHECK_FALSE(s.hears({kMallory, 4000}));
    CHECK_FALSE(s.hears({kMusic, 5000}));
    CHECK(s.hears(kPlays));
  }
  s.session.set_far_end(kFarEnd);  // now somebody is named
  CHECK_FALSE(s.hears(kPlays));
  CHECK(s.hears(kFarEnd));
  s.session.set_sources({{}, true});
  for (int i = 0; i < 3; ++i)
    CHECK_FALSE(s.hears(kPlays));
  s.session.set_far_end(std::nullopt);
  CHECK_FALSE(s.hears(kPlays));  // and signalling has not had the phone listen since
}

TEST_CASE("nobody becomes the source while the call server plays, or by packets out of order") {
  Listening s;
  s.session.set_sources({{}, true});
  CHECK(s.hears({kServer, 4000}));
  for (int i = 0; i < 5; ++i)
    CHECK_FALSE(s.hears(kPlays));
  s.now += seconds(4);
  for (int i = 0; i < 5; ++i) {
    s.sequence += 7;
    CHECK_FALSE(s.hears(kPlays));
  }
  CHECK(s.hears(kPlays));
}

TEST_CASE("held by a blank address: nothing goes to the old far end, RTCP neither, and its music is still heard") {
  for (const std::optional<Endpoint>& blank :
       {std::optional<Endpoint>{}, std::optional(Endpoint{IpAddress::v4(0), 4000}),
        std::optional(Endpoint{kFarEnd.address, 0})}) {
    Listening s;
    s.session.set_far_end(kFarEnd, Endpoint{kFarEnd.address, 30009});
    s.latch();
    CHECK(s.to(s.rtcp(Port::phone_rtcp, {kPhone, 5001})) == Endpoint{kFarEnd.address, 30009});
    s.session.set_far_end(blank);
    CHECK(s.rtp(Port::phone_rtp, {kPhone, 5000}).fate == Fate::nowhere);
    s.rtcp(Port::central_rtcp, {kFarEnd.address, 30009});
    CHECK(s.rtcp(Port::phone_rtcp, {kPhone, 5001}).fate == Fate::nowhere);
    CHECK(s.rtp(Port::central_rtp, kFarEnd).fate == Fate::relay);
    s.session.on_fed();  // another phone of ours sends in its place
    CHECK(s.rtp(Port::central_rtp, kFarEnd).fate == Fate::stranger);
  }
}

TEST_CASE("RTCP goes where the far end says; symmetric, it follows the far end's own, and nobody else's") {
  for (const bool symmetric : {false, true}) {
    StreamRules rules;
    rules.symmetric = symmetric;
    Listening s(rules);
    s.session.set_far_end(kFarEnd, Endpoint{kFarEnd.address, 41001});
    const auto sent_to = [&] { return s.to(s.rtcp(Port::phone_rtcp, {kPhone, 5001})); };
    CHECK(sent_to() == Endpoint{kFarEnd.address, 41001});
    s.rtcp(Port::central_rtcp, {kServer, 7});
    CHECK(sent_to() == Endpoint{kFarEnd.address, 41001});
    s.rtcp(Port::central_rtcp, {kFarEnd.address, 42001});
    CHECK(sent_to() == Endpoint{kFarEnd.address, static_cast<std::uint16_t>(symmetric ? 42001 : 41001)});
    s.rtcp(Port::central_rtcp, {kFarEnd.address, 43001});  // another port while that one is in use
    CHECK(sent_to() == Endpoint{kFarEnd.address, static_cast<std::uint16_t>(symmetric ? 42001 : 41001)});
    s.session.set_far_end(kFarEnd);
    CHECK(sent_to() == Endpoint{kFarEnd.address, 30001});
  }
}

TEST_CASE(
    "one RTCP packet, or one RTP packet, from another port of the far end moves nothing and gets nowhere once it was heard") {
  Listening s;
  s.session.set_far_end(kFarEnd);
  s.latch();
  const Endpoint rtcp{kFarEnd.address, 30001};
  CHECK(s.rtp(Port::central_rtp, kFarEnd).fate == Fate::relay);
  CHECK(s.rtcp(Port::central_rtcp, rtcp).fate != Fate::stranger);
  for (int i = 0; i < 50; ++i) {
    CHECK(s.rtp(Port::central_rtp, {kFarEnd.address, 55555}).fate == Fate::stranger);
    CHECK(s.rtcp(Port::central_rtcp, {kFarEnd.address, 55557}).fate == Fate::stranger);
    CHECK(s.rtp(Port::central_rtp, kFarEnd).fate == Fate::relay);
  }
  CHECK(s.to(s.rtp(Port::phone_rtp, {kPhone, 5000})) == kFarEnd);
  CHECK(s.to(s.rtcp(Port::phone_rtcp, {kPhone, 5001})) == rtcp);
  CHECK(s.session.strangers() == 100);
  s.now += seconds(5);  // RTCP comes so seldom
  CHECK(s.rtcp(Port::central_rtcp, {kFarEnd.address, 55557}).fate == Fate::stranger);
}

TEST_CASE("another port of the phone's address does not take over its RTCP between two reports") {
  Listening s;
  s.session.set_far_end(kFarEnd);
  s.rtcp(Port::phone_rtcp, {kPhone, 5001});
  s.now += seconds(5);
  CHECK(s.rtcp(Port::phone_rtcp, {kPhone, 6001}).fate == Fate::stranger);
  CHECK(s.to(s.rtcp(Port::central_rtcp, {kFarEnd.address, 30001})) == Endpoint{kPhone, 5001});
  s.now += seconds(16);
  CHECK(s.rtcp(Port::phone_rtcp, {kPhone, 6001}).fate != Fate::stranger);
}

TEST_CASE("the far end may send from a port that it did not name, and moves when it was silent or signalling speaks") {
  Listening s;
  s.session.set_far_end(kFarEnd);
  s.latch();
  const Endpoint gateway{kFarEnd.address, 31000}, other{kFarEnd.address, 32000};
  for (int i = 0; i < 3; ++i)
    CHECK(s.hears(gateway));
  CHECK_FALSE(s.hears(other));
  s.now += seconds(4);
  CHECK(s.hears(other));
  CHECK(s.hears(other));
  CHECK_FALSE(s.hears(gateway));
  s.session.set_far_end(kFarEnd);  // once more, as a re-INVITE does
  CHECK(s.hears(gateway));
  CHECK(s.hears(gateway));
  CHECK_FALSE(s.hears(other));
  s.session.set_sources({});  // OpenReceiveChannel
  CHECK(s.hears(other));
  CHECK(s.hears(other));
  CHECK_FALSE(s.hears(gateway));
  CHECK(s.hears(kFarEnd));  // who sends from where signalling says needs no leave
  CHECK_FALSE(s.hears(other));
  s.session.set_far_end(Endpoint{kFarEnd.address, 40000});
  CHECK(s.hears({kFarEnd.address, 40000}));
  CHECK_FALSE(s.hears(kFarEnd));
}

TEST_CASE("call servers and whom signalling names are held to one port each as well, and a fax that is none of RTP") {
  Listening s;
  s.session.set_sources({{kMusic}, false});
  for (const IpAddress& address : {kServer, kMusic}) {
    for (int i = 0; i < 3; ++i)
      CHECK(s.hears({address, 4000}));
    CHECK_FALSE(s.hears({address, 5000}));
  }
  s.session.set_far_end(kFarEnd);
  s.session.set_opaque(true);
  CHECK(s.packet(Port::central_rtp, kFarEnd, kUdptl).fate != Fate::stranger);
  CHECK(s.packet(Port::central_rtp, {kFarEnd.address, 5000}, kUdptl).fate == Fate::stranger);
}

TEST_CASE("from the networks of the setting any port may send at any time") {
  Listening s(knowing({{}, {*IpNetwork::parse("198.51.100.0/24")}}));
  s.session.set_far_end(kFarEnd);
  s.latch();
  for (int i = 0; i < 5; ++i) {
    CHECK(s.hears(kFarEnd));
    CHECK(s.hears({kFarEnd.address, 31000}));
    CHECK(s.rtcp(Port::central_rtcp, {kFarEnd.address, 30001}).fate != Fate::stranger);
    CHECK(s.rtcp(Port::central_rtcp, {kFarEnd.address, 31001}).fate != Fate::stranger);
  }
}

TEST_CASE("however many call servers send at once, the far end's port stays locked") {
  AllowedSenders servers;
  for (std::uint32_t i = 0; i < 8; ++i)
    servers.servers.push_back(IpAddress::v4(0xc0000201 + i));
  Listening s(knowing(servers));
  s.session.set_far_end(kFarEnd);
  s.latch();
  CHECK(s.hears(kFarEnd));
  for (int round = 0; round < 10; ++round) {
    for (const IpAddress& server : servers.servers)
      CHECK(s.hears({server, 4000}));
    CHECK_FALSE(s.hears({kFarEnd.address, 31000}));
  }
}

TEST_CASE("symmetric, when asked: the far end is sent to where its RTP comes from, by the same rules of who may send") {
  for (const bool symmetric : {false, true}) {
    StreamRules rules;
    rules.symmetric = symmetric;
    Listening s(rules);
    s.session.set_far_end(kFarEnd);
    const auto sent_to = [&] { return s.to(s.rtp(Port::phone_rtp, {kPhone, 5000})); };
    s.latch();
    s.rtp(Port::central_rtp, {kMallory, 31000});
    s.rtp(Port::central_rtp, {kMallory, 31000});
    CHECK(sent_to() == kFarEnd);
    s.rtp(Port::central_rtp, {kServer, 32000});
    s.rtp(Port::central_rtp, {kServer, 32000});
    CHECK(sent_to() == (symmetric ? Endpoint{kServer, 32000} : kFarEnd));
    s.rtp(Port::central_rtp, {kFarEnd.address, 33000});  // the one that was named is heard at last
    s.rtp(Port::central_rtp, {kFarEnd.address, 33000});
    CHECK(sent_to() == (symmetric ? Endpoint{kFarEnd.address, 33000} : kFarEnd));
    s.now += seconds(10);
    s.rtp(Port::central_rtp, {kServer, 32000});
    s.rtp(Port::central_rtp, {kServer, 32000});
    CHECK(sent_to() == (symmetric ? Endpoint{kFarEnd.address, 33000} : kFarEnd));
    s.session.set_far_end(std::nullopt);
    s.rtp(Port::central_rtp, {kServer, 32000});
    CHECK(sent_to() == Endpoint{});  // held is held
    s.session.set_far_end(Endpoint{kFarEnd.address, 35000});
    CHECK(sent_to() == Endpoint{kFarEnd.address, 35000});
  }
}
