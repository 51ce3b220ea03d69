#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "sbc/net/srv_answer.hpp"
#include "tests/loop/net/scripted_dns.hpp"

using namespace dw;
using namespace std::chrono_literals;
using net::SrvRecord;

namespace {

const std::string kName = "_sip._udp.example.net";

Result<net::SrvAnswer> parsed(const test::DnsReply& reply) {
  return net::parse_srv_answer(test::dns_message(7, kName, test::kSrv, reply));
}

/// Draws the given numbers one after the other, and keeps what was allowed.
struct Drawn {
  std::vector<std::uint32_t> numbers;
  std::vector<std::uint32_t> most = {};
  net::Random random() {
    return [this](std::uint32_t up_to) {
      most.push_back(up_to);
      return numbers.at(most.size() - 1);
    };
  }
};

std::string ordered(std::vector<SrvRecord> records, const net::Random& random) {
  net::put_in_order(records, random);
  std::string out;
  for (const SrvRecord& r : records)
    out += r.target;
  return out;
}

}  // namespace

TEST_CASE("an SRV answer as a DNS server sends it, with compressed names") {
  // clang-format off
  const Buffer wire = {
      0x12, 0x34, 0x81, 0x80, 0, 1, 0, 2, 0, 0, 0, 0,                      // answer, 1 question, 2 records
      4, '_', 's', 'i', 'p', 4, '_', 'u', 'd', 'p',                        // 12: _sip._udp
      7, 'e', 'x', 'a', 'm', 'p', 'l', 'e', 3, 'n', 'e', 't', 0,           // 22: example.net
      0, 33, 0, 1,                                                         // SRV, IN
      0xc0, 12, 0, 33, 0, 1, 0, 0, 0x0e, 0x10, 0, 12,                      // the name again; ttl 3600
      0, 10, 0, 60, 0x13, 0xc4, 3, 'p', 'b', 'x', 0xc0, 22,                // 10 60 5060 pbx.example.net
      0xc0, 12, 0, 33, 0, 1, 0, 0, 0, 60, 0, 14,                           // ttl 60
      0, 20, 0, 0, 0x13, 0xce, 5, 's', 'p', 'a', 'r', 'e', 0xc0, 22};      // 20 0 5070 spare.example.net
  // clang-format on
  const auto answer = net::parse_srv_answer(wire);
  REQUIRE(answer.has_value());
  CHECK(answer->records ==
        std::vector<SrvRecord>{{10, 60, 5060, "pbx.example.net"}, {20, 0, 5070, "spare.example.net"}});
  CHECK(answer->ttl == 60s);
  for (std::size_t size = 0; size < wire.size(); ++size) {
    CAPTURE(size);
    CHECK_FALSE(net::parse_srv_answer({wire.data(), size}).has_value());
  }
}

TEST_CASE("what an SRV answer may bring besides") {
  const auto through_alias = parsed({{test::cname(kName, "_sip._udp.example.org", 20),
                                      test::srv("_sip._udp.example.org", 1, 2, 3, "h.example.org")}});
  REQUIRE(through_alias.has_value());
  CHECK(through_alias->records == std::vector<SrvRecord>{{1, 2, 3, "h.example.org"}});
  CHECK(through_alias->ttl == 20s);  // the alias' own

  const auto refused = parsed({{test::srv(kName, 0, 0, 0, "")}});
  REQUIRE(refused.has_value());
  CHECK(refused->records == std::vector<SrvRecord>{{0, 0, 0, ""}});

  const auto endless = parsed({{test::srv(kName, 1, 2, 3, "h", 0x80000000)}});
  REQUIRE(endless.has_value());
  CHECK(endless->ttl == 0s);  // RFC 2181 §8

  const auto none = parsed({});
  REQUIRE_FALSE(none.has_value());
  CHECK(none.error().code == Errc::not_found);
  const auto alias_alone = parsed({{test::cname(kName, "nowhere.example.net")}});
  REQUIRE_FALSE(alias_alone.has_value());
  CHECK(alias_alone.error().code == Errc::not_found);
}

TEST_CASE("bounds of an SRV answer") {
  test::DnsReply reply;
  for (std::size_t i = 0; i < net::kMaxSrvRecords + 1; ++i)
    reply.answers.push_back(test::srv(kName, static_cast<std::uint16_t>(i), 0, 5060, "h"));
  const auto answer = parsed(reply);
  REQUIRE(answer.has_value());
  CHECK(answer->records.size() == net::kMaxSrvRecords);
  const auto too_long = net::parse_srv_answer(Buffer(65536, 0));
  REQUIRE_FALSE(too_long.has_value());
  CHECK(too_long.error().code == Errc::too_long);

  // A record whose length reaches beyond the message, and a name that points to itself.
  Buffer wire = test::dns_message(1, kName, test::kSrv, {{test::srv(kName, 1, 2, 3, "h")}});
  wire[wire.size() - 10] = 0xff;
  CHECK(net::parse_srv_answer(wire).error().code == Errc::malformed);
  Buffer loop = test::dns_message(1, kName, test::kSrv, {{test::srv(kName, 1, 2, 3, "h")}});
  const auto target = static_cast<std::uint8_t>(loop.size() - 3);
  loop[target] = 0xc0;
  loop[target + 1U] = target;
  CHECK(net::parse_srv_answer(loop).error().code == Errc::malformed);
}

TEST_CASE("records are tried by priority, and within one as weights are drawn") {
  const std::vector<SrvRecord> records = {
      {20, 0, 1, "d"}, {10, 10, 1, "a"}, {10, 30, 1, "b"}, {10, 60, 1, "c"}, {20, 5, 1, "e"}};
  Drawn first{{0, 0, 0}};
  CHECK(ordered(records, first.random()) == "abcde");
  CHECK(first.most == std::vector<std::uint32_t>{100, 90, 5});  // of what is left; the last one is not drawn
  Drawn last{{100, 40, 5}};
  CHECK(ordered(records, last.random()) == "cbaed");
  Drawn edge{{10, 31, 1}};  // 10 is still a's; then b has up to 30, and 31 is c's
  CHECK(ordered(records, edge.random()) == "acbed");
  Drawn bad{{4000, 4000, 4000}};  // a source that goes beyond what was allowed
  CHECK(ordered(records, bad.random()) == "cbaed");
}

TEST_CASE("without weights the order is the server's; those without weight are seldom first") {
  const std::vector<SrvRecord> plain = {{1, 0, 1, "a"}, {1, 0, 1, "b"}, {0, 0, 1, "c"}};
  Drawn none{{}};
  CHECK(ordered(plain, none.random()) == "cab");
  CHECK(ordered({}, none.random()).empty());
  // RFC 2782: 0 of 0..100 draws the one without weight.
  const std::vector<SrvRecord> mixed = {{1, 100, 1, "a"}, {1, 0, 1, "b"}};
  Drawn zero{{0}};
  CHECK(ordered(mixed, zero.random()) == "ba");
  Drawn one{{1}};
  CHECK(ordered(mixed, one.random()) == "ab");
}

TEST_CASE("each is first as often as its weight says") {
  std::map<std::string, int> first;
  // Every number that may be drawn, once.
  for (std::uint32_t number = 0; number <= 100; ++number) {
    std::vector<SrvRecord> records = {{1, 10, 1, "a"}, {1, 30, 1, "b"}, {1, 60, 1, "c"}};
    net::put_in_order(records, [number](std::uint32_t most) { return std::min(number, most); });
    ++first[records[0].target];
  }
  CHECK(first["a"] == 11);
  CHECK(first["b"] == 30);
  CHECK(first["c"] == 60);
}
