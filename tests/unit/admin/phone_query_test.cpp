#include "sbc/admin/phone_query.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace dw;
using namespace dw::admin;

namespace {

/// A phone and what it was found to have.
struct Judged : phones::Phone {
  doctor::PhoneVerdict verdict;
};

Judged phone_named(const std::string& device, const std::string& address) {
  Judged p;
  p.device = DeviceName::station(device).value();
  p.address = IpAddress::parse(address).value();
  p.protocol = phones::Protocol::sccp;
  p.model = "7945/7965";
  p.firmware = "SCCP45.9-4-2SR4-3S";
  p.lines = {"1001"};
  p.proven = true;
  p.verdict.state = doctor::State::failed;
  p.verdict.severity = doctor::Severity::error;
  p.verdict.codes = {"trust_list_present", "ringtones_missing"};
  return p;
}

bool matches(const Judged& phone, const std::string& query) {
  CAPTURE(query);
  const auto filter = parse_phone_filter(query);
  REQUIRE(filter);
  return filter->fits(phone, phone.verdict);
}

}  // namespace

TEST_CASE("phone filter: each part narrows, and all that are given must hold") {
  const auto p = phone_named("SEP001122334455", "192.0.2.7");
  for (const char* query :
       {"", "q=3344%201001", "q=sccp", "q=00:11:22", "state=failed", "show=attention", "show=unregistered", "show=all",
        "finding=ringtones_missing", "finding=trust_list_present", "cause=trust_list_present", "model=7965",
        "model=7945%2f7965", "firmware=9-4-2", "protocol=sccp", "network=192.0.2.0/24", "network=192.0.2.7",
        "q=&state=failed&model=7945&network=192.0.0.0/8"})
    CHECK(matches(p, query));
  for (const char* query :
       {"q=nobody", "q=3344%20nobody", "state=ok", "state=not_known", "show=registered", "finding=recovery_loop",
        "cause=ringtones_missing", "model=796", "model=unknown", "firmware=unknown", "firmware=9-4-3", "protocol=sip",
        "protocol=unknown", "network=192.0.3.0/24", "network=2001:db8::/32", "state=failed&model=7960"})
    CHECK_FALSE(matches(p, query));
  Judged bare;
  bare.address = IpAddress::parse("192.0.2.8").value();
  CHECK(matches(bare, "model=unknown&firmware=unknown&protocol=unknown&state=not_known"));
}

TEST_CASE("phone filter: a phone whose fault is the box's is counted under the box's") {
  auto p = phone_named("SEP001122334455", "192.0.2.7");
  p.verdict.codes = {"no_call_server"};
  p.verdict.cause = "call_server_down";
  CHECK(group_of(p.verdict) == "call_server_down");
  CHECK(matches(p, "cause=call_server_down"));
  CHECK(matches(p, "finding=call_server_down"));
  CHECK(matches(p, "finding=no_call_server"));
  CHECK_FALSE(matches(p, "cause=no_call_server"));
}

TEST_CASE("phone filter: written as a query it reads back the same") {
  const std::string query =
      "q=a%20b%26c%3d%2f&show=registered&state=trouble&finding=recovery_loop&cause=trust_list_present&model=7965&firmware=9-4&"
      "protocol=unknown&network=2001:db8::/32";
  const auto filter = parse_phone_filter(query);
  REQUIRE(filter);
  const std::string written = filter->to_query();
  const auto again = parse_phone_filter(written);
  REQUIRE(again);
  CHECK(again->to_query() == written);
  CHECK(again->text == "a b&c=/");
  CHECK(PhoneFilter{}.to_query().empty());
  CHECK(PhoneFilter{}.is_empty());
}

TEST_CASE("phone query: what is no question is refused in words that say why") {
  const std::vector<std::pair<std::string, std::string>> bad = {
      {"modle=7965", "nothing named \"modle\""},
      {"show=everything", "show is attention, registered or unregistered"},
      {"state=bad", "state is ok, not_known, trouble or failed"},
      {"protocol=h323", "protocol is sccp, sip or unknown"},
      {"finding=bad_luck", "code of a finding"},
      {"cause=", "code of a finding"},
      {"network=192.0.2.0/33", "network is an address or a network"},
      {"network=192.0.2.7/24", "network is an address or a network"},
      {"q=%zz", "broken percent escape"},
      {"q", "\"q\" has no value"},
      {"q=a&q=b", "q stands twice"},
      {"sort=size", "sort is seen, name"},
      {"limit=many", "limit is a number"},
      {"limit=-1", "limit is a number"},
      {"offset=65537", "offset is a number up to 65536"},
      {"format=xml", "format is json or csv"},
      {"cursor=zz", "cursor is what"},
      {"cursor=00", "cursor is what"},
      {"q=" + std::string(101, 'x'), "more than 100 bytes"},
      {"%3Cscript%3E=1", "nothing named"},
  };
  for (const auto& [query, words] : bad) {
    CAPTURE(query);
    const auto got = parse_phone_query(query);
    REQUIRE_FALSE(got);
    CHECK(got.error().text.find(words) != std::string::npos);
    CAPTURE(got.error().text);
  }
  CHECK(parse_phone_query("limit=all")->limit == PhoneQuery::kAll);
  CHECK(parse_phone_query("")->limit == PhoneQuery::kLimit);
  CHECK(parse_phone_query("format=csv")->limit == PhoneQuery::kAll);
  CHECK(parse_phone_query("&&limit=7&")->limit == 7);
}

TEST_CASE("phone query: a cursor leads on in the list that it is of, and in no other") {
  auto query = parse_phone_query("state=failed&sort=-address");
  REQUIRE(query);
  const PhonePlace place = query->place_of(phone_named("SEP001122334455", "192.0.2.7"), {});
  const std::string cursor = query->cursor_after(place);
  const auto next = parse_phone_query("sort=-address&state=failed&limit=3&cursor=" + cursor);
  REQUIRE(next);
  CHECK(next->after == place);
  for (const char* other : {"state=failed&sort=address", "state=failed", "sort=-address", "state=ok&sort=-address"}) {
    const auto refused = parse_phone_query(std::string(other) + "&cursor=" + cursor);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().text.find("another list") != std::string::npos);
  }
  CHECK_FALSE(parse_phone_query("state=failed&sort=-address&offset=1&cursor=" + cursor));
  for (std::size_t end = 1; end < cursor.size();
       ++end)  // a part of it may be a place, but never leads elsewhere than into this list
    if (const auto part = parse_phone_query("state=failed&sort=-address&cursor=" + cursor.substr(0, end)))
      CHECK(part->after->sort == place.sort);
}

TEST_CASE("phone query: orders are of values, not of letters, and what is not known comes last") {
  const auto sorted = [](const std::string& sort, const Judged& a, const Judged& b) {
    const auto query = parse_phone_query("sort=" + sort);
    REQUIRE(query);
    return query->before(query->place_of(a, a.verdict), query->place_of(b, b.verdict));
  };
  auto a = phone_named("SEP001122334455", "9.0.0.1"), b = phone_named("SEP001122334466", "10.0.0.1");
  CHECK(sorted("address", a, b));
  CHECK(sorted("-address", b, a));
  CHECK(sorted("name", a, b));
  a.lines = {"99"};
  b.lines = {"1001"};
  CHECK(sorted("line", a, b));
  a.model.clear();
  CHECK(sorted("model", b, a));
  a.last_seen = WallTime(std::chrono::milliseconds(5));
  b.last_seen = WallTime(std::chrono::milliseconds(4));
  CHECK(sorted("seen", a, b));
  CHECK(sorted("-seen", b, a));
  a.proven = false;  // a stranger
  CHECK(sorted("seen", b, a));
  a.verdict.state = doctor::State::ok;
  CHECK(sorted("state", b, a));
}
