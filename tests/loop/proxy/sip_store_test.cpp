#include "sbc/proxy/sip_store.hpp"

#include <doctest/doctest.h>
#include <sys/resource.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <optional>

#include "tests/loop/proxy/sip_town.hpp"
#include "tests/loop/store/old_schema.hpp"
#include "tests/loop/store/temp_dir.hpp"

using namespace dw;
using namespace dw::sim;
using dw::proxy::SipStore;
using namespace std::chrono_literals;

namespace {

const WallTime kNoon{std::chrono::sys_days{std::chrono::year{2026} / 3 / 1}};

/// A proxy core and its store, in the order they go, with a wall clock that the test sets.
struct StoreDesk {
  explicit StoreDesk(std::filesystem::path dir, WallTime at = kNoon)
      : wall(at), proxy(options(), broker, known, [this] { return ++drawn; }), began(loop.now()) {
    store = SipStore::open(loop, dir, proxy, out,
                           {.write_every = 1ms, .retry_after = 1ms, .wall = [this] { return clock(); }});
  }
  static sip::ProxyOptions options() {
    sip::ProxyOptions o;
    o.servers.push_back({sip::Transport::udp, {"pbx.example.net", 5060}});
    return o;
  }
  /// Goes on as the loop's clock does, from where it was set.
  WallTime clock() const { return wall + std::chrono::floor<std::chrono::milliseconds>(loop.now() - began); }

  void registers(int phone, Duration granted) {
    sip::Binding b;
    b.token = "token-" + std::to_string(phone);
    b.user = std::to_string(phone);
    b.aor = b.user + "@pbx.example.net";
    b.contact_uri = "sip:" + b.user + "@192.0.2.7";
    b.contact = "<" + b.contact_uri + ">;+sip.instance=\"<urn:uuid:1>\";reg-id=1";
    b.reach.flow.peer = *Endpoint::parse("192.0.2.7:5060");
    sip::name_binding(b);
    b.expires_at = loop.now() + granted;
    proxy.restore(std::move(b), loop.now(), out);
  }
  bool settle() {  // some turns of writing
    return loop.run_until([n = 0]() mutable { return ++n > 20; }, 200ms);
  }
  std::size_t bindings() const { return proxy.parts().bindings.size(); }
  Duration left(int phone) {
    const sip::Binding* const b = proxy.bindings().by_token("token-" + std::to_string(phone));
    return b ? b->expires_at - loop.now() : Duration{};
  }

  net::Loop loop;
  FakeBroker broker;
  KnownSources known{1};
  std::uint64_t drawn = 0;
  WallTime wall;
  sip::Proxy proxy;
  TimePoint began;
  sip::Output out;
  std::unique_ptr<SipStore> store;
};

}  // namespace

TEST_CASE("SIP bindings outlive a restart for as long as they were granted") {
  const test::TempDir dir;
  {
    StoreDesk desk(dir.path());
    CHECK(desk.store->storing());
    desk.registers(1, 1h);
    desk.registers(2, 10min);
  }
  {
    StoreDesk desk(dir.path(), kNoon + 20min);
    CHECK(desk.bindings() == 1);
    CHECK(
        desk.proxy.bindings().by_group("1@pbx.example.net", desk.proxy.bindings().by_token("token-1")->group).size() ==
        1);
    CHECK(desk.left(1) < 41min);
    CHECK(desk.left(1) > 39min);
  }
  StoreDesk desk(dir.path(), kNoon - 24h * 365);  // a machine without a battery for its clock
  CHECK(desk.bindings() == 1);
  CHECK(desk.left(1) <= SipStore::kMaxKept);
}

TEST_CASE("SIP bindings last on disk when the clock is set, in either direction") {
  for (const Duration by : {Duration(24h * 365), -Duration(24h * 365)}) {
    const test::TempDir dir;
    const auto set = std::chrono::floor<std::chrono::milliseconds>(by);
    {
      StoreDesk desk(dir.path());
      desk.registers(1, 1h);
      REQUIRE(desk.settle());
      desk.wall += set;
      REQUIRE(desk.settle());
      CHECK(desk.left(1) > 59min);
    }
    StoreDesk desk(dir.path(), kNoon + set + 10min);
    CHECK(desk.bindings() == 1);
    CHECK(desk.left(1) > 48min);
    CHECK(desk.left(1) < 51min);
  }
}

TEST_CASE("SIP bindings: a disk that refuses for a while loses none, and none that ended comes back") {
  const test::TempDir dir;
  std::signal(SIGXFSZ, SIG_IGN);
  {
    StoreDesk desk(dir.path());
    desk.registers(1, 1h);
    REQUIRE(desk.settle());
    rlimit before{};
    REQUIRE(::getrlimit(RLIMIT_FSIZE, &before) == 0);
    rlimit tight = before;
    tight.rlim_cur = 512;
    REQUIRE(::setrlimit(RLIMIT_FSIZE, &tight) == 0);
    desk.registers(2, 1h);
    const bool failed = desk.loop.run_until([&] { return !desk.store->storing(); }, 10s);
    desk.registers(3, 1h);
    desk.proxy.bindings().remove(*desk.proxy.bindings().by_token("token-1"));
    (void)desk.settle();
    CHECK(desk.bindings() == 2);  // calls find their phones all the while
    REQUIRE(::setrlimit(RLIMIT_FSIZE, &before) == 0);
    CHECK(failed);
    CHECK(desk.loop.run_until([&] { return desk.store->storing(); }, 10s));
  }
  StoreDesk desk(dir.path());
  CHECK(desk.bindings() == 2);
  CHECK(desk.left(1) == Duration{});
  CHECK(desk.left(2) > 0s);
  CHECK(desk.left(3) > 0s);
}

TEST_CASE(
    "SIP bindings: a database that can't be opened leaves them in memory; a damaged one is replaced by a new one") {
  const test::TempDir dir;
  const auto path = dir.path() / "sip.db";
  bool stores = false;
  SUBCASE("a folder is in the way") {
    std::filesystem::create_directories(path);
  }
  SUBCASE("a newer program's") {
    const std::vector<std::string_view> newer(99, "");
    REQUIRE(store::Database::open(path, newer));
  }
  SUBCASE("damaged") {
    std::ofstream(path) << std::string(9000, 'x');
    stores = true;
  }
  StoreDesk desk(dir.path());
  CHECK(desk.store->storing() == stores);
  desk.registers(1, 1h);
  (void)desk.settle();
  CHECK(desk.bindings() == 1);
  CHECK(std::filesystem::exists(path.string() + ".damaged") == stores);
}

TEST_CASE("SIP bindings that each older version kept are read, with today's schema afterwards") {
  const test::TempDir dir;
  std::filesystem::create_directories(dir.path() / "today");
  { StoreDesk today(dir.path() / "today"); }
  const std::size_t newest = test::version_of(dir.path() / "today/sip.db");
  REQUIRE(std::filesystem::exists(test::fixture_path("sip", newest)));
  for (std::size_t version = 1; version <= newest; ++version) {
    CAPTURE(version);
    const std::filesystem::path state = dir.path() / std::to_string(version);
    std::filesystem::create_directories(state);
    test::make_database(state / "sip.db", "sip", version);
    {
      StoreDesk desk(state);
      REQUIRE(desk.bindings() == 1);  // the other one's time is over
      const sip::Binding& b = *desk.proxy.bindings().by_token("abcdefghijklm");
      CHECK(b.device == "SEP001122334455");
      CHECK(b.contact == "<sip:1001@192.0.2.7:5060>");
      CHECK(b.reach.flow.peer.to_string() == "192.0.2.7:49152");
      CHECK(b.reach.answers == sip::Reach::Answers::at_contact);
      CHECK(b.maps_host);
      CHECK(b.loses_token == (version >= 3));
      CHECK(desk.proxy.bindings().by_key(b.key) == &b);
      CHECK(b.expires_at - desk.loop.now() < 61min);
      CHECK(b.expires_at - desk.loop.now() > 59min);
      desk.registers(1, 1h);
    }
    test::check_upgraded(state / "sip.db", dir.path() / "today/sip.db");
    CHECK(StoreDesk(state).bindings() == 2);
  }
}
