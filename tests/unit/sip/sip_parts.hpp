#pragma once
#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <string_view>

#include "sbc/sip/proxy_parts.hpp"
#include "tests/support/sccp_fake_broker.hpp"

namespace dw::sip::test {

struct Outside {  ///< what a ProxyParts needs
  sim::FakeBroker broker;
  KnownSources known{1};
  std::uint64_t last_random = 0;
};
/// The parts of a Proxy without the Proxy: each is tested by itself. Phones at 192.168.1.x know us as 192.168.1.2; the
/// server pbx.example.net stands at 203.0.113.20 and 203.0.113.21, and knows us as 203.0.113.10.
struct Parts : Outside, ProxyParts {
  using Outside::broker, Outside::known;
  static constexpr std::uint32_t kUs = 0xC0A80102, kPhone = 0xC0A80132, kServer = 0xCB007114, kCentral = 0xCB00710A;

  explicit Parts(ProxyOptions with = {})
      : ProxyParts(of_one_server(std::move(with)), broker, known,
                   [this] { return ++last_random * 0x9E3779B97F4A7C15; }) {
    servers.set_addresses(0, {{server(), central()}, {server(1), central()}});
  }

  static Endpoint at(std::uint32_t address, std::uint16_t port = 5060) { return {IpAddress::v4(address), port}; }
  static Endpoint us() { return at(kUs); }
  static Endpoint central() { return at(kCentral); }
  static Endpoint server(std::uint32_t n = 0) { return at(kServer + n); }
  static Flow udp(const Endpoint& local, const Endpoint& peer) {
    return {Transport::udp, local, peer, ConnectionId::none};
  }
  static Flow phone(std::uint32_t n = 0, std::uint16_t port = 5060) { return udp(us(), at(kPhone + n, port)); }

  static Binding binding(const std::string& token, const std::string& user, std::uint32_t n = 0) {
    Binding b;
    b.token = token;
    b.user = user;
    b.aor = user + "@pbx.example.net";
    b.reach.flow = phone(n);
    b.reach.stated = b.reach.flow.peer.address;
    b.reach.contact_port = 5060;
    b.contact_uri = "sip:" + user + "@" + b.reach.flow.peer.address.to_string();
    b.contact = "<" + b.contact_uri + ">";
    b.key = binding_key(b.aor, {}, b.contact_uri, b.reach.flow.peer.address);
    b.expires_at = TimePoint(std::chrono::hours(10));
    return b;
  }
  Binding& bind(const std::string& token, const std::string& user, std::uint32_t n = 0) {
    return *bindings.add(binding(token, user, n));
  }
  /// Reads a message, which stays until the next one is read.
  const Message& read(std::string octets) {
    text = std::move(octets);
    REQUIRE(message.parse(as_bytes(text)));
    return message;
  }
  static std::string request(std::string_view method, std::string_view uri, std::string_view lines = {},
                             std::string_view body = {}) {
    return std::string(method) + " " + std::string(uri) +
           " SIP/2.0\r\nVia: SIP/2.0/UDP 192.168.1.50;branch=z9hG4bKp\r\n"
           "From: <sip:1001@192.168.1.2>;tag=a\r\nTo: <sip:2001@192.168.1.2>\r\nCall-ID: c\r\nCSeq: 1 " +
           std::string(method) + "\r\n" + std::string(lines) + "Content-Length: " + std::to_string(body.size()) +
           "\r\n\r\n" + std::string(body);
  }
  static std::string response(unsigned status, std::string_view method, std::string_view lines = {},
                              std::string_view body = {}) {
    return "SIP/2.0 " + std::to_string(status) +
           " Text\r\nVia: SIP/2.0/UDP 203.0.113.10;branch=z9hG4bKo\r\n"
           "From: <sip:1001@pbx.example.net>;tag=a\r\nTo: <sip:2001@pbx.example.net>;tag=b\r\nCall-ID: c\r\nCSeq: 1 " +
           std::string(method) + "\r\n" + std::string(lines) + "Content-Length: " + std::to_string(body.size()) +
           "\r\n\r\n" + std::string(body);
  }
  std::size_t events(Event::Kind kind) const {
    return static_cast<std::size_t>(std::ranges::count(out.events, kind, &Event::kind));
  }

  TimePoint now{std::chrono::hours(1)};
  Output out;
  std::string text;
  Message message;

 private:
  static ProxyOptions of_one_server(ProxyOptions with) {
    if (with.servers.empty()) with.servers = {{Transport::udp, {"pbx.example.net", 0}, {}, false}};
    with.max_bindings = 100;
    return with;
  }
};

}  // namespace dw::sip::test
