// Whole sites over bad networks, from a seed: what must hold whatever is lost, doubled or overtaken.
#include <array>
#include <cstdlib>

#include "tests/sim/sip/sip_world.hpp"

using namespace dw;
using namespace dw::sim;
using State = SipCall::State;

namespace {

struct Site {
  int hops = 1;
  bool routers = false;
  sip::Transport to_server = sip::Transport::udp;
  double loss = 0, doubled = 0;
};

struct Outcome {
  std::size_t calls = 0, up = 0, refused = 0, cancelled = 0, packets = 0, absorbed = 0, reinvites = 0;
  std::size_t put_off = 0;  ///< its server was not heard for answer_timeout, as all was lost
  bool lossy = false;
  Outcome& operator+=(const Outcome& o) {
    calls += o.calls;
    up += o.up;
    refused += o.refused;
    cancelled += o.cancelled;
    packets += o.packets;
    absorbed += o.absorbed;
    reinvites += o.reinvites;
    put_off += o.put_off;
    return *this;
  }
};

SipPlan some_plan(std::mt19937_64& rng) {
  SipPlan p;
  p.ring_after = std::chrono::milliseconds(rng() % 400);
  p.answer_after = p.ring_after + std::chrono::milliseconds(rng() % 3000);
  switch (rng() % 8) {
    case 0:
      p.status = 486;
      break;
    case 1:
      p.status = 0;  // until it is cancelled
      break;
    default:
      break;
  }
  return p;
}

/// Both ends' tables of one call say the same.
void check_call(const SipCall& caller, const std::vector<const SipCall*>& callee, Outcome& outcome) {
  CAPTURE(caller.call_id);
  CAPTURE(caller.final_status);
  CHECK(caller.state == State::over);
  ++outcome.calls;
  std::size_t took = 0, legs_up = 0;
  for (const SipCall* leg : callee) {
    CHECK(leg->state == State::over);
    CHECK(leg->far_tag == caller.own_tag);
    if (leg->final_status != 200) {
      CHECK(leg->established == 0);
      continue;
    }
    ++took;
    legs_up += leg->own_tag == caller.far_tag ? 1U : 0U;
    CHECK(leg->established == 1);
    CHECK(leg->ended == 1);
  }
  if (caller.final_status == 200) {
    ++outcome.up;
    outcome.reinvites += static_cast<std::size_t>(caller.reinvites_done);
    CHECK(caller.established == 1);
    CHECK(caller.ended == 1);
    CHECK(legs_up == 1);
    return;
  }
  CHECK(took == 0);
  CHECK(caller.established == 0);
  outcome.cancelled += caller.final_status == 487 ? 1U : 0U;
  outcome.refused += caller.final_status == 486 ? 1U : 0U;
  const bool put_off = outcome.lossy && (caller.final_status == 500 || caller.final_status == 503);
  outcome.put_off += put_off ? 1U : 0U;
  const bool expected = put_off || caller.final_status == 486 || (caller.final_status == 487 && caller.cancel_wanted);
  CHECK(expected);
  for (const SipCall* leg : callee)
    CHECK((put_off || leg->final_status == caller.final_status || leg->plan.branches > 1));
}

Outcome live_through(unsigned seed, const Site& site) {
  SipWorld w(seed, {site.loss, site.doubled}, site.hops, site.to_server);
  auto& rng = w.rng;
  std::array<SipWorld::Router, 4> routers;
  for (unsigned i = 0; i < 4; ++i) {
    routers[i].outside = IpAddress::v4(0xC6336464U + i);  // 198.51.100.100
    routers[i].forwards_sip = i % 2 == 0;
  }
  for (unsigned i = 0; i < 4; ++i) {
    // Behind a router that forwards nothing only a phone that sends from where it listens is ever reached.
    const bool stream = i == 3;
    const bool one_port = stream || (site.routers && !routers[i].forwards_sip) || rng() % 2 == 0;
    const bool rport = one_port && rng() % 2 == 0;
    SipUa& phone = w.add_phone(stream, one_port, rport, site.routers ? &routers[i] : nullptr);
    phone.plan = [&rng] { return some_plan(rng); };
    w.at(w.now + std::chrono::milliseconds(rng() % 2000), [&] { phone.register_now(w.now); });
  }
  w.server->plan = [&rng] {
    SipPlan p = some_plan(rng);
    if (p.status == 200 && rng() % 4 == 0) p.branches = 2;
    p.all_take = p.branches == 2 && rng() % 2 == 0;
    return p;
  };
  w.run(45s);
  for (const auto& phone : w.phones)
    CHECK(phone->registered(w.now));
  CHECK(w.nodes.back()->proxy->bindings().size() == 4);

  for (int i = 0; i < 6; ++i) {
    SipUa& phone = *w.phones[rng() % 4];
    const bool outgoing = rng() % 2 == 0;
    const TimePoint start = w.now + std::chrono::milliseconds(rng() % 20'000);
    const auto patience = std::chrono::milliseconds(300 + rng() % 8000),
               talk = std::chrono::milliseconds(rng() % 20'000);
    const bool holds = rng() % 3 == 0, far_ends = rng() % 2 == 0, both = rng() % 4 == 0;
    w.at(start, [&w, &phone, outgoing, patience, talk, holds, far_ends, both, start] {
      SipUa& caller = outgoing ? phone : *w.server;
      SipUa& callee = outgoing ? *w.server : phone;
      const std::string key = caller.call(w.now, outgoing ? "2001" : phone.options().user);
      REQUIRE_FALSE(key.empty());
      const std::string id = caller.calls().at(key).call_id;
      // Whoever waits too long gives up; whoever talks long enough hangs up, one side or the other.
      w.at(start + patience, [&w, &caller, key] {
        if (caller.calls().at(key).state == State::calling) caller.hang_up(w.now, key);
      });
      if (holds) {
        for (const int n : {1, 2})
          w.at(start + patience + n * 2s, [&w, &caller, key, n] { caller.hold(w.now, key, n == 1); });
      }
      w.at(start + patience + talk, [&w, &caller, &callee, key, id, far_ends, both] {
        if (!far_ends || both) caller.hang_up(w.now, key);
        if (!far_ends) return;
        for (const auto& [k, c] : callee.calls()) {
          if (c.call_id == id && c.state == State::up) return callee.hang_up(w.now, k);
        }
      });
      w.at(start + 60s, [&w, &caller, key] { caller.hang_up(w.now, key); });
    });
  }
  w.run(150s);
  for (const auto& phone : w.phones)
    phone->unregister(w.now);
  w.run(6min);

  Outcome outcome;
  outcome.lossy = site.loss > 0;
  std::map<std::string, std::pair<const SipCall*, std::vector<const SipCall*>>> calls;
  for (const SipUa* ua : w.uas) {
    outcome.absorbed += ua->absorbed();
    for (const auto& [key, call] : ua->calls()) {
      auto& entry = calls[call.call_id];
      if (call.outgoing) {
        entry.first = &call;
      } else {
        entry.second.push_back(&call);
      }
    }
  }
  for (const auto& [id, entry] : calls) {
    REQUIRE(entry.first);
    check_call(*entry.first, entry.second, outcome);
  }
  outcome.packets = w.packets;
  for (const auto& fault : w.faults())
    FAIL_CHECK(fault);
  for (const auto& node : w.nodes) {
    CHECK(node->proxy->bindings().size() == 0);
    // A ping of the server may be under way, nothing else.
    CHECK(node->proxy->parts().transactions.size() <= 1);
    CHECK(node->proxy->parts().dialogs.size() == 0);
    CHECK(node->proxy->parts().dialogs.calls() == 0);
    CHECK(node->broker.streams().empty());
    CHECK(node->no_media == 0);
  }
  return outcome;
}

void many(unsigned first, unsigned count, const Site& site) {
  Outcome all;
  for (unsigned seed = first; seed < first + count; ++seed) {
    CAPTURE(seed);
    all += live_through(seed, site);
  }
  MESSAGE(count << " sites: " << all.calls << " calls, " << all.up << " up, " << all.refused << " refused, "
                << all.cancelled << " cancelled, " << all.reinvites << " held or resumed, " << all.packets
                << " packets, " << all.absorbed << " came again");
  CHECK(all.calls == 6 * count);
  CHECK(all.up > count);
  CHECK(all.refused > 0);
  CHECK(all.cancelled > 0);
  CHECK(all.reinvites > 0);
  CHECK(all.put_off * 50 <= all.calls);
  if (site.loss == 0 && site.doubled == 0 && !site.routers) CHECK(all.absorbed < all.packets / 10);
}

/// DW_SIM_SEEDS: so many of each kind, for a longer run.
unsigned seeds() {
  constexpr unsigned kSeeds = 20;
  const char* const more = std::getenv("DW_SIM_SEEDS");
  return more ? static_cast<unsigned>(std::stoul(more)) : kSeeds;
}

}  // namespace

TEST_CASE("sip world: a LAN without loss") {
  many(1, seeds(), {});
}

TEST_CASE("sip world: a LAN that loses and doubles one packet in ten") {
  many(1000, seeds(), {1, false, sip::Transport::udp, 0.1, 0.1});
}

TEST_CASE("sip world: a TCP server behind a network that loses and doubles one packet in ten") {
  many(2000, seeds(), {1, false, sip::Transport::tcp, 0.1, 0.1});
}

TEST_CASE("sip world: each phone behind a router of its own") {
  many(3000, seeds(), {1, true, sip::Transport::udp, 0, 0});
}

TEST_CASE("sip world: routers and loss") {
  many(4000, seeds(), {1, true, sip::Transport::udp, 0.1, 0.1});
}

TEST_CASE("sip world: an edge behind a hosted one, with loss between all") {
  many(5000, seeds(), {2, false, sip::Transport::udp, 0.1, 0.1});
}

TEST_CASE("sip world: a server that is gone for a minute, and one that lost its memory") {
  for (unsigned seed = 1; seed <= 3; ++seed) {
    CAPTURE(seed);
    SipWorld w(seed, {0.05, 0.05}, 1);
    for (int i = 0; i < 4; ++i) {
      SipUa& phone = w.add_phone(i == 3, i % 2 == 0, false, nullptr);
      w.at(w.now + std::chrono::milliseconds(i), [&] { phone.register_now(w.now); });
    }
    w.server->silent = true;
    w.run(60s);
    for (const auto& phone : w.phones)
      CHECK_FALSE(phone->registered(w.now));
    w.server->silent = false;
    w.run(3min);
    for (const auto& phone : w.phones)
      CHECK(phone->registered(w.now));
    w.server->restart();
    w.run(60min);
    CHECK(w.server->contacts() == 4);
    CHECK(w.nodes[0]->proxy->bindings().size() == 4);
    CHECK(w.faults().empty());
  }
}

TEST_CASE("sip world: a server that says 503 for a while gets its phones once it does no more") {
  SipWorld w(9, {}, 1);
  for (int i = 0; i < 3; ++i)
    w.add_phone(false, true, false, nullptr).register_now(w.now);
  w.server->unavailable = true;
  w.run(30s);
  CHECK(w.server->contacts() == 0);
  w.server->unavailable = false;
  w.run(60s);
  CHECK(w.server->contacts() == 3);
  CHECK(w.faults().empty());
}

TEST_CASE("sip world: a TCP phone whose connection breaks is back, and its calls end once all the same") {
  for (unsigned seed = 1; seed <= 10; ++seed) {
    CAPTURE(seed);
    SipWorld w(seed, {0.05, 0.05}, 1);
    SipUa& phone = w.add_phone(true, true, false, nullptr);
    phone.register_now(w.now);
    w.run(10s);
    REQUIRE(phone.registered(w.now));
    const std::string key = w.server->call(w.now, "1001");
    w.run(20s);
    REQUIRE(w.server->calls().at(key).state == State::up);
    w.lose_stream(0);
    w.run(30s);
    CHECK(phone.registered(w.now));
    w.server->hang_up(w.now, key);
    w.run(2min);
    CHECK(w.server->calls().at(key).ended == 1);
    REQUIRE(phone.calls().size() == 1);
    CHECK(phone.calls().begin()->second.ended == 1);
    CHECK(w.nodes[0]->broker.streams().empty());
    CHECK(w.faults().empty());
  }
}

TEST_CASE("sip world: after ten silent minutes a call still reaches a phone behind a router") {
  for (unsigned seed = 1; seed <= 5; ++seed) {
    CAPTURE(seed);
    SipWorld w(seed, {0.05, 0.05}, 1);
    std::array<SipWorld::Router, 3> routers;
    for (unsigned i = 0; i < 3; ++i) {
      routers[i].outside = IpAddress::v4(0xC6336464U + i);
      routers[i].idle = 30s;
      routers[i].forwards_sip = i == 1;
      // It listens where it sends from; it does not; it has a connection.
      w.add_phone(i == 2, i != 1, false, &routers[i]).register_now(w.now);
    }
    w.run(10min);
    for (const auto& phone : w.phones) {
      CAPTURE(phone->options().user);
      REQUIRE(phone->registered(w.now));
      const std::string key = w.server->call(w.now, phone->options().user);
      w.run(5s);
      CHECK(w.server->calls().at(key).state == State::up);
      w.server->hang_up(w.now, key);
      w.run(1min);
      CHECK(w.server->calls().at(key).ended == 1);
    }
    for (const auto& fault : w.faults())
      FAIL_CHECK(fault);
  }
}
