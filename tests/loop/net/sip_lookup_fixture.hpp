#pragma once
#include <doctest/doctest.h>
#include <stdlib.h>
#include <unistd.h>
#include <algorithm>
#include <fstream>
#include <optional>
#include <string>
#include <vector>
#include "sbc/net/sip_lookup.hpp"
#include "sbc/net/timer.hpp"
#include "tests/loop/net/scripted_dns.hpp"

/// A resolver that asks a scripted DNS server.
namespace dw::sip_lookup_test {

using namespace std::chrono_literals;
using net::SipTransport;

using FoundTargets = std::optional<Result<net::SipTargets>>;
inline constexpr Duration kLookupPatience = 20s;  // of a test; nothing takes so long
inline constexpr Duration kLong = 1h;             // of a lookup that the test itself must end

struct Net {
  explicit Net(Duration timeout = kLong, Duration give_up = kLong) {
    net::SipResolver::Options options;
    options.dns.servers = {dns.at()};
    options.dns.timeout = timeout;
    options.dns.tries = 1;
    options.give_up = give_up;
    options.random = [](std::uint32_t) { return 0U; };
    resolver.emplace(loop, options);
  }

  FoundTargets look_up(const char* name, SipTransport transport = SipTransport::udp) {
    FoundTargets found;
    const net::SipLookup lookup(*resolver, *HostPort::parse(name), transport,
                                [&](auto answer) { found = std::move(answer); });
    CHECK_FALSE(found.has_value());  // never before the constructor has returned
    CHECK(loop.run_until([&] { return found.has_value(); }, kLookupPatience));
    return found;
  }
  int asked(const std::string& name, std::uint16_t type) const {
    const auto found = dns.udp_asked.find({name, type});
    return found == dns.udp_asked.end() ? 0 : found->second;
  }

  net::Loop loop;
  test::ScriptedDns dns{loop};
  std::optional<net::SipResolver> resolver;
};

/// "192.0.2.1:5060 192.0.2.2:5061", or the error's code.
inline std::string words(const FoundTargets& found) {
  if (!found) return "nothing";
  if (!*found) return "error: " + std::string(to_string(found->error().code));
  std::string out;
  for (const Endpoint& e : (*found)->endpoints)
    out += (out.empty() ? "" : " ") + e.to_string();
  return out;
}

inline std::string error_of(Errc code) {
  return "error: " + std::string(to_string(code));
}

struct TemporaryFile {
  TemporaryFile() {
    const int file = mkstemp(path.data());
    REQUIRE(file >= 0);
    close(file);
  }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  ~TemporaryFile() { unlink(path.c_str()); }

  std::string path = "/tmp/dropwire-lookup-XXXXXX";
};

}  // namespace dw::sip_lookup_test
