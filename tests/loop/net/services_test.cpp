#include <doctest/doctest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <string>

#include "sbc/net/digest.hpp"
#include "sbc/net/notify.hpp"
#include "sbc/net/poll.hpp"
#include "sbc/net/resolver.hpp"

using namespace dw;
using namespace std::chrono_literals;

namespace {

using Found = std::optional<Result<std::vector<IpAddress>>>;

Found look_up(const std::string& host) {
  net::Loop loop;
  Found found;
  net::Lookup lookup(loop, host, [&](auto answer) { found = std::move(answer); });
  CHECK_FALSE(found.has_value());  // never before the constructor has returned
  loop.run_until([&] { return found.has_value(); }, 30s);
  return found;
}

}  // namespace

TEST_CASE("an address literal is its own answer") {
  for (const char* literal : {"192.0.2.7", "2001:db8::7", "fe80::1%1"}) {
    const Found found = look_up(literal);
    REQUIRE(found.has_value());
    REQUIRE(found->has_value());
    CHECK(**found == std::vector{*IpAddress::parse(literal)});
  }
}

TEST_CASE("localhost is looked up on the thread pool") {
  const Found found = look_up("localhost");
  REQUIRE(found.has_value());
  REQUIRE(found->has_value());
  CHECK(std::ranges::all_of(**found, [](const IpAddress& a) { return a.is_loopback(); }));
}

TEST_CASE("a name that can't exist fails with its name in the words") {
  // Longer than a DNS label may be, so that it is never sent.
  const std::string name(70, 'x');
  const Found found = look_up(name);
  REQUIRE(found.has_value());
  REQUIRE_FALSE(found->has_value());
  CHECK(found->error().text.find(name) != std::string::npos);
}

TEST_CASE("a lookup that is dropped calls nothing") {
  net::Loop loop;
  int answers = 0;
  {
    net::Lookup name(loop, "localhost", [&](auto) { ++answers; });
  }
  {
    net::Lookup literal(loop, "127.0.0.1", [&](auto) { ++answers; });
  }
  loop.run();
  CHECK(answers == 0);
}

TEST_CASE("a lookup may be dropped by its own answer") {
  for (const char* host : {"127.0.0.1", "localhost"}) {
    net::Loop loop;
    bool answered = false;
    std::optional<net::Lookup> lookup;
    lookup.emplace(loop, host, [&](auto) {
      lookup.reset();
      answered = true;
    });
    CHECK(loop.run_until([&] { return answered; }, 30s));
  }
}

TEST_CASE("the loopback address is one of the machine's") {
  const auto all = net::local_addresses();
  CHECK(std::ranges::find(all, *IpAddress::parse("127.0.0.1")) != all.end());
}

TEST_CASE("SHA-256 and hex") {
  CHECK(net::to_hex(net::sha256({})) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(net::to_hex(net::sha256(as_bytes("abc"))) ==
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");  // FIPS 180-4's example
}

TEST_CASE("a poll reports what it watches, until it is destroyed") {
  net::Loop loop;
  std::array<int, 2> pair{};
  REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair.data()) == 0);
  int readable = 0;
  int writable = 0;
  std::optional<net::Poll> poll;
  poll.emplace(loop, pair[0], [&](net::Poll::Events events) {
    if (events.writable) {
      ++writable;
      poll->watch({.readable = true});
    }
    if (events.readable) {
      ++readable;
      poll.reset();
    }
  });
  poll->watch({.readable = true, .writable = true});
  CHECK(loop.run_until([&] { return writable == 1; }, 10s));
  CHECK(readable == 0);
  REQUIRE(write(pair[1], "x", 1) == 1);
  CHECK(loop.run_until([&] { return readable == 1; }, 10s));
  loop.run();  // nothing is left
  CHECK(writable == 1);
  CHECK(readable == 1);
  close(pair[0]);
  close(pair[1]);
}

TEST_CASE("notify_systemd sends the state to the socket that it was given") {
  std::string path = "/tmp/dropwire-notify-XXXXXX";
  REQUIRE(mkdtemp(path.data()) != nullptr);
  const std::string directory = path;
  path += "/socket";
  const int listener = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.data(), path.size());
  REQUIRE(bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
  setenv("NOTIFY_SOCKET", path.c_str(), 1);
  net::notify_systemd("READY=1");
  unsetenv("NOTIFY_SOCKET");
  net::notify_systemd("STOPPING=1");
  std::array<char, 64> got{};
  const auto count = recv(listener, got.data(), got.size(), 0);
  CHECK(std::string(got.data(), static_cast<std::size_t>(std::max<ssize_t>(count, 0))) == "READY=1");
  CHECK(recv(listener, got.data(), got.size(), 0) < 0);
  close(listener);
  unlink(path.c_str());
  rmdir(directory.c_str());
}

TEST_CASE("the watchdog's interval is half of what systemd asks of this process") {
  CHECK(net::watchdog_interval_us() == 0);
  setenv("WATCHDOG_USEC", "30000000", 1);
  CHECK(net::watchdog_interval_us() == 15'000'000);
  setenv("WATCHDOG_PID", std::to_string(getpid()).c_str(), 1);
  CHECK(net::watchdog_interval_us() == 15'000'000);
  setenv("WATCHDOG_PID", std::to_string(getpid() + 1).c_str(), 1);
  CHECK(net::watchdog_interval_us() == 0);
  setenv("WATCHDOG_USEC", "soon", 1);
  unsetenv("WATCHDOG_PID");
  CHECK(net::watchdog_interval_us() == 0);
  unsetenv("WATCHDOG_USEC");
}

TEST_CASE("this machine's private networks have its private addresses, and no public one alone") {
  const auto networks = net::local_networks();
  const auto in_one = [&](const IpAddress& address) {
    return std::ranges::any_of(networks, [&](const IpNetwork& network) { return network.contains(address); });
  };
  CHECK(in_one(*IpAddress::parse("127.9.9.9")));
  CHECK_FALSE(in_one(*IpAddress::parse("203.0.113.200")));
  for (const IpAddress& address : net::local_addresses()) {
    if (address.is_v4()) CHECK(in_one(address) == address.is_private());
  }
}
