#include <functional>

#include "tests/unit/nat/carried_stream.hpp"

namespace dw::nat::test {
namespace {

using std::chrono::milliseconds;

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

}  // namespace
}  // namespace dw::nat::test
