#include "nat/ssdp.hpp"

#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <string>
#include <thread>

#include <doctest/doctest.h>

#include "sbc/net/descriptor.hpp"
#include "sbc/net/socket_address.hpp"

using namespace dw;

namespace {

const IpAddress kOurs = IpAddress::v4(0x7f000001), kStranger = IpAddress::v4(0x7f000032),
                kRouter = IpAddress::v4(0x7f000003);

net::Descriptor bound(const Endpoint& at) {
  net::Descriptor socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  const int on = 1;
  REQUIRE(setsockopt(socket.number(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0);
  const net::SocketAddress address = net::to_socket_address(at);
  REQUIRE(bind(socket.number(), &address.any, address.size()) == 0);
  return socket;
}

/// A device on the link that hears searches; the loopback interface stands for the link.
struct Link {
  Link() {
    const ip_mreq join{.imr_multiaddr = {htonl(0xeffffffa)}, .imr_interface = net::to_in(kOurs)};
    const timeval wait{.tv_sec = 0, .tv_usec = 100'000};
    REQUIRE(setsockopt(heard.number(), IPPROTO_IP, IP_ADD_MEMBERSHIP, &join, sizeof join) == 0);
    REQUIRE(setsockopt(heard.number(), SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait) == 0);
  }
  /// Waits for a search and returns its sender.
  sockaddr_in search(const std::atomic<bool>& over) const {
    sockaddr_in from{};
    std::array<char, 1024> octets{};
    socklen_t size = sizeof from;
    while (!over && recvfrom(heard.number(), octets.data(), octets.size(), 0,
                             static_cast<sockaddr*>(static_cast<void*>(&from)), &size) <= 0)
      size = sizeof from;
    return from;
  }
  static void say(const net::Descriptor& by, const sockaddr_in& to, const std::string& url) {
    const std::string answer = "HTTP/1.1 200 OK\r\nLOCATION: " + url + "\r\n\r\n";
    (void)sendto(by.number(), answer.data(), answer.size(), 0,
                 static_cast<const sockaddr*>(static_cast<const void*>(&to)), sizeof to);
  }

  net::Descriptor heard = bound({IpAddress::v4(0xeffffffa), 1900});
  net::Descriptor stranger = bound({kStranger, 0}), router = bound({kRouter, 0});
};

}  // namespace

TEST_CASE("ssdp: a stranger's thousands of answers before the router's do not hide the router") {
  Link link;
  std::atomic<bool> over = false, router_said = false;
  std::thread others([&] {
    while (!over) {
      const sockaddr_in to = link.search(over);
      for (int i = 0; i < 4000 && !over; ++i)
        Link::say(link.stranger, to, "http://127.0.0.50:5000/" + std::to_string(i) + ".xml");
      if (!router_said) Link::say(link.router, to, "http://127.0.0.3:80/root.xml");
      router_said = true;
      router_said.notify_all();
    }
  });
  // The first stranger's answer is looked at for as long as the router needs to answer.
  const auto may_talk = [&](std::string_view url) {
    if (url.find("127.0.0.50") != url.npos) router_said.wait(false);
    return true;
  };
  const std::atomic<bool> give_up = false;
  const auto places = nat::ssdp_search(kOurs, kRouter, may_talk, give_up);
  over = true;
  others.join();
  CHECK(places == std::vector<std::string>{"http://127.0.0.3:80/root.xml"});
}

TEST_CASE("ssdp: whoever answers is given when the router does not, each once and no more than a few") {
  Link link;
  std::atomic<bool> over = false;
  std::thread others([&] {
    while (!over) {
      const sockaddr_in to = link.search(over);
      for (std::size_t i = 0; i < 4 * nat::kMaxSsdpPlaces; ++i)
        Link::say(link.stranger, to, "http://127.0.0.50:5000/" + std::to_string(i / 2) + ".xml");
    }
  });
  const std::atomic<bool> give_up = false;
  const auto places = nat::ssdp_search(
      kOurs, kRouter, [](std::string_view) { return true; }, give_up);
  over = true;
  others.join();
  CHECK(places.size() == nat::kMaxSsdpPlaces);
  CHECK(std::ranges::find(places, "http://127.0.0.50:5000/0.xml") != places.end());
  CHECK(std::ranges::adjacent_find(places) == places.end());
}
