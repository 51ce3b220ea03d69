#include <doctest/doctest.h>

#include "sbc/daemon/options.hpp"
#include "sbc/daemon/port_mapping.hpp"

using namespace dw;
using namespace std::chrono_literals;
using nat::portmap::Granted;
using nat::portmap::Transport;

namespace {

const IpAddress kOurs = *IpAddress::parse("192.168.1.10"), kOutside = *IpAddress::parse("203.0.113.101");

conf::Loaded load(const std::string& text, std::vector<std::string> overrides = {}) {
  return conf::load({"d/dropwire.toml", std::move(overrides), {}},
                    {[text](const std::string& path) -> Result<std::string> {
                       if (path == "d/dropwire.toml") return text;
                       return fail(Errc::not_found, "there is no such file");
                     },
                     [](const std::string&) { return std::vector<std::string>(); }});
}

Granted granted(Transport transport, unsigned internal, unsigned external, bool follows = false,
                const IpAddress& at = kOutside) {
  return {
      {transport, static_cast<std::uint16_t>(internal), follows}, {at, static_cast<std::uint16_t>(external)}, 1h, {}};
}

}  // namespace

TEST_CASE("pings come twice in the time that a mapping lives, unless a person has set how often") {
  const auto by_default = load("");
  REQUIRE(by_default.ok());
  CHECK(ping_of(by_default, std::nullopt) == 30s);
  CHECK(ping_of(by_default, 25s) == 12s);
  CHECK(ping_of(by_default, 60s) == 30s);
  CHECK(ping_of(by_default, 320s) == 30s);  // a router that forgets later lifts it again
  CHECK(ping_of(by_default, 0s) == 1s);
  SUBCASE("in the file") {
    const auto set = load("[central.sip]\nping = \"40s\"\n");
    REQUIRE(set.ok());
    CHECK(ping_of(set, 10s) == 40s);
    CHECK(ping_of(set, std::nullopt) == 40s);
  }
  SUBCASE("on the command line, to what the default is") {
    CHECK(ping_of(load("", {"central.sip.ping=30s"}), 10s) == 30s);
  }
  SUBCASE("to none") {
    CHECK(ping_of(load("[central.sip]\nping = \"0s\"\n"), 10s) == 0s);
  }
}

TEST_CASE("only pairs that SDP can name by one port are used: the same address, an even port and the next") {
  const auto pairs = mapped_pairs(
      {granted(Transport::udp, 5060, 5060), granted(Transport::tcp, 5060, 5060), granted(Transport::udp, 20000, 40000),
       granted(Transport::udp, 20001, 40001, true), granted(Transport::udp, 20002, 40003),
       granted(Transport::udp, 20003, 40004, true), granted(Transport::udp, 20004, 40006),
       granted(Transport::udp, 20005, 40008, true), granted(Transport::udp, 20006, 40010),  // its RTCP was refused
       granted(Transport::udp, 20009, 40011, true), granted(Transport::udp, 20010, 40020),
       granted(Transport::udp, 20011, 40021, true, kOurs), granted(Transport::udp, 20012, 20012),
       granted(Transport::udp, 20013, 20013, true)},
      kOurs);
  REQUIRE(pairs.size() == 2);
  CHECK(pairs[0] == proxy::MediaDesk::MappedPair{{kOurs, 20000}, {kOutside, 40000}});
  CHECK(pairs[1] == proxy::MediaDesk::MappedPair{{kOurs, 20012}, {kOutside, 20012}});
  CHECK(mapped_pairs({}, kOurs).empty());
}

TEST_CASE("where no pair follows, RTCP's port is named apart from RTP's") {
  const auto pairs = mapped_pairs({granted(Transport::udp, 20000, 40001), granted(Transport::udp, 20001, 50000, true),
                                   granted(Transport::udp, 20002, 40020),
                                   granted(Transport::udp, 20003, 40021, true, kOurs)},  // at another address
                                  kOurs);
  REQUIRE(pairs.size() == 1);
  CHECK(pairs[0] == proxy::MediaDesk::MappedPair{{kOurs, 20000}, {kOutside, 40001}, Endpoint{kOutside, 50000}});
}

TEST_CASE("with a TFTP origin the router is asked for the ports that downloads go from, and those alone are theirs") {
  const auto by_tftp = load("central = \"pbx.example.net\"\n");
  std::vector<std::uint16_t> asked;
  for (const auto& wanted : port_mapper_options(by_tftp.config, 5060).wanted) {
    if (wanted.internal > 19000 && wanted.internal < 20000) asked.push_back(wanted.internal);
  }
  CHECK(asked == std::vector<std::uint16_t>{19999, 19998, 19997, 19996});
  const std::vector<Granted> some = {granted(Transport::udp, 5060, 5060), granted(Transport::udp, 19998, 19998),
                                     granted(Transport::udp, 20000, 20000)};
  CHECK(mapped_tftp(some, by_tftp.config) == std::vector<std::uint16_t>{19998});
  const auto by_http =
      load("", {"central=pbx.example.net", "central.provisioning.origins=[\"http://pbx.example.net:6970/\"]"});
  CHECK(mapped_tftp(some, by_http.config).empty());
  for (const auto& wanted : port_mapper_options(by_http.config, 5060).wanted)
    CHECK((wanted.internal == 5060 || wanted.internal >= 20000));
}

TEST_CASE("SIP gets its own port by each transport, and no media port") {
  const auto mapped = mapped_sip(
      {granted(Transport::udp, 5060, 5060), granted(Transport::tcp, 5060, 5064), granted(Transport::udp, 20000, 40000)},
      kOurs, 5060);
  REQUIRE(mapped.size() == 2);
  CHECK(mapped[0].transport == sip::Transport::udp);
  CHECK(mapped[0].external == Endpoint{kOutside, 5060});
  CHECK(mapped[1].transport == sip::Transport::tcp);
  CHECK(mapped[1].external == Endpoint{kOutside, 5064});
  CHECK(mapped[1].local == Endpoint{kOurs, 5060});
}
