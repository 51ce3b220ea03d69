#include <doctest/doctest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "sbc/net/descriptor.hpp"
#include "sbc/net/log.hpp"

using namespace dw;

namespace {

/// Stderr goes into a pipe for as long as it lives; the log is as it was afterwards.
class Stderr {
 public:
  Stderr() : saved_(dup(2)) {
    REQUIRE(pipe(ends_.data()) == 0);
    dup2(ends_[1], 2);
  }
  ~Stderr() {
    dup2(saved_, 2);
    for (const int descriptor : {saved_, ends_[0], ends_[1]})
      close(descriptor);
    net::set_up_log("info", net::LogForm::text);
  }
  /// What was written; something must have been.
  std::string read_some() const {
    std::array<char, 4096> buffer{};
    const auto got = read(ends_[0], buffer.data(), buffer.size());
    return {buffer.data(), static_cast<std::size_t>(got > 0 ? got : 0)};
  }

 private:
  int saved_;
  std::array<int, 2> ends_{};
};

}  // namespace

TEST_CASE("as text, as JSON and back, in one run") {
  const Stderr captured;
  net::set_up_log("info", net::LogForm::text);
  spdlog::info("event=one peer=192.0.2.7");
  CHECK(captured.read_some().ends_with("info  event=one peer=192.0.2.7\n"));
  net::set_up_log("info", net::LogForm::json);
  spdlog::warn("event=two file=\"{}\" words", escaped("a\"b"));
  const std::string json = captured.read_some();
  CHECK(json.starts_with("{\"time\":\"20"));
  CHECK(json.ends_with(R"("level":"warning","event":"two","file":"a\"b","text":"words"})"
                       "\n"));
  net::set_up_log("info", net::LogForm::automatic);  // stderr is no journal here
  spdlog::info("event=three");
  CHECK(captured.read_some().ends_with("info  event=three\n"));
}

TEST_CASE("the journal gets an entry with fields; when it is not there, stderr gets the line with its priority") {
  std::array<char, 32> directory{"/tmp/dwlog.XXXXXX"};
  REQUIRE(mkdtemp(directory.data()) != nullptr);
  const std::string path = std::string(directory.data()) + "/socket";
  const net::Descriptor journal(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  sockaddr_un at{};
  at.sun_family = AF_UNIX;
  path.copy(at.sun_path, sizeof at.sun_path - 1);
  REQUIRE(bind(journal.number(), reinterpret_cast<const sockaddr*>(&at), sizeof at) == 0);
  const Stderr captured;
  net::set_up_log("info", net::LogForm::journal, path);
  spdlog::error("event=call_lost device=SEP001122334455 call=7 reason=\"gone away\"");
  std::array<char, 1024> entry{};
  const auto got = recv(journal.number(), entry.data(), entry.size(), MSG_DONTWAIT);
  REQUIRE(got > 0);
  CHECK(std::string(entry.data(), static_cast<std::size_t>(got)) ==
        "MESSAGE=event=call_lost device=SEP001122334455 call=7 reason=\"gone away\"\nPRIORITY=3\n"
        "SYSLOG_IDENTIFIER=dropwire\nEVENT=call_lost\nDEVICE=SEP001122334455\nCALL=7\nREASON=gone away\n");
  unlink(path.c_str());
  spdlog::info("event=alone");
  CHECK(captured.read_some() == "<6>event=alone\n");
  rmdir(directory.data());
}

TEST_CASE("the level changes while it runs, and a word that is none changes nothing") {
  const Stderr captured;
  net::set_up_log("info", net::LogForm::text);
  CHECK(net::set_log_level("debug"));
  CHECK(spdlog::should_log(spdlog::level::debug));
  CHECK_FALSE(net::set_log_level("loud"));
  CHECK_FALSE(net::set_log_level(""));
  CHECK_FALSE(net::set_log_level("off"));
  CHECK(spdlog::should_log(spdlog::level::debug));
  net::set_up_log("warn", net::LogForm::text);
  CHECK_FALSE(spdlog::should_log(spdlog::level::info));
}
