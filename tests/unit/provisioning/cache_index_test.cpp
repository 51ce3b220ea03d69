#include "tftp-proxy/core/cache_index.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <random>
#include <string>

using namespace dw;
using dw::provisioning::CacheIndex;

namespace {

WallTime at(int seconds) {
  return WallTime(std::chrono::seconds(seconds));
}

CacheIndex::Entry entry(std::string name, std::uint64_t size, int used = 0) {
  CacheIndex::Entry e;
  e.name = std::move(name);
  e.size = size;
  e.last_used = at(used);
  return e;
}

std::string names(const std::vector<CacheIndex::Entry>& entries) {
  std::string out;
  for (const auto& e : entries)
    out += (out.empty() ? "" : " ") + e.name;
  return out;
}

}  // namespace

TEST_CASE("finds exactly first, then without regard to case") {
  CacheIndex index(1000);
  index.put(entry("Ringlist.xml", 10, 1));
  CHECK(index.find("ringlist.xml") == nullptr);
  REQUIRE(index.find_ignoring_case("RINGLIST.XML") != nullptr);
  CHECK(index.find_ignoring_case("RINGLIST.XML")->name == "Ringlist.xml");
  index.put(entry("RINGLIST.XML", 20, 2));
  CHECK(index.find_ignoring_case("RINGLIST.XML")->size == 20);
  CHECK(index.find_ignoring_case("Ringlist.xml")->size == 10);
  CHECK(index.find_ignoring_case("ringlist.xml")->size == 20);  // the one used last
  index.used("Ringlist.xml", at(3));
  CHECK(index.find_ignoring_case("ringlist.xml")->size == 10);
  index.remove("Ringlist.xml");
  CHECK(index.find_ignoring_case("Ringlist.xml")->size == 20);
  CHECK(index.find_ignoring_case("Ringlist.xm") == nullptr);
}

TEST_CASE("the least recently used go first, and only as many as must") {
  CacheIndex index(100);
  for (const char* name : {"a", "b", "c", "d"})
    index.put(entry(name, 25));
  index.used("a", at(9));
  CHECK(names(index.make_room(25, "new")) == "b");
  CHECK(index.octets() == 75);
  index.put(entry("new", 25));
  CHECK(names(index.make_room(30, "newer")) == "c d");
  CHECK(index.find("a") != nullptr);
  CHECK(index.find("new") != nullptr);
}

TEST_CASE("what is replaced counts as room and is not evicted") {
  CacheIndex index(100);
  index.put(entry("old", 60));
  index.put(entry("other", 40));
  CHECK(index.make_room(60, "old").empty());
  CHECK(names(index.make_room(70, "old")) == "other");
  CHECK(names(index.put(entry("old", 70))) == "old");
  CHECK(index.octets() == 70);
  CHECK(index.files() == 1);
}

TEST_CASE("a file that can never fit pushes nothing out") {
  CacheIndex index(100);
  index.put(entry("a", 100));
  CHECK(index.make_room(101, "b").empty());
  CHECK(index.files() == 1);
}

TEST_CASE("the number of files is bounded too") {
  CacheIndex index(1000, 2);
  index.put(entry("a", 0));
  index.put(entry("b", 0));
  CHECK(names(index.make_room(0, "c")) == "a");
  CHECK(index.make_room(0, "b").empty());
}

TEST_CASE("times are kept, order is by use") {
  CacheIndex index(100);
  index.put(entry("a", 1));
  index.put(entry("b", 1));
  index.refreshed("a", at(5));
  index.refreshed("absent", at(5));
  index.used("absent", at(5));
  CHECK(index.find("a")->fetched == at(5));
  std::vector<CacheIndex::Entry> order;
  index.for_each([&](const auto& e) { order.push_back(e); });
  CHECK(names(order) == "b a");
  CHECK(index.remove("absent").empty());
  CHECK(names(index.remove("b")) == "b");
  CHECK(index.octets() == 1);
}

TEST_CASE("agrees with a plain map over many random turns, and keeps its bounds") {
  std::mt19937 random(7900);
  CacheIndex index(500, 20);
  std::map<std::string, std::uint64_t> model;
  for (int turn = 0; turn < 20'000; ++turn) {
    std::string name = "File" + std::to_string(random() % 40);
    if (random() % 2 == 0) name[0] = 'f';
    const std::uint64_t size = random() % 80;
    switch (random() % 4) {
      case 0:
      case 1:
        for (const auto& gone : index.make_room(size, name))
          REQUIRE(model.erase(gone.name) == 1);
        index.put(entry(name, size, turn));
        model[name] = size;
        break;
      case 2:
        REQUIRE(index.remove(name).size() == model.erase(name));
        break;
      default:
        index.used(name, at(turn));
    }
    std::uint64_t octets = 0;
    for (const auto& [_, n] : model)
      octets += n;
    REQUIRE(index.octets() == octets);
    REQUIRE(octets <= 500);
    REQUIRE(index.files() == model.size());
    REQUIRE(index.files() <= 20);
    const auto* found = index.find(name);
    REQUIRE((found != nullptr) == model.contains(name));
    if (found != nullptr) REQUIRE(index.find_ignoring_case(name) == found);
  }
}
