#include "tests/loop/nat/relay_fixture.hpp"

using namespace dw;
using namespace dw::nat;
using namespace dw::nat::test;

namespace {

/// Two calls with latched phones, each sending to its own far end.
struct Pair {
  explicit Pair(unsigned threads)
      : relay(make_relay([&] {
          RelayOptions options;
          options.threads = threads;
          return options;
        }())) {
    a.emplace(*relay);
    b.emplace(*relay);
    for (Call* call : {&*a, &*b}) {
      call->name_far_end();
      call->latch();
    }
  }
  void bridge() {
    relay->bridge(a->ports.id, b->ports.id);
    relay->bridge(b->ports.id, a->ports.id);
  }
  /// True once a packet from one phone reaches the other. The first ones may still go to the far end.
  static bool arrives(Call& from, Call& at) {
    return eventually([&] {
      from.phone.send(from.phone_side, rtp(++from.sequence));
      return at.phone.receive(milliseconds(20)) == rtp(from.sequence);
    });
  }
  static bool exactly(Call& from, Call& at) {
    from.phone.send(from.phone_side, rtp(++from.sequence));
    return at.phone.receive() == rtp(from.sequence) && at.phone.from == at.phone_side;
  }
  std::unique_ptr<Relay> relay;
  std::optional<Call> a, b;
};

}  // namespace

TEST_CASE("two phones of ours hear each other, on one thread and on two") {
  for (const unsigned threads : {1U, 2U}) {
    CAPTURE(threads);
    Pair p(threads);
    p.bridge();
    REQUIRE(Pair::arrives(*p.a, *p.b));
    REQUIRE(Pair::arrives(*p.b, *p.a));
    const auto before = p.b->report().from_central.packets;
    const auto sent = p.a->report().from_phone.packets;
    for (int i = 0; i < 50; ++i) {
      CHECK(Pair::exactly(*p.a, *p.b));
      CHECK(Pair::exactly(*p.b, *p.a));
    }
    CHECK(eventually([&] { return p.b->report().from_central.packets == before + 50; }));
    CHECK(eventually([&] { return p.a->report().from_phone.packets == sent + 50; }));
    CHECK(p.a->report().strangers == 0);
    CHECK(p.b->report().strangers == 0);
    // RTCP too.
    p.b->phone_control.send(Call::next(p.b->phone_side), rtcp(1));
    p.a->phone_control.send(Call::next(p.a->phone_side), rtcp(2));
    CHECK(eventually([&] {
      p.a->phone_control.send(Call::next(p.a->phone_side), rtcp(3));
      return p.b->phone_control.receive(milliseconds(20)).has_value();
    }));
  }
}

TEST_CASE("a bridge ends by word: then the far end is what it was") {
  for (const unsigned threads : {1U, 2U}) {
    CAPTURE(threads);
    Pair p(threads);
    p.bridge();
    REQUIRE(Pair::arrives(*p.a, *p.b));
    p.relay->bridge(p.a->ports.id, MediaId::none);
    CHECK(eventually([&] {
      p.a->phone.send(p.a->phone_side, rtp(++p.a->sequence));
      return p.a->far_end.receive(milliseconds(20)) == rtp(p.a->sequence);
    }));
    CHECK(Pair::arrives(*p.b, *p.a));  // the other direction was not ended
  }
}

TEST_CASE("a far end named during a bridge counts when the bridge ends") {
  for (const unsigned threads : {1U, 2U}) {
    CAPTURE(threads);
    Pair p(threads);
    p.bridge();
    REQUIRE(Pair::arrives(*p.a, *p.b));
    Peer later(kFarEnd);
    p.relay->set_far_end(p.a->ports.id, later.at(), {});
    CHECK(Pair::arrives(*p.a, *p.b));
    p.relay->bridge(p.a->ports.id, MediaId::none);
    CHECK(eventually([&] {
      p.a->phone.send(p.a->phone_side, rtp(++p.a->sequence));
      return later.receive(milliseconds(20)) == rtp(p.a->sequence);
    }));
  }
}

TEST_CASE("either stream may close first; the other lives and sends nowhere until signalling names a destination") {
  for (const unsigned threads : {1U, 2U}) {
    CAPTURE(threads);
    Pair p(threads);
    p.bridge();
    REQUIRE(Pair::arrives(*p.a, *p.b));
    REQUIRE(Pair::arrives(*p.b, *p.a));
    while (p.a->far_end.receive(Duration::zero())) {
    }
    p.b.reset();
    CHECK(p.relay->streams() == 1);
    const auto sent = p.a->report().from_phone.packets;
    for (int i = 0; i < 10; ++i)
      p.a->phone.send(p.a->phone_side, rtp(++p.a->sequence));
    CHECK(eventually([&] { return p.a->report().from_phone.packets == sent + 10; }));
    CHECK(p.a->far_end.silent());
    CHECK_FALSE(p.a->report().far_end);
    p.a->name_far_end();
    CHECK(eventually([&] {
      p.a->phone.send(p.a->phone_side, rtp(++p.a->sequence));
      return p.a->far_end.receive(milliseconds(20)) == rtp(p.a->sequence);
    }));
    CHECK(p.a->to_phone(1));
  }
}

TEST_CASE("a stream is fed by one other, the last") {
  Pair p(1);
  Call c(*p.relay);
  c.name_far_end();
  c.latch();
  p.relay->bridge(p.a->ports.id, p.b->ports.id);
  REQUIRE(Pair::arrives(*p.a, *p.b));
  p.relay->bridge(c.ports.id, p.b->ports.id);
  REQUIRE(Pair::arrives(c, *p.b));
  CHECK(p.a->to_far_end());
  p.relay->bridge(p.a->ports.id, static_cast<MediaId>(12345));  // no such stream: as MediaId::none
  CHECK(p.a->to_far_end());
}

TEST_CASE("two fax machines of ours reach each other, on one thread and on two") {
  for (const unsigned threads : {1U, 2U}) {
    CAPTURE(threads);
    Pair p(threads);
    p.bridge();
    REQUIRE(Pair::arrives(*p.a, *p.b));
    REQUIRE(Pair::arrives(*p.b, *p.a));
    p.relay->set_opaque(p.a->ports.id, true);
    p.relay->set_opaque(p.b->ports.id, true);
    const Buffer udptl = {0x00, 0x07, 0x01, 0x06, 0x00, 0x00};
    const auto arrives = [&](Call& from, Call& at) {
      return eventually([&] {  // the other thread may not have carried it out yet
        from.phone.send(from.phone_side, udptl);
        return at.phone.receive(milliseconds(20)) == udptl;
      });
    };
    CHECK(arrives(*p.a, *p.b));
    CHECK(arrives(*p.b, *p.a));
  }
}
