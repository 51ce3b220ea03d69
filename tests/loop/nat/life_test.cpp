// Opening and closing streams leaves nothing behind.
#include <sys/resource.h>

#include "nat/epoll_relay.hpp"
#include "tests/loop/nat/relay_fixture.hpp"

using namespace dw;
using namespace dw::nat;
using namespace dw::nat::test;

namespace {

RelayOptions range(std::uint16_t first, std::uint16_t last, unsigned threads = 1) {
  RelayOptions options;
  options.first_port = first;
  options.last_port = last;
  options.threads = threads;
  return options;
}
std::unique_ptr<Relay> with_descriptors(std::size_t descriptors) {
  RelayOptions options;
  options.clock = &pushed_clock;
  auto relay = EpollRelay::make(options, descriptors);
  REQUIRE(relay);
  return std::move(*relay);
}

}  // namespace

TEST_CASE("a thousand streams opened and closed leave no descriptor, port or stream") {
  const std::size_t before = open_descriptors();
  {
    const auto relay = make_relay(range(21000, 21199, 2));
    const std::size_t idle = open_descriptors();
    for (int i = 0; i < 1000; ++i) {
      const auto opened = relay->open(request());
      if (!opened) FAIL(opened.error().text);
      relay->bridge(opened->id, opened->id);
      relay->close(opened->id);
      relay->close(opened->id);  // a second close does no harm
      if (i % 30 != 29) continue;
      // The quarantine begins when the thread has closed the sockets, so wait for that before time moves on.
      REQUIRE(eventually([&] { return open_descriptors() == idle; }));
      push_time(PortPool::kQuarantine);
    }
    CHECK(relay->streams() == 0);
    CHECK(eventually([&] { return open_descriptors() == idle; }));
  }
  CHECK(open_descriptors() == before);
}

TEST_CASE("ports run out with an error that says so, and come back after their quarantine") {
  const auto relay = make_relay(range(22000, 22019));
  CHECK(relay->capacity() == 10);
  std::vector<MediaId> open;
  for (int i = 0; i < 10; ++i)
    open.push_back(relay->open(request())->id);
  const auto refused = relay->open(request());
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == Errc::exhausted);
  CHECK(refused.error().text.find("22000-22019") != std::string::npos);
  CHECK(relay->streams() == 10);
  for (const MediaId id : open)
    relay->close(id);
  CHECK_FALSE(relay->open(request()));  // in quarantine: late packets must not reach a new call
  // Port pairs come back once the thread reports that the sockets are closed; their quarantine begins then.
  CHECK(eventually([&] {
    push_time(PortPool::kQuarantine);
    const auto again = relay->open(request());
    if (again) relay->close(again->id);
    return again.has_value();
  }));
}

TEST_CASE("one address for both sides takes two pairs of it") {
  const auto relay = make_relay(range(22100, 22119));
  StreamRequest same = request();
  same.central_local = same.phone_local;
  for (int i = 0; i < 5; ++i)
    CHECK(relay->open(same));
  CHECK_FALSE(relay->open(same));
  CHECK(relay->capacity() == 5);
}

TEST_CASE("when only the central side is out of ports, the phone's side keeps none") {
  const auto relay = make_relay(range(22200, 22203));
  StreamRequest other = request();
  other.phone_local = host("127.0.1.2");
  CHECK(relay->open(request()));
  CHECK(relay->open(request()));
  for (int i = 0; i < 5; ++i)
    CHECK_FALSE(relay->open(other));
  push_time(PortPool::kQuarantine);
  StreamRequest free = other;
  free.central_local = host("127.0.2.2");
  CHECK(relay->open(free));
  CHECK(relay->open(free));
}

TEST_CASE("a port that another program has is passed over") {
  const auto relay = make_relay(range(22300, 22309));
  Peer taken(kPhoneSide, 22301);  // the odd one counts too
  Peer taken_too(kPhoneSide, 22304);
  for (int i = 0; i < 3; ++i)
    CHECK(relay->open(request()));
  CHECK_FALSE(relay->open(request()));
}

TEST_CASE("descriptors run out before the program's own are touched") {
  const auto relay = with_descriptors(40);
  CHECK(relay->capacity() == 5);
  std::vector<MediaId> open;
  for (int i = 0; i < 5; ++i)
    open.push_back(relay->open(request())->id);
  const auto refused = relay->open(request());
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == Errc::exhausted);
  CHECK(refused.error().text.find("RLIMIT_NOFILE (40)") != std::string::npos);
  // Closed and opened again at once, many times: waits for the thread, and is never refused.
  for (int i = 0; i < 200; ++i) {
    relay->close(open.front());
    open.erase(open.begin());
    const auto next = relay->open(request());
    REQUIRE(next);
    open.push_back(next->id);
  }
}

TEST_CASE("when the system has no descriptor left, that is exhaustion too") {
  const auto relay = make_relay();
  rlimit before{};
  REQUIRE(getrlimit(RLIMIT_NOFILE, &before) == 0);
  const int lowest = ::dup(0);
  REQUIRE(lowest >= 0);
  ::close(lowest);
  rlimit tight = before;
  tight.rlim_cur = static_cast<rlim_t>(lowest) + 2;
  const std::size_t open = open_descriptors();
  REQUIRE(setrlimit(RLIMIT_NOFILE, &tight) == 0);
  const auto refused = relay->open(request());
  REQUIRE(setrlimit(RLIMIT_NOFILE, &before) == 0);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == Errc::exhausted);
  CHECK(open_descriptors() == open);
  CHECK(relay->open(request()));
}

TEST_CASE("what can't be is refused with a sentence") {
  const auto relay = make_relay();
  StreamRequest elsewhere = request();
  elsewhere.phone_local = host("192.0.2.1");
  const auto refused = relay->open(elsewhere);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == Errc::system);
  CHECK(refused.error().text.find("192.0.2.1") != std::string::npos);
  for (const auto spoil : {0, 1, 2}) {
    StreamRequest wrong = request();
    (spoil == 0 ? wrong.phone : spoil == 1 ? wrong.phone_local : wrong.central_local) = IpAddress{};
    CHECK(relay->open(wrong).error().code == Errc::invalid);
  }
  CHECK(make_epoll_relay(range(20001, 20002)).error().code == Errc::invalid);
  CHECK(make_epoll_relay(range(20000, 20099, 0)).error().code == Errc::invalid);
  RelayOptions hasty;
  hasty.keepalive = Duration::zero();
  CHECK(make_epoll_relay(hasty).error().code == Errc::invalid);
  // Ids that are not open are ignored.
  const auto nobody = static_cast<MediaId>(99);
  relay->reopen(nobody);
  relay->set_far_end(nobody, Endpoint{kFarEnd, 1}, {});
  relay->bridge(nobody, nobody);
  relay->set_tos(nobody, 0);
  relay->close(nobody);
  CHECK(relay->report(nobody).from_phone.packets == 0);
}

TEST_CASE("streams open and close under traffic, on two threads, while reports are read") {
  const auto relay = make_relay(range(23000, 25999, 2));
  Call steady(*relay);
  steady.name_far_end();
  steady.latch();
  std::atomic<bool> stop = false;
  std::atomic<int> flood_port = 0;
  std::thread flood([&] {
    Peer phone(kPhone);
    Peer server(kServer);
    std::uint16_t sequence = 0;
    while (!stop) {
      const auto ports = flood_port.load();
      if (ports == 0) continue;
      const auto packet = rtp(++sequence);
      phone.send({kPhoneSide, static_cast<std::uint16_t>(ports >> 16)}, packet);
      server.send({kCentralSide, static_cast<std::uint16_t>(ports & 0xffff)}, packet);
    }
  });
  MediaId last = MediaId::none;
  std::uint64_t heard = 0;
  Peer elsewhere(kFarEnd);
  for (int i = 0; i < 300; ++i) {
    const auto opened = relay->open(request());
    if (!opened) FAIL_CHECK(opened.error().text);
    if (!opened) break;
    flood_port = (opened->phone_port << 16) | opened->central_port;
    relay->set_far_end(opened->id, elsewhere.at(), {});
    relay->bridge(opened->id, last);
    relay->bridge(last, opened->id);
    relay->reopen(opened->id);
    heard += relay->report(opened->id).from_phone.packets + relay->report(last).from_central.packets;
    relay->close(last);
    last = opened->id;
    push_time(milliseconds(20));
  }
  relay->close(last);
  stop = true;
  flood.join();
  CHECK(relay->streams() == 1);
  CHECK(steady.to_phone(1));
  CHECK(steady.to_far_end());
  CHECK(steady.report().strangers == 0);
  MESSAGE(heard << " packets seen in reports");
}
