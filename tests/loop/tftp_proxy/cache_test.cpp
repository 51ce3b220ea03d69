#include <sys/resource.h>

#include <algorithm>
#include <csignal>
#include <fstream>

#include "sbc/base/text_cursor.hpp"
#include "sbc/net/digest.hpp"
#include "tests/loop/store/old_schema.hpp"
#include "tests/loop/tftp_proxy/cache_fixture.hpp"

using namespace dw;
using namespace dw::test;
namespace fs = std::filesystem;

namespace {

std::vector<fs::path> objects(const fs::path& dir) {
  std::vector<fs::path> out;
  for (const auto& item : fs::directory_iterator(dir / "objects"))
    out.push_back(item.path());
  return out;
}
fs::path object_of(const fs::path& dir, std::string_view text) {
  return dir / "objects" / net::to_hex(net::sha256(as_bytes(text)));
}
std::string metric(const Cache& cache, std::string_view line) {
  MetricsText out;
  cache.append_metrics(out);
  const std::string all = out.text();
  TextCursor text(all);
  while (!text.at_end()) {
    const std::string_view one = text.take_line();
    if (one.starts_with(line)) return std::string(one.substr(line.size() + 1));
  }
  return "absent";
}

}  // namespace

TEST_CASE("what is stored is found, also after it was closed and opened again") {
  const TempDir dir;
  CacheUnderTest t(dir.path());
  CHECK(!t.cache->find("a.cnf"));
  CHECK(!t.load("a.cnf"));
  t.put_and_wait("Desktops/a.cnf", "one", "\"v1\"");
  t.put_and_wait("b.cnf", "");
  t.open();
  const auto found = t.cache->find("Desktops/a.cnf");
  REQUIRE(found);
  CHECK(found->etag == "\"v1\"");
  CHECK(found->origin == "http://origin/");
  CHECK(found->size == 3);
  CHECK(wall_now() - found->fetched < 1h);
  CHECK(t.load("Desktops/a.cnf") == "one");
  CHECK(t.load("b.cnf") == "");
  CHECK(t.cache->find_ignoring_case("DESKTOPS/A.CNF")->name == "Desktops/a.cnf");
  CHECK(!t.cache->find("DESKTOPS/A.CNF"));
  CHECK(t.cache->files() == 2);
  CHECK(t.cache->octets() == 3);
  CHECK(t.cache->storing());
}

TEST_CASE("a later store replaces, and the object before it goes unless another name has it") {
  const TempDir dir;
  CacheUnderTest t(dir.path());
  t.put_and_wait("a", "same");
  t.put_and_wait("b", "same");
  CHECK(objects(dir.path()).size() == 1);
  t.put_and_wait("a", "other");
  CHECK(t.load("b") == "same");
  CHECK(objects(dir.path()).size() == 2);
  t.put("b", "third");
  t.put("b", "fourth");
  REQUIRE(t.loop.run_until([&] { return t.load("b") == "fourth"; }, 10s));
  t.open();
  CHECK(t.load("a") == "other");
  CHECK(t.load("b") == "fourth");
  CHECK(objects(dir.path()).size() == 2);
}

TEST_CASE("remove wins over a store that is still on its way") {
  const TempDir dir;
  CacheUnderTest t(dir.path());
  t.put_and_wait("kept", "x");
  t.put("a", "one");
  t.cache->remove("a");
  t.cache->remove("kept");
  t.put_and_wait("last", "z");  // jobs run in order
  CHECK(!t.cache->find("a"));
  CHECK(!t.cache->find("kept"));
  t.open();
  CHECK(t.cache->files() == 1);
  CHECK(objects(dir.path()).size() == 1);
}

TEST_CASE("refreshed outlives a restart") {
  const TempDir dir;
  CacheUnderTest t(dir.path());
  t.put_and_wait("a", "one");
  const WallTime later = wall_now() + 1h;
  t.cache->refreshed("a", later);
  CHECK(t.cache->find("a")->fetched == later);
  t.open();
  CHECK(t.cache->find("a")->fetched == later);
}

TEST_CASE("the bound holds, least recently used out first, also for a cache opened with a smaller one") {
  const TempDir dir;
  CacheUnderTest t(dir.path(), 1000);
  for (char name = 'a'; name <= 'd'; ++name)
    t.put_and_wait(std::string(1, name), std::string(250, name));
  (void)t.load("a");
  t.put_and_wait("e", std::string(400, 'e'));
  CHECK(t.cache->octets() <= 1000);
  CHECK(t.cache->find("a"));
  CHECK(!t.cache->find("b"));
  CHECK(!t.cache->find("c"));
  CHECK(metric(*t.cache, "dropwire_cache_evictions_total") == "2");
  t.put("too big", std::string(1001, 'x'));
  t.put_and_wait("a", std::string(250, 'a'));
  CHECK(!t.cache->find("too big"));
  CHECK(t.cache->find("d"));

  t.options.max_octets = 300;
  t.open();
  CHECK(t.cache->octets() <= 300);
  CHECK(t.cache->find("a"));
  t.open();
  CHECK(objects(dir.path()).size() == 1);
}

TEST_CASE("a damaged object is never served, and its entry goes") {
  const TempDir dir;
  CacheUnderTest t(dir.path());
  const std::string text(10'000, 't');
  t.put_and_wait("a", text);
  const fs::path object = object_of(dir.path(), text);
  SUBCASE("an octet flipped") {
    std::fstream file(object, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(5000);
    file.put('T');
  }
  SUBCASE("cut short") {
    fs::resize_file(object, 9'999);
  }
  SUBCASE("longer") {
    fs::resize_file(object, 10'001);
  }
  SUBCASE("gone") {
    fs::remove(object);
  }
  SUBCASE("a folder in its place") {
    fs::remove(object);
    fs::create_directory(object);
  }
  SUBCASE("a symbolic link to a file with the right octets, outside") {
    const TempDir outside;
    std::ofstream(outside.path() / "file") << text;
    fs::remove(object);
    fs::create_symlink(outside.path() / "file", object);
    CHECK(!t.load("a"));
    CHECK(fs::exists(outside.path() / "file"));
  }
  CHECK(!t.load("a"));
  CHECK(!t.cache->find("a"));
  CHECK(metric(*t.cache, "dropwire_cache_loads_total{result=\"damaged\"}") == "1");
  if (!fs::is_directory(object)) {
    t.put_and_wait("a", text);
    CHECK(t.load("a") == text);
  }
}

TEST_CASE("opening brings index and folder together") {
  const TempDir dir;
  CacheUnderTest t(dir.path());
  t.put_and_wait("gone", "gone");
  t.put_and_wait("short", "short");
  t.put_and_wait("good", "good");
  t.cache.reset();
  const TempDir outside;
  std::ofstream(outside.path() / "precious") << "precious";
  fs::remove(object_of(dir.path(), "gone"));
  fs::resize_file(object_of(dir.path(), "short"), 2);
  std::ofstream(object_of(dir.path(), "nobody names this")) << "nobody names this";
  std::ofstream(dir.path() / "objects" / "tmp-1-2") << "half";
  std::ofstream(dir.path() / "objects" / "notes.txt") << "a person's own file";
  fs::create_symlink(outside.path() / "precious", object_of(dir.path(), "precious"));
  t.open();
  CHECK(t.cache->files() == 1);
  CHECK(t.load("good") == "good");
  std::vector<std::string> left;
  for (const auto& path : objects(dir.path()))
    left.push_back(path.filename().string());
  CHECK(left.size() == 2);
  CHECK(std::ranges::count(left, "notes.txt") == 1);
  CHECK(fs::exists(outside.path() / "precious"));
}

TEST_CASE("the objects' folder itself may not be a symbolic link") {
  const TempDir dir;
  const TempDir outside;
  fs::create_directory_symlink(outside.path(), dir.path() / "objects");
  CacheUnderTest t(dir.path());
  CHECK(!t.cache->storing());
  t.put("a", "one");
  CHECK(!t.load("a"));
  CHECK(fs::is_empty(outside.path()));
}

TEST_CASE("a second cache on the same folder stores nothing and harms nothing") {
  const TempDir dir;
  CacheUnderTest first(dir.path());
  first.put_and_wait("a", "one");
  {
    CacheUnderTest second(dir.path());
    CHECK(!second.cache->storing());
    CHECK(!second.cache->find("a"));
  }
  CHECK(first.load("a") == "one");
}

TEST_CASE("a folder that can't be used turns the cache off, and it is tried again") {
  const TempDir dir;
  const fs::path place = dir.path() / "cache";
  std::ofstream(place) << "a file is in the way";
  CacheUnderTest t(place);
  CHECK(!t.cache->storing());
  t.put("a", "one");
  CHECK(!t.load("a"));
  fs::remove(place);
  REQUIRE(t.loop.run_until(
      [&] {
        if (!t.cache->storing()) t.put("a", "one");  // each try to store is a reason to look again
        return t.cache->storing();
      },
      10s));
  t.put_and_wait("a", "one");
  CHECK(t.load("a") == "one");
}

TEST_CASE("a disk that refuses turns storing off for a while, reading goes on") {
  const TempDir dir;
  CacheUnderTest t(dir.path());
  t.put_and_wait("small", "small");
  t.options.retry_after = 1h;
  t.open();
  std::signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  REQUIRE(::getrlimit(RLIMIT_FSIZE, &before) == 0);
  rlimit tight = before;
  tight.rlim_cur = 4096;  // a write beyond fails, as on a full disk
  REQUIRE(::setrlimit(RLIMIT_FSIZE, &tight) == 0);
  t.put("big", std::string(100'000, 'b'));
  const bool went_off = t.loop.run_until([&] { return !t.cache->storing(); }, 10s);
  REQUIRE(::setrlimit(RLIMIT_FSIZE, &before) == 0);
  CHECK(went_off);
  CHECK(!t.cache->find("big"));
  CHECK(t.load("small") == "small");
  CHECK(metric(*t.cache, "dropwire_cache_storing") == "0");
  for (const auto& path : objects(dir.path()))
    CHECK(!path.filename().string().starts_with("tmp-"));

  t.options.retry_after = 1ms;
  t.open();
  t.put_and_wait("big", std::string(100'000, 'b'));
  CHECK(t.cache->storing());
}

TEST_CASE("an index that is damaged is replaced by a new one, and no object is left behind") {
  const TempDir dir;
  CacheUnderTest t(dir.path());
  t.put_and_wait("a", "one");
  t.cache.reset();
  std::ofstream(dir.path() / "index.db") << std::string(5000, 'x');
  t.open();
  CHECK(t.cache->files() == 0);
  CHECK(objects(dir.path()).empty());
  t.put_and_wait("a", "two");
  t.open();
  CHECK(t.load("a") == "two");
}

TEST_CASE("what each older version kept is read, and has today's schema afterwards") {
  const TempDir today_dir;
  { CacheUnderTest today(today_dir.path()); }
  const std::size_t newest = version_of(today_dir.path() / "index.db");
  REQUIRE(std::filesystem::exists(fixture_path("cache", newest)));
  for (std::size_t version = 1; version <= newest; ++version) {
    CAPTURE(version);
    const TempDir dir;
    std::filesystem::create_directories(dir.path() / "objects");
    make_database(dir.path() / "index.db", "cache", version);
    constexpr std::string_view kOctets = "octe";
    std::ofstream(dir.path() / "objects" / net::to_hex(net::sha256(as_bytes(kOctets)))) << kOctets;
    {
      CacheUnderTest t(dir.path());
      REQUIRE(t.cache->storing());
      REQUIRE(t.cache->find("apps45.9-4-2.sbn"));
      CHECK(t.cache->find("apps45.9-4-2.sbn")->etag == "\"e-1\"");
      CHECK(t.load("apps45.9-4-2.sbn") == kOctets);
    }
    check_upgraded(dir.path() / "index.db", today_dir.path() / "index.db");
  }
}

TEST_CASE("only complete contents and sensible names are taken") {
  const TempDir dir;
  CacheUnderTest t(dir.path());
  t.cache->store("waiting", std::make_shared<Content>());
  t.cache->store("failed", Content::failure({Errc::unavailable, "no"}));
  t.cache->store("none", nullptr);
  t.put("", "no name");
  t.put(std::string(256, 'n'), "long");
  t.put_and_wait(std::string(255, 'n'), "fits");
  CHECK(t.cache->files() == 1);
}
