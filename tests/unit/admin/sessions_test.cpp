#include <doctest/doctest.h>

#include <vector>

#include "sbc/admin/json.hpp"
#include "sbc/admin/login_limit.hpp"
#include "sbc/admin/sessions.hpp"

using namespace dw;
using namespace dw::admin;
using namespace std::chrono_literals;

namespace {

const TimePoint kStart{std::chrono::hours(1000)};
const IpAddress kOne = IpAddress::v4(0xcb007101), kTwo = IpAddress::v4(0xcb007102);

IpAddress v6(std::string_view text) {
  return IpAddress::parse(text).value();
}

}  // namespace

TEST_CASE("sessions: alive while they are used, and no longer than they may") {
  Sessions sessions;
  const auto a = sessions.begin(kStart);
  CHECK(a.id.size() == 64);
  CHECK(a.id != a.csrf);
  CHECK(sessions.find(kStart + Sessions::kIdle - 1s, a.id)->csrf == a.csrf);
  CHECK(sessions.find(kStart + 2 * Sessions::kIdle - 2s, a.id));
  CHECK_FALSE(sessions.find(kStart + 3 * Sessions::kIdle - 2s, a.id));
  CHECK(sessions.size() == 0);

  const auto b = sessions.begin(kStart);
  TimePoint now = kStart;
  for (; now < kStart + Sessions::kLongest; now += 20min)
    CHECK(sessions.find(now, b.id));
  CHECK_FALSE(sessions.find(now, b.id));
}

TEST_CASE("sessions: looking whether one is alive keeps none alive") {
  Sessions sessions;
  const auto a = sessions.begin(kStart);
  CHECK(sessions.is_alive(kStart + Sessions::kIdle - 1s, a.id));
  CHECK_FALSE(sessions.is_alive(kStart + Sessions::kIdle, a.id));
  CHECK_FALSE(sessions.is_alive(kStart, a.csrf));
  CHECK_FALSE(sessions.is_alive(kStart, a.id.substr(1)));
  sessions.end(a.id);
  CHECK_FALSE(sessions.is_alive(kStart, a.id));
}

TEST_CASE("sessions: others' ids, cut ones, and the end") {
  Sessions sessions;
  const auto a = sessions.begin(kStart), b = sessions.begin(kStart);
  CHECK_FALSE(sessions.find(kStart, ""));
  CHECK_FALSE(sessions.find(kStart, a.id.substr(1)));
  CHECK_FALSE(sessions.find(kStart, a.csrf));
  sessions.end(a.id);
  CHECK_FALSE(sessions.find(kStart, a.id));
  CHECK(sessions.find(kStart, b.id));
  const auto reader = sessions.begin(kStart, Account::reader);
  sessions.end_all(Account::full);
  CHECK(sessions.find(kStart, reader.id)->account == Account::reader);
  CHECK_FALSE(sessions.find(kStart, b.id));
}

TEST_CASE("sessions: a full table gives up the one not used for longest") {
  Sessions sessions;
  std::vector<Sessions::Begun> all;
  for (std::size_t i = 0; i < Sessions::kMax; ++i)
    all.push_back(sessions.begin(kStart + std::chrono::seconds(i)));
  CHECK(sessions.find(kStart + 100s, all[0].id));
  (void)sessions.begin(kStart + 101s);
  CHECK(sessions.size() == Sessions::kMax);
  CHECK(sessions.find(kStart + 102s, all[0].id));
  CHECK_FALSE(sessions.find(kStart + 102s, all[1].id));
}

TEST_CASE("cookies: the first of that name, whatever stands around it") {
  CHECK(cookie_value("a=1; s=xyz; b=2", "s") == "xyz");
  CHECK(cookie_value("s=1;s=2", "s") == "1");
  CHECK(cookie_value("  s=a=b ", "s") == "a=b");
  CHECK(cookie_value("as=1; sb=2; s", "s") == "");
  CHECK(cookie_value("", "s") == "");
  CHECK(cookie_value(";;;=;", "s") == "");
}

TEST_CASE("login limit: waits double, end, and are forgotten") {
  LoginLimit limit(1);
  TimePoint now = kStart;
  for (unsigned i = 1; i < LoginLimit::kFree; ++i) {
    limit.wrong(now, kOne);
    CHECK(limit.wait(now, kOne) == 0s);
  }
  for (const auto wait : {1s, 2s, 4s, 8s, 16s}) {
    limit.wrong(now, kOne);
    CHECK(limit.wait(now, kOne) == wait);
    CHECK(limit.wait(now + wait, kOne) == 0s);
    CHECK(limit.wait(now, kTwo) == 0s);
    now += wait;
  }
  for (int i = 0; i < 40; ++i)
    limit.wrong(now, kOne);
  CHECK(limit.wait(now, kOne) == LoginLimit::kLongest);
  now += LoginLimit::kForget;
  limit.wrong(now, kOne);
  CHECK(limit.wait(now, kOne) == 0s);
}

TEST_CASE("login limit: who knows the password starts afresh, and is not held up by others") {
  LoginLimit limit(1);
  for (int i = 0; i < 10; ++i)
    limit.wrong(kStart, kOne);
  limit.right(kStart, kOne);
  CHECK(limit.wait(kStart, kOne) == 0s);
  for (unsigned i = 0; i < LoginLimit::kFreeForAll + 10; ++i)
    limit.wrong(kStart, IpAddress::v4(0x0a000000 + i));
  CHECK(limit.wait(kStart, kTwo) == LoginLimit::kLongestForAll);
  CHECK(limit.wait(kStart, kOne) == 0s);
  CHECK(limit.wait(kStart + LoginLimit::kLongestForAll, kTwo) == 0s);
}

TEST_CASE("login limit: a home's IPv6 addresses are one source, and the table is bounded") {
  LoginLimit limit(1);
  for (unsigned i = 0; i < LoginLimit::kFree; ++i)
    limit.wrong(kStart, v6("2001:db8::" + std::to_string(i + 1)));
  CHECK(limit.wait(kStart, v6("2001:db8::ffff")) == 1s);
  CHECK(limit.wait(kStart, v6("2001:db8:0:1::1")) == 0s);
  for (unsigned i = 0; i < LoginLimit::kMaxSources + 100; ++i)
    limit.wrong(kStart, IpAddress::v4(0x0a000000 + i));
  CHECK(limit.sources() == LoginLimit::kMaxSources);
}

TEST_CASE("login limit: however many sources guess, who knew the password is not forgotten for them") {
  LoginLimit limit(1);
  limit.right(kStart, kOne);
  TimePoint now = kStart;
  for (unsigned i = 0; i < LoginLimit::kMaxSources + 100; ++i)
    limit.wrong(now += 1ms, IpAddress::v4(0x0a000000 + i));
  CHECK(limit.sources() == LoginLimit::kMaxSources);
  CHECK(limit.wait(now, kTwo) > 0s);
  CHECK(limit.wait(now, kOne) == 0s);
}

TEST_CASE("login body: only an object with a text for its password") {
  CHECK(login_in(R"({"password": "p\u00e4ss"})")->password == "p\xc3\xa4ss");
  CHECK(login_in(R"({"x": [1, {"password": "no"}], "password": "yes"})")->password == "yes");
  CHECK(login_in(R"({"password": "yes"})")->account == Account::full);
  CHECK(login_in(R"({"password": "yes", "account": "operator"})")->account == Account::full);
  CHECK(login_in(R"({"password": "yes", "account": "reader"})")->account == Account::reader);
  CHECK_FALSE(login_in(R"({"password": "yes", "account": "root"})"));
  CHECK_FALSE(login_in(R"({"password": "yes", "account": 1})"));
  const std::string body = R"({"password": "x"})";
  for (std::size_t i = 0; i < body.size(); ++i)
    CHECK_FALSE(login_in(body.substr(0, i)));
  CHECK_FALSE(login_in(std::string(1500, '[')));
  CHECK_FALSE(login_in(R"({"password": ")" + std::string(4000, 'x') + R"("})"));
}
