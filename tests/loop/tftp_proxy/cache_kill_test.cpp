// kill -9 at random points: what a cache holds afterwards is whole, old or new.
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <random>

#include "tests/loop/tftp_proxy/cache_fixture.hpp"

using namespace dw;
using namespace dw::test;

namespace {

constexpr int kNames = 6;
constexpr int kKills = 15;
constexpr const char* kFolder = "DW_TEST_CACHE_FOLDER";
constexpr const char* kSeed = "DW_TEST_CACHE_SEED";

/// A content that says what it is: name, version, and octets that follow from both.
std::string content_of(const std::string& name, unsigned version) {
  std::mt19937 random(version * 31U + static_cast<unsigned>(name.back()));
  std::string out = name + " " + std::to_string(version) + "\n";
  for (std::size_t left = random() % 60'000; left > 0; --left)
    out += static_cast<char>(random());
  return out;
}

bool is_whole(const std::string& name, const std::string& content) {
  if (!content.starts_with(name + " ")) return false;
  const auto version = static_cast<unsigned>(std::stoul(content.substr(name.size() + 1, 10)));
  return content == content_of(name, version);
}

/// The writer as a process of its own. Gives its number when it has stored something.
pid_t start_writer(const std::string& folder, unsigned seed) {
  std::array<int, 2> pipe{};
  REQUIRE(::pipe2(pipe.data(), O_CLOEXEC) == 0);
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_adddup2(&files, pipe[1], STDOUT_FILENO);
  posix_spawn_file_actions_addopen(&files, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  ::setenv(kFolder, folder.c_str(), 1);
  ::setenv(kSeed, std::to_string(seed).c_str(), 1);
  std::string self = "/proc/self/exe", only = "--test-case=the writer that is killed", all = "--no-skip";
  std::array<char*, 4> arguments = {self.data(), only.data(), all.data(), nullptr};
  pid_t writer = 0;
  REQUIRE(::posix_spawn(&writer, self.c_str(), &files, nullptr, arguments.data(), environ) == 0);
  posix_spawn_file_actions_destroy(&files);
  ::close(pipe[1]);
  // doctest's own first lines come before; the writer's mark is a '!'.
  char c = 0;
  bool begun = false;
  pollfd ready{pipe[0], POLLIN, 0};
  while (!begun && ::poll(&ready, 1, 20'000) == 1 && ::read(pipe[0], &c, 1) == 1)
    begun = c == '!';
  ::close(pipe[0]);
  CHECK(begun);
  return writer;
}

}  // namespace

TEST_CASE("the writer that is killed" * doctest::skip()) {
  const char* const folder = std::getenv(kFolder);
  if (folder == nullptr) return;  // started by hand
  ::signal(SIGPIPE, SIG_IGN);
  std::mt19937 random(static_cast<unsigned>(std::stoul(std::getenv(kSeed))));
  CacheUnderTest t(folder, 200'000);  // small, so that it evicts too
  for (bool begun = false;;) {
    const std::string name = "name" + std::to_string(random() % kNames);
    if (random() % 8 == 0) {
      t.cache->remove(name);
      continue;
    }
    t.put(name, content_of(name, static_cast<unsigned>(random() % 1000)));
    const std::uint64_t before = t.cache->octets();
    (void)t.loop.run_until([&] { return t.cache->octets() != before || random() % 64 == 0; }, 1s);
    if (!begun && t.cache->files() > 0) begun = ::write(STDOUT_FILENO, "!", 1) == 1;
  }
}

TEST_CASE("kill -9 leaves no torn file") {
  const TempDir dir;
  std::mt19937 random(9);
  std::size_t seen = 0;
  for (int kill = 0; kill < kKills; ++kill) {
    const pid_t writer = start_writer(dir.path(), static_cast<unsigned>(random()));
    ::usleep(static_cast<useconds_t>(random() % 30'000));
    REQUIRE(::kill(writer, SIGKILL) == 0);
    int status = 0;
    REQUIRE(::waitpid(writer, &status, 0) == writer);
    REQUIRE(WIFSIGNALED(status));

    CacheUnderTest t(dir.path(), 200'000);
    REQUIRE(t.cache->storing());
    std::vector<std::string> names;
    t.cache->for_each([&](const provisioning::CacheEntry& entry) { names.push_back(entry.name); });
    for (const std::string& name : names) {
      const auto content = t.load(name);
      REQUIRE(content);  // the index names nothing that is not there, whole
      REQUIRE(is_whole(name, *content));
      ++seen;
    }
    std::size_t objects = 0;
    for ([[maybe_unused]] const auto& item : std::filesystem::directory_iterator(dir.path() / "objects"))
      ++objects;
    CHECK(objects <= names.size());
    CHECK(t.cache->octets() <= 200'000);
  }
  CHECK(seen > kKills);
}
