// SCCP on real sockets: whose a device name is, who takes whose place, and which connections make room.
#include <linux/filter.h>
#include <sys/socket.h>

#include <algorithm>

#include "sbc/net/descriptor.hpp"
#include "sbc/net/socket_address.hpp"
#include "sbc/proxy/sccp_proxy.hpp"
#include "tests/loop/proxy/town.hpp"

using namespace dw;
using namespace dw::sim;
using Step = phones::SignallingEvent;

TEST_CASE("a phone that came back takes its own place, after the server has seen the old connection end") {
  Town town;
  TestServer& server = town.add_server();  // rejects a second session while the first lives
  town.start();
  TestPhone before(town.loop, "SEP001122334401", 2);
  before.connect(town.at());
  REQUIRE(town.until([&] { return before.core.is_registered(); }));
  TestPhone after(town.loop, "SEP001122334401", 2);
  after.connect(town.at());
  REQUIRE(town.until([&] { return after.core.is_registered() && before.closed; }));
  CHECK_FALSE(after.saw(PhoneEvent::Kind::rejected));
  CHECK(town.reported(Step::superseded));
  REQUIRE(town.until([&] { return server.connections() == 1; }));
  CHECK(town.proxy->registered() == 1);
}

TEST_CASE("a stranger from another address does not end a phone's registration by knowing its name") {
  Town town;
  town.add_server();
  town.start();
  TestPhone phone(town.loop, "SEP001122334401", 2);
  phone.connect(town.at());
  REQUIRE(town.until([&] { return phone.core.is_registered(); }));
  TestPhone stranger(town.loop, "SEP001122334401", 3);
  stranger.connect(town.at());
  REQUIRE(town.until([&] { return stranger.closed; }));
  CHECK(stranger.saw(PhoneEvent::Kind::rejected));
  REQUIRE(town.reported(Step::refused));
  CHECK(town.steps.back().server.empty());  // it was not the server that refused
  CHECK(town.steps.back().detail == "a phone of that name is registered from 127.0.0.2, and answers there");
  CHECK_FALSE(phone.closed);
  CHECK(town.proxy->registered() == 1);
  CHECK_FALSE(town.reported(Step::superseded));
}

namespace {

/// A phone that registers and then hears nothing any more, as when its router has another address: its kernel
/// acknowledges nothing.
class DeafPhone {
 public:
  DeafPhone(Town& town, const std::string& device, unsigned last) {
    PhoneOptions options;
    options.device = device;
    options.station = loopback(last);
    SccpPhone core(options);
    connect_socket(options.station, town.at());
    Buffer octets;
    for (const Buffer& piece : core.connected(town.loop.now()).writes)
      octets.insert(octets.end(), piece.begin(), piece.end());
    REQUIRE(::send(socket_.number(), octets.data(), octets.size(), 0) == static_cast<ssize_t>(octets.size()));
    REQUIRE(town.until([&] { return town.proxy->registered() == 1; }));
    sock_filter drop_all = BPF_STMT(BPF_RET | BPF_K, 0);
    const sock_fprog filter{.len = 1, .filter = &drop_all};
    REQUIRE(setsockopt(socket_.number(), SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof filter) == 0);
  }

 private:
  void connect_socket(const IpAddress& from, const Endpoint& to) {
    socket_ = net::Descriptor(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const net::SocketAddress source = net::to_socket_address({from, 0}), address = net::to_socket_address(to);
    REQUIRE(bind(socket_.number(), &source.any, source.size()) == 0);
    REQUIRE(::connect(socket_.number(), &address.any, address.size()) == 0);
  }
  net::Descriptor socket_;
};

}  // namespace

TEST_CASE("an old connection that answers nothing is superseded within five seconds, from whatever address") {
  Town town;
  TestServer& server = town.add_server();
  town.start();
  DeafPhone deaf(town, "SEP001122334401", 2);
  TestPhone phone(town.loop, "SEP001122334401", 3);
  phone.connect(town.at());
  REQUIRE(town.until([&] { return phone.core.is_registered(); }));
  CHECK_FALSE(phone.saw(PhoneEvent::Kind::rejected));
  CHECK(town.reported(Step::superseded));
  REQUIRE(town.until([&] { return server.connections() == 1; }));
  CHECK(town.proxy->registered() == 1);
}

TEST_CASE("of two that want the name of a connection that is being asked, the first waits and the other is refused") {
  Town town;
  town.add_server();
  town.start();
  DeafPhone deaf(town, "SEP001122334401", 2);
  TestPhone first(town.loop, "SEP001122334401", 3), second(town.loop, "SEP001122334401", 4);
  first.connect(town.at());
  REQUIRE(town.until([&] { return town.servers[0]->connections() == 2; }));
  second.connect(town.at());
  REQUIRE(town.until([&] { return second.closed; }));
  CHECK(second.saw(PhoneEvent::Kind::rejected));
  TestPhone again(town.loop, "SEP001122334401", 3);  // the first has restarted meanwhile
  again.connect(town.at());
  REQUIRE(town.until([&] { return again.core.is_registered(); }));
  CHECK(town.until([&] { return first.closed; }));
}

TEST_CASE("a stranger who holds a phone's name gives it up to the address that took the phone's configuration") {
  Town town;
  town.add_server();
  town.took_config = {loopback(2)};
  town.start();
  TestPhone stranger(town.loop, "SEP001122334401", 3);
  stranger.connect(town.at());
  REQUIRE(town.until([&] { return stranger.core.is_registered(); }));
  TestPhone phone(town.loop, "SEP001122334401", 2);
  phone.connect(town.at());
  REQUIRE(town.until([&] { return phone.core.is_registered() && stranger.closed; }));
  CHECK(town.reported(Step::superseded));
  town.took_config = {loopback(2), loopback(3)};  // anybody can take a file
  TestPhone again(town.loop, "SEP001122334401", 3);
  again.connect(town.at());
  REQUIRE(town.until([&] { return again.closed; }));
  CHECK(again.saw(PhoneEvent::Kind::rejected));
  CHECK_FALSE(phone.closed);
}

TEST_CASE(
    "a stranger who held a phone's name while it was away, files and all, gives it up where the phone was before") {
  Town town;
  TestServer& server = town.add_server();
  town.proves_itself = true;
  town.start();
  {
    TestPhone phone(town.loop, "SEP001122334401", 2);
    phone.connect(town.at());
    REQUIRE(town.until([&] { return phone.core.is_registered(); }));
  }
  REQUIRE(town.until([&] { return server.connections() == 0; }));
  TestPhone stranger(town.loop, "SEP001122334401", 3);
  stranger.connect(town.at());
  REQUIRE(town.until([&] { return stranger.core.is_registered(); }));
  TestPhone back(town.loop, "SEP001122334401", 2);
  back.connect(town.at());
  REQUIRE(town.until([&] { return back.core.is_registered() && stranger.closed; }));
  CHECK(town.proxy->registered() == 1);
}

TEST_CASE("a stranger who says a phone's name as often as he likes uses up his own registrations alone") {
  Town town;
  town.add_server();
  town.start();
  for (int i = 0; i < 8; ++i) {
    TestPhone stranger(town.loop, "SEP001122334401", 3);
    stranger.connect(town.at());
    REQUIRE(town.until([&] { return stranger.core.is_registered() || stranger.closed; }));
    CHECK(stranger.closed == (i >= 6));
  }
  TestPhone phone(town.loop, "SEP001122334401", 2);
  phone.connect(town.at());
  REQUIRE(town.until([&] { return phone.core.is_registered() || phone.closed; }));
  CHECK(phone.core.is_registered());
}

TEST_CASE("connections that register nothing make room for a phone, and registered phones stay") {
  Town town;
  town.add_server();
  proxy::SccpProxy::Options options;
  options.max_connections = 16;
  town.start(options);
  TestPhone first(town.loop, "SEP001122334401", 2);
  first.connect(town.at());
  REQUIRE(town.until([&] { return first.core.is_registered(); }));
  CHECK(town.known.standing(town.loop.now(), loopback(2)) == Standing::registered);
  std::vector<net::TcpStream> idle;
  std::size_t ended = 0;
  for (int i = 0; i < 30; ++i) {
    auto made = net::TcpStream::connect(town.loop, town.at(), loopback(5),
                                        {[] {}, [](Bytes) {}, [&ended](bool, std::string_view) { ++ended; }});
    REQUIRE(made);
    idle.push_back(std::move(*made));
  }
  REQUIRE(town.until([&] { return ended == 22; }));  // half of 16 is kept for those who are known
  std::vector<std::unique_ptr<TestPhone>> phones;
  for (unsigned n = 2; n < 12; ++n) {
    CAPTURE(n);
    auto phone = std::make_unique<TestPhone>(town.loop, "SEP0011223344" + std::to_string(20 + n), 10 + n);
    phone->connect(town.at());
    REQUIRE(town.until([&] { return phone->core.is_registered() || phone->closed; }));
    CHECK(phone->core.is_registered());
    phones.push_back(std::move(phone));
  }
  CHECK(town.proxy->registered() == 11);
  CHECK_FALSE(first.closed);
}

TEST_CASE("a phone that roams on our own LAN has its name at once when it took its config where it is now") {
  for (const bool own_lan : {true, false}) {
    CAPTURE(own_lan);
    Town town;
    town.add_server();
    town.proves_itself = true;
    proxy::SccpProxy::Options options;
    options.own_lan = own_lan;
    town.start(options);
    TestPhone before(town.loop, "SEP001122334401", 2), after(town.loop, "SEP001122334401", 3);
    before.connect(town.at());
    REQUIRE(town.until([&] { return before.core.is_registered(); }));
    after.connect(town.at());
    REQUIRE(town.until([&] { return after.core.is_registered() || after.closed; }));
    CHECK(after.core.is_registered() == own_lan);  // elsewhere the old one answers, and stays
    CHECK(town.reported(Step::superseded) == own_lan);
  }
}

TEST_CASE("one device name may register so often a minute") {
  Town town;
  town.add_server();
  proxy::SccpProxy::Options options;
  options.registrations_per_minute = 3;
  town.start(options);
  int registered = 0, rejected = 0;
  for (int i = 0; i < 5; ++i) {
    TestPhone phone(town.loop, "SEP001122334401", 2);
    phone.connect(town.at());
    REQUIRE(town.until([&] { return phone.core.is_registered() || phone.closed; }));
    phone.core.is_registered() ? ++registered : ++rejected;
    phone.stream = {};
    REQUIRE(town.until([&] { return town.proxy->connections() == 0; }));
  }
  CHECK(registered == 3);
  CHECK(rejected == 2);
}

TEST_CASE("connections are bounded, in all and for each source, and a place is free again when one has gone") {
  Town town;
  town.add_server();
  proxy::SccpProxy::Options options;
  options.max_connections = 3;
  options.max_connections_per_source = 2;
  town.start(options);
  const auto stays = [&](TestPhone& phone) {
    phone.connect(town.at());
    REQUIRE(town.until([&] { return phone.core.is_registered() || phone.closed; }));
    return phone.core.is_registered();
  };
  TestPhone a(town.loop, "SEP001122334401", 2), b(town.loop, "SEP001122334402", 2), c(town.loop, "SEP001122334403", 2);
  TestPhone d(town.loop, "SEP001122334404", 3), e(town.loop, "SEP001122334405", 4);
  CHECK(stays(a));
  CHECK(stays(b));
  CHECK_FALSE(stays(c));  // of one source
  CHECK(stays(d));
  CHECK_FALSE(stays(e));  // in all
  a.stream = {};
  REQUIRE(town.until([&] { return town.proxy->connections() == 2; }));
  CHECK(stays(e));
}
