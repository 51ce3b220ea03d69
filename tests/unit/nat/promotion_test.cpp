#include "nat/core/media/promotion.hpp"

#include <array>
#include <functional>
#include <random>

#include "tests/unit/nat/fake_flow_table.hpp"
#include "tests/unit/nat/stream_world.hpp"

namespace dw::nat::test {
namespace {

using std::chrono::milliseconds;

const Endpoint kOurPhone{IpAddress::v4(0x0a000001), 20000}, kOurCentral{IpAddress::v4(0xc6336401), 20002};
const Endpoint kPhoneEnd{kPhone, 5000};

/// One stream, whose packets are carried or not, as the media thread does it.
struct Carried {
  RelaySession session;
  FakeFlowTable table;
  std::optional<Promotion> promotion;
  bool enabled, last = true;

  Carried(const StreamRules& rules, bool carries) : session(StreamWorld::with_phone(rules)), enabled(carries) {
    if (enabled) promotion.emplace(table, session, Promotion::Places{kOurPhone, kOurCentral, 0xb8});
  }
  void settle() {
    if (promotion) promotion->settle();
  }
  void command(const std::function<void(RelaySession&)>& what) {
    if (promotion) promotion->demote();
    what(session);
  }
  /// Where it goes; `plain`: nothing is odd about how it came.
  std::optional<Endpoint> packet(TimePoint now, Port in, const Endpoint& from, const Buffer& octets,
                                 bool plain = true) {
    const bool rtp_port = !for_rtcp(in);
    if (enabled && plain && rtp_port) {
      if (const auto to = table.carry(now, on_phone_side(in) ? kOurPhone : kOurCentral, from, octets)) return to;
    }
    if (promotion && rtp_port) promotion->before(in, from);
    const auto outcome = session.on_packet(now, in, from, octets);
    const std::optional<Endpoint> to = outcome.to ? std::optional(*outcome.to) : std::nullopt;
    using Sent = RelaySession::Sent;
    if (outcome.taken())
      session.on_sent(now, in,
                      to                                         ? Sent::sent
                      : outcome.fate == RelaySession::Fate::hold ? Sent::failed
                                                                 : Sent::unwanted);
    if (promotion && rtp_port) promotion->after(in, from, outcome.taken(), last);
    return to;
  }
};

struct CarriedCall : Carried {
  TimePoint now{};
  std::uint16_t up = 100, down = 5000;
  explicit CarriedCall(StreamRules rules = {}, bool carries = true) : Carried(std::move(rules), carries) {
    session.set_far_end(kFarEnd);
  }
  static Buffer of(std::uint16_t sequence, std::uint32_t ssrc) {
    return rtp({.sequence = sequence, .timestamp = sequence * 160U, .ssrc = ssrc});
  }
  std::optional<Endpoint> from_phone(bool plain = true) {
    now += milliseconds(10);
    return packet(now, Port::phone_rtp, kPhoneEnd, of(++up, 1), plain);
  }
  std::optional<Endpoint> from_far_end(bool plain = true) {
    now += milliseconds(10);
    return packet(now, Port::central_rtp, kFarEnd, of(++down, 2), plain);
  }
  void talk(int packets) {
    for (int i = 0; i < packets; ++i) {
      REQUIRE(from_phone() == kFarEnd);
      REQUIRE(from_far_end() == (session.phone() ? std::optional(kPhoneEnd) : std::nullopt));
    }
  }
  bool carries(Port in) const { return promotion->is_carried(in); }
  bool carries() const { return carries(Port::phone_rtp) && carries(Port::central_rtp); }
  CarriedCall& talked() {
    REQUIRE(from_phone());
    REQUIRE(from_phone());
    talk(20);
    REQUIRE(carries());
    return *this;
  }
};

TEST_CASE("both directions are carried after at most fifteen packets each, by exactly what was seen") {
  CarriedCall call;
  int packets = 0;
  for (; !call.carries() && packets < 100; ++packets) {
    call.from_phone();
    call.from_far_end();
  }
  CHECK(packets <= 15);
  const FlowRule& up = call.table.entries.begin()->second.rule;
  const FlowRule& down = std::prev(call.table.entries.end())->second.rule;
  const FlowRule& phone = up.at == kOurPhone ? up : down;
  CHECK(phone.from == kPhoneEnd);
  CHECK(phone.out == kOurCentral);
  CHECK(phone.to == kFarEnd);
  CHECK(phone.ssrc == 1);
  CHECK(phone.tos == 0xb8);
  const FlowRule& central = up.at == kOurPhone ? down : up;
  CHECK(central.at == kOurCentral);
  CHECK(central.from == kFarEnd);
  CHECK(central.to == kPhoneEnd);
}

TEST_CASE("each change of a rule takes the flows back first, and what was carried is in the books then") {
  const std::pair<const char*, std::function<void(RelaySession&)>> commands[] = {
      {"reopen", [](RelaySession& s) { s.reopen(); }},
      {"another far end",
       [](RelaySession& s) {
         s.set_far_end(Endpoint{kServer, 9});
       }},
      {"hold", [](RelaySession& s) { s.set_far_end({}); }},
      {"no RTP", [](RelaySession& s) { s.set_opaque(true); }},
      {"the end", [](RelaySession& s) { s.silence(); }},
  };
  for (const auto& [name, command] : commands) {
    CAPTURE(name);
    CarriedCall call;
    call.talked().talk(30);
    call.command([&](RelaySession& s) {
      CHECK(call.table.entries.empty());
      CHECK(s.from_phone().packets == 52);
      CHECK(s.from_phone().delivered == 52);
      CHECK(s.from_central().packets == 50);
      CHECK(s.from_central().last == call.now);
      command(s);
    });
    call.from_phone();
    CHECK(call.table.entries.empty());
  }
}

TEST_CASE("a stranger is refused and counted while the stream is carried, from the phone's own address too") {
  CarriedCall call;
  call.talked();
  const std::pair<Port, Endpoint> strangers[] = {{Port::phone_rtp, {kPhone, 6000}},
                                                 {Port::phone_rtp, {kMallory, 5000}},
                                                 {Port::central_rtp, {kMallory, 30000}},
                                                 {Port::central_rtp, {kFarEnd.address, 40000}}};
  for (const auto& [in, from] : strangers) {
    CHECK_FALSE(call.packet(call.now, in, from, CarriedCall::of(9, 9)));
    CHECK(call.carries());
  }
  CHECK(call.session.strangers() == 4);
  CHECK(call.from_phone() == kFarEnd);
  CHECK(call.from_far_end() == kPhoneEnd);
  CHECK(call.carries());
}

TEST_CASE("a phone that was heard in the kernel a moment ago is not silent: nobody else latches") {
  CarriedCall call;
  call.talked();
  for (int i = 0; i < 1000; ++i)  // ten seconds
    REQUIRE(call.from_phone());
  CHECK(call.carries());
  for (std::uint16_t i = 0; i < 3; ++i)
    CHECK_FALSE(call.packet(call.now, Port::phone_rtp, {kPhone, 6000}, CarriedCall::of(i, 9)));
  CHECK(call.session.phone() == kPhoneEnd);
  call.now += std::chrono::seconds(4);
  for (std::uint16_t i = 0; i < 3; ++i)
    CHECK(call.packet(call.now, Port::phone_rtp, {kPhone, 6000}, CarriedCall::of(i, 9)));
  CHECK(call.session.phone() == Endpoint{kPhone, 6000});
  CHECK_FALSE(call.carries(Port::central_rtp));  // it led to the old port
}

TEST_CASE("no keepalive goes to a phone that is sent to in the kernel") {
  CarriedCall call;
  call.talked();
  for (int i = 0; i < 3000; ++i)
    call.from_far_end();
  call.settle();
  CHECK_FALSE(call.session.keepalive(call.now, std::chrono::seconds(15)));
  const auto packet = call.session.keepalive(call.now + std::chrono::seconds(16), std::chrono::seconds(15));
  REQUIRE(packet);
  CHECK(((*packet)[2] << 8 | (*packet)[3]) == call.down);  // the header of the last one
}

TEST_CASE("a packet that is not plain brings its flow back, is counted once, and the flow is carried again after it") {
  CarriedCall call;
  call.talked().talk(5);
  CHECK(call.from_phone(false) == kFarEnd);
  CHECK_FALSE(call.carries(Port::phone_rtp));
  CHECK(call.carries(Port::central_rtp));
  CHECK(call.session.from_phone().packets == 28);
  CHECK(call.session.from_phone().lost == 0);
  call.talk(10);
  CHECK(call.carries());
}

TEST_CASE("where there is no room or no way, packets go by the sockets, and it is tried again after ten seconds") {
  CarriedCall call;
  call.table.full = true;
  call.talk(100);
  CHECK(call.table.entries.empty());
  call.table.full = false;
  call.talk(300);
  CHECK(call.table.entries.empty());
  call.talk(200);
  CHECK(call.carries());
}

TEST_CASE(
    "while addresses may be translated on the way, packets go by the sockets, and are carried once they are not") {
  CarriedCall call;
  call.table.translated = true;
  call.talk(200);
  CHECK_FALSE(call.promotion->is_carried());
  CHECK(call.session.from_phone().packets == 200);
  call.table.translated = false;
  call.talk(1);
  CHECK(call.carries());
  call.talk(10);
  call.command([](RelaySession& s) { CHECK(s.from_phone().packets == 211); });
}

TEST_CASE("a stream is not carried while older packets of it wait at the socket: it would overtake them") {
  CarriedCall call;
  call.last = false;
  call.talk(50);
  CHECK_FALSE(call.promotion->is_carried());
  CHECK(call.promotion->is_watched(Port::phone_rtp));
  call.last = true;
  call.talk(1);
  CHECK(call.carries());
}

TEST_CASE("a flow that is watched only is left when its path ends") {
  CarriedCall call;
  call.table.translated = true;
  call.talk(50);
  CHECK(call.table.entries.size() == 2);
  call.command([](RelaySession& s) { s.set_far_end({}); });
  CHECK(call.table.entries.empty());
}

TEST_CASE("a stream that ends leaves nothing with who carried it") {
  CarriedCall call;
  call.talked();
  call.promotion.reset();
  CHECK(call.table.entries.empty());
}

TEST_CASE("two gateways that agree on fax are not carried into it") {
  CarriedCall call;
  call.talked();
  const auto event = [&](Port in, const Endpoint& from, std::uint16_t sequence, std::uint32_t ssrc) {
    Buffer nse = rtp({.sequence = sequence, .timestamp = 1, .ssrc = ssrc, .payload_type = 100, .octets = 4});
    nse[12] = FaxSwitch::kAsk;
    return call.packet(call.now, in, from, nse);
  };
  CHECK(event(Port::phone_rtp, kPhoneEnd, ++call.up, 1));
  CHECK(event(Port::central_rtp, kFarEnd, ++call.down, 2));
  CHECK(call.packet(call.now, Port::phone_rtp, kPhoneEnd, kUdptl) == kFarEnd);
  CHECK_FALSE(call.carries(Port::phone_rtp));
}

// ---- the same packets through both ------------------------------------------------------------------------------

struct Both {
  std::mt19937 random;
  Carried sockets, carried;
  TimePoint now{};
  struct Talker {
    Port in;
    Endpoint at;
    std::uint32_t ssrc;
    std::uint16_t sequence = 0;
    std::uint32_t timestamp = 0;
  };
  std::vector<Talker> talkers;
  std::size_t compared = 0;

  Both(std::uint32_t seed, const StreamRules& rules) : random(seed), sockets(rules, false), carried(rules, true) {
    talkers = {{Port::phone_rtp, kPhoneEnd, 1},
               {Port::central_rtp, kFarEnd, 2},
               {Port::central_rtp, {kServer, 31000}, 3},
               {Port::phone_rtp, {kPhone, 5002}, 4},
               {Port::central_rtp, {kFarEnd.address, 30002}, 5},
               {Port::phone_rtp, {IpAddress::v4(0xc0000209), 5000}, 6},
               {Port::central_rtp, {IpAddress::v4(0xc0000209), 30000}, 7}};
  }
  unsigned below(unsigned n) { return static_cast<unsigned>(random() % n); }
  bool one_in(unsigned n) { return below(n) == 0; }

  void send(Port in, const Endpoint& from, const Buffer& octets) {
    const bool plain = !one_in(60);
    const auto a = sockets.packet(now, in, from, octets);
    const auto b = carried.packet(now, in, from, octets, plain);
    REQUIRE(a == b);
  }
  void packet() {
    // Mostly the two that talk; the others in spells.
    const unsigned who = one_in(40) ? below(static_cast<unsigned>(talkers.size())) : below(2);
    Talker& t = talkers[who];
    if (one_in(400)) t.ssrc += 16;
    if (one_in(300)) t.sequence = static_cast<std::uint16_t>(random());
    if (one_in(30)) t.sequence = static_cast<std::uint16_t>(t.sequence + below(40));
    ++t.sequence;
    t.timestamp += 160;
    Packet p{.sequence = t.sequence, .timestamp = t.timestamp, .ssrc = t.ssrc};
    if (one_in(40)) p.sequence = static_cast<std::uint16_t>(p.sequence - below(120));
    if (one_in(50)) p.octets = 0;
    if (one_in(30)) p.payload_type = std::array<std::uint8_t, 6>{8, 13, 101, 100, 97, 18}[below(6)];
    Buffer octets = rtp(p);
    if (one_in(80)) octets[0] = std::array<std::uint8_t, 5>{0x00, 0x40, 0xa0, 0x90, 0x81}[below(5)];
    if (one_in(80)) octets[1] = static_cast<std::uint8_t>(72 + below(8));
    if (one_in(100)) octets.resize(below(20));
    if (octets.size() > 12 && one_in(500)) octets[12] = static_cast<std::uint8_t>(200 + below(3));
    send(t.in, t.at, octets);
    if (one_in(60)) send(t.in, t.at, octets);  // doubled
    if (one_in(50)) send(t.in == Port::phone_rtp ? Port::phone_rtcp : Port::central_rtcp, t.at, kRtcp);
  }
  void command() {
    const unsigned which = below(10);
    const unsigned choice = below(3);
    const auto formats =
        std::make_shared<const MediaFormats>(MediaFormats{{101, 8000, MediaFormat::Kind::event}, {97, choice * 8000U}});
    const auto act = [&](RelaySession& s) {
      switch (which) {
        case 0:
          return s.reopen();
        case 1:
          return s.set_far_end(choice == 0   ? std::optional<Endpoint>()
                               : choice == 1 ? kFarEnd
                                             : Endpoint{kServer, 31000});
        case 2:
          return s.set_sources({{kServer}, choice == 0});
        case 3:
          return s.set_formats(choice == 0 ? MediaSide::phone : MediaSide::central, formats);
        case 4:
          return s.set_phone(now, choice == 0 ? std::optional<Endpoint>() : Endpoint{kPhone, 5004}, {});
        case 5:
          return s.set_opaque(choice == 0);
        case 6:
          return s.set_phone_address(now, choice == 0 ? kPhone : IpAddress::v4(0xc0000209));
        case 7:
          return s.open_way(Endpoint{kServer, 3478});
        default:
          return s.set_far_end(kFarEnd);
      }
    };
    sockets.command(act);
    carried.command(act);
  }
  void look() {
    carried.settle();
    ++compared;
    const RelaySession &a = sockets.session, &b = carried.session;
    for (const auto flow : {&RelaySession::from_phone, &RelaySession::from_central}) {
      const MediaFlow x = (a.*flow)(), y = (b.*flow)();
      REQUIRE(x.packets == y.packets);
      REQUIRE(x.octets == y.octets);
      REQUIRE(x.audio == y.audio);
      REQUIRE(x.delivered == y.delivered);
      REQUIRE(x.lost == y.lost);
      REQUIRE(x.reordered == y.reordered);
      REQUIRE(x.jitter == y.jitter);
      REQUIRE(x.first == y.first);
      REQUIRE(x.last == y.last);
      REQUIRE(x.heard == y.heard);
      REQUIRE(x.undelivered == y.undelivered);
      REQUIRE(x.payload_type == y.payload_type);
    }
    REQUIRE(a.strangers() == b.strangers());
    REQUIRE(a.phone() == b.phone());
    REQUIRE(a.to_phone() == b.to_phone());
    constexpr auto kIdle = std::chrono::seconds(15);
    REQUIRE(sockets.session.keepalive(now, kIdle) == carried.session.keepalive(now, kIdle));
    for (const Port port : {Port::central_rtp, Port::central_rtcp})
      REQUIRE(sockets.session.way_due(now, port, kIdle) == carried.session.way_due(now, port, kIdle));
  }
};

TEST_CASE("the same packets come out and are counted, whether a part of them was carried or none") {
  std::size_t entered = 0;
  for (std::uint32_t seed = 1; seed <= 10; ++seed) {
    CAPTURE(seed);
    Both both(seed, {.stated_first = seed % 3 == 0, .symmetric = seed % 2 == 0});
    both.sockets.session.set_far_end(kFarEnd);
    both.carried.session.set_far_end(kFarEnd);
    for (int i = 0; i < 12'000; ++i) {
      CAPTURE(i);
      both.now += milliseconds(both.one_in(800) ? 4000 : 10) + std::chrono::microseconds(both.below(3000));
      both.packet();
      if (both.one_in(250)) both.command();
      if (both.one_in(20)) both.look();
    }
    both.look();
    entered += both.carried.table.entered;
  }
  CHECK(entered > 500);  // else it would compare nothing
}

}  // namespace
}  // namespace dw::nat::test
