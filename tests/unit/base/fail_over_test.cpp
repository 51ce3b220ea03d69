#include "sbc/base/fail_over.hpp"

#include <doctest/doctest.h>

namespace dw {
namespace {

using namespace std::chrono_literals;

struct Reported : FailOverServer {
  int known = 0;
};
using List = FailOverList<Reported>;
constexpr TimePoint kNow{1h};

bool configure(List& list, const std::vector<HostPort>& names, const List::Used& used, std::size_t max = 4) {
  const bool held = list.configure(
      names, max, [](const Reported& server, const HostPort& name) { return server.name == name; }, used);
  for (std::size_t place = 0; held && place < names.size(); ++place)
    list[list.order()[place]].name = names[place];
  return held;
}
bool nobody(std::size_t) {
  return false;
}

}  // namespace

TEST_CASE("fail-over: a server that stays keeps its number and what is known of it, whatever its place") {
  List list;
  REQUIRE(configure(list, {{"a", 1}, {"b", 1}}, nobody));
  list[1].known = 7;
  CHECK(list.failed(kNow, 1, "refused"));
  REQUIRE(configure(list, {{"c", 1}, {"b", 1}}, [](std::size_t server) { return server == 0; }));
  CHECK(list.order() == std::vector<std::size_t>{2, 1});
  CHECK(list[1].known == 7);
  CHECK_FALSE(list[1].up);
  CHECK_FALSE(list[0].configured);  // in use, and picked no more
  CHECK(list.pick([](std::size_t) { return 0; }) == 2);
}

TEST_CASE("fail-over: the number of a server that nobody uses goes to the next one, without what was known of it") {
  List list;
  REQUIRE(configure(list, {{"a", 1}, {"b", 1}}, nobody));
  list[0].known = 7;
  REQUIRE(configure(list, {{"b", 1}, {"c", 1}}, nobody));
  CHECK(list.order() == std::vector<std::size_t>{1, 0});
  CHECK(list[0].known == 0);
}

TEST_CASE("fail-over: a list that does not fit changes nothing") {
  List list;
  REQUIRE(configure(list, {{"a", 1}, {"b", 1}}, nobody));
  CHECK_FALSE(configure(list, {{"c", 1}, {"d", 1}, {"e", 1}}, [](std::size_t) { return true; }));
  CHECK(list.order() == std::vector<std::size_t>{0, 1});
  CHECK(list[0].configured);
  CHECK(list.all().size() == 2);
}

TEST_CASE("fail-over: up goes before down, then the rank decides, then the order; below 0 is never picked") {
  List list;
  REQUIRE(configure(list, {{"a", 1}, {"b", 1}, {"c", 1}}, nobody));
  const auto ranked = [&](int a, int b, int c) {
    return list.pick([&](std::size_t i) { return std::vector{a, b, c}[i]; });
  };
  CHECK(ranked(0, 0, 0) == 0);
  CHECK(ranked(0, 1, 1) == 1);
  CHECK(ranked(-1, 0, -1) == 1);
  CHECK_FALSE(ranked(-1, -1, -1));
  list.failed(kNow, 1, "refused");
  CHECK(ranked(0, 1, 0) == 0);
  CHECK(ranked(-1, 0, -1) == 1);
}

TEST_CASE("fail-over: one that is down is tried at its pace, and says how long it was away") {
  List list;
  REQUIRE(configure(list, {{"a", 1}}, nobody));
  CHECK_FALSE(list.worked(kNow, 0));
  CHECK(list.failed(kNow, 0, "refused"));
  CHECK_FALSE(list.failed(kNow + 1s, 0, "it does not answer"));
  CHECK(list[0].last_error == "it does not answer");
  int tries = 0;
  while (list[0].pace.take(kNow))
    ++tries;
  CHECK(tries == 20);
  CHECK(list.worked(kNow + 9s, 0) == Duration(9s));
  CHECK(list[0].last_error.empty());
}

}  // namespace dw
