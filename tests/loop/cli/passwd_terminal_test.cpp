#include <doctest/doctest.h>

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "sbc/net/descriptor.hpp"
#include "tests/loop/cli/program.hpp"

/// `dropwire passwd` as a person runs it: from a shell at a terminal.
using namespace dw;
using namespace std::chrono_literals;
namespace fs = std::filesystem;

namespace {

constexpr auto kPatience = 60s;

struct Terminal {
  fs::path folder;
  fs::path file;
  net::Descriptor master;
  std::string name;
  net::Descriptor kept;  ///< its other side, to check its settings
  std::string seen;      ///< all that it showed
  pid_t child = 0;

  Terminal() {
    std::string pattern = (fs::temp_directory_path() / "dropwire-passwd-XXXXXX").string();
    REQUIRE(mkdtemp(pattern.data()) != nullptr);
    folder = pattern;
    file = folder / "admin.password";
    master = net::Descriptor(posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC));
    REQUIRE(master);
    REQUIRE(grantpt(master.number()) == 0);
    REQUIRE(unlockpt(master.number()) == 0);
    std::array<char, 64> path{};
    REQUIRE(ptsname_r(master.number(), path.data(), path.size()) == 0);
    name = path.data();
    kept = net::Descriptor(::open(name.c_str(), O_RDWR | O_NOCTTY | O_CLOEXEC));
    REQUIRE(kept);
  }
  ~Terminal() {
    if (child != 0) kill(child, SIGKILL), waitpid(child, nullptr, 0);
    fs::remove_all(folder);
  }

  void start(const std::string& password_file) {
    std::ofstream(folder / "dropwire.toml")
        << "central = \"192.0.2.1\"\ncache.enable = false\nadmin.socket = \"" << (folder / "none.sock").string()
        << "\"\nadmin.password_file = \"" << password_file << "\"\nstate.dir = \"" << folder.string() << "\"\n";
    // The shell has the terminal, as a person's has, and stays when the program is over.
    std::vector<std::string> words = {"sh", "-c", "trap : INT; \"$0\" passwd -c \"$1\"; echo \"status $?.\"; read end",
                                      program(), (folder / "dropwire.toml").string()};
    std::vector<char*> argv;
    for (std::string& word : words)
      argv.push_back(word.data());
    argv.push_back(nullptr);
    posix_spawnattr_t how{};
    posix_spawnattr_init(&how);
    posix_spawnattr_setflags(&how, POSIX_SPAWN_SETSID);  // what it opens first becomes its controlling terminal
    posix_spawn_file_actions_t actions{};
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 0, name.c_str(), O_RDWR, 0);
    posix_spawn_file_actions_adddup2(&actions, 0, 1);
    posix_spawn_file_actions_adddup2(&actions, 0, 2);
    REQUIRE(posix_spawn(&child, "/bin/sh", &actions, &how, argv.data(), environ) == 0);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&how);
  }
  void start() { start(file.string()); }

  /// Waits until it has shown `text` after what was waited for before.
  void wait_for(std::string_view text) {
    const auto until = std::chrono::steady_clock::now() + kPatience;
    while (seen.find(text, waited_) == seen.npos && std::chrono::steady_clock::now() < until)
      take(100ms);
    CAPTURE(seen);
    REQUIRE(seen.find(text, waited_) != seen.npos);
    waited_ = seen.find(text, waited_) + text.size();
  }
  void type(std::string_view keys) const {
    REQUIRE(::write(master.number(), keys.data(), keys.size()) == static_cast<ssize_t>(keys.size()));
  }
  termios settings() const {
    termios now{};
    REQUIRE(tcgetattr(kept.number(), &now) == 0);
    return now;
  }
  bool echoes() const { return (settings().c_lflag & ECHO) != 0; }
  /// The program's exit status.
  int end() {
    wait_for("status ");
    const std::size_t from = waited_;
    wait_for(".");
    return std::atoi(seen.c_str() + from);
  }
  std::string content() const {
    std::ifstream in(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }

 private:
  void take(std::chrono::milliseconds patience) {
    pollfd about{.fd = master.number(), .events = POLLIN, .revents = 0};
    if (::poll(&about, 1, static_cast<int>(patience.count())) != 1) return;
    std::array<char, 4096> some;
    const ssize_t count = ::read(master.number(), some.data(), some.size());
    if (count > 0) seen.append(some.data(), static_cast<std::size_t>(count));
  }
  std::size_t waited_ = 0;
};

bool same(const termios& a, const termios& b) {
  return a.c_lflag == b.c_lflag && a.c_iflag == b.c_iflag && a.c_oflag == b.c_oflag && a.c_cflag == b.c_cflag &&
         std::ranges::equal(a.c_cc, b.c_cc);
}

}  // namespace

TEST_CASE_FIXTURE(Terminal, "passwd at a terminal: the input is not shown, and the terminal is restored") {
  const termios before = settings();
  REQUIRE(echoes());
  start();
  wait_for("New password");
  CHECK_FALSE(echoes());
  type("correct horse\n");
  wait_for("Once more: ");
  CHECK_FALSE(echoes());
  type("correct horse\n");
  wait_for("The password is set");
  CHECK(end() == 0);
  CHECK(same(before, settings()));
  CHECK(seen.find("horse") == seen.npos);
  CHECK(seen.find("Once more: \r\n") != seen.npos);  // the Enter is
  CHECK(content().find("\npassword scrypt ") != std::string::npos);
}

TEST_CASE_FIXTURE(Terminal, "passwd at a terminal: two that differ are refused, and nothing changes") {
  const termios before = settings();
  start();
  wait_for("New password");
  type("correct horse\n");
  wait_for("Once more: ");
  type("correct house\n");
  wait_for("the two differ");
  CHECK(end() == 2);
  CHECK(same(before, settings()));
  CHECK(seen.find("horse") == seen.npos);
  CHECK(seen.find("house") == seen.npos);
  CHECK_FALSE(fs::exists(file));
}

TEST_CASE("passwd at a terminal: Ctrl-C ends it at once, wherever it is pressed, and the echo comes back") {
  for (const bool second : {false, true}) {
    Terminal t;
    const termios before = t.settings();
    t.start();
    t.wait_for("New password");
    if (second) {
      t.type("correct horse\n");
      t.wait_for("Once more: ");
    }
    t.type("corr\x03");                                                     // no Enter
    t.wait_for("\r\ndropwire: no password came; nothing was changed\r\n");  // on a line of its own
    CHECK(t.end() == 2);
    CHECK(same(before, t.settings()));
    CHECK(t.seen.find("corr") == t.seen.npos);
    CHECK_FALSE(fs::exists(t.file));
  }
}

TEST_CASE_FIXTURE(Terminal, "passwd at a terminal: the end of the input ends it, and the echo comes back") {
  const termios before = settings();
  start();
  wait_for("New password");
  type("\x04");
  wait_for("\r\ndropwire: no password came; nothing was changed\r\n");
  CHECK(end() == 2);
  CHECK(same(before, settings()));
}

TEST_CASE("passwd at a terminal: an invalid password is refused before it must be repeated") {
  for (const auto& [typed, said] : {std::pair{std::string("short"), "at least 8 characters"},
                                    std::pair{std::string(300, 'x'), "at most 256 bytes"}}) {
    Terminal t;
    t.start();
    t.wait_for("New password");
    t.type(typed + "\n");
    t.wait_for(said);
    CHECK(t.end() == 2);
    CHECK(t.seen.find("Once more") == t.seen.npos);
    CHECK(t.seen.find(typed) == t.seen.npos);
    CHECK_FALSE(fs::exists(t.file));
  }
}

TEST_CASE_FIXTURE(Terminal, "passwd at a terminal: if the file can't be written, no password is asked for") {
  start((folder / "nowhere" / "admin.password").string());
  wait_for("No such file or directory");
  CHECK(end() == 2);
  CHECK(seen.find("New password") == seen.npos);
}
