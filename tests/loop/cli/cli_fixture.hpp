#pragma once
#include <doctest/doctest.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <map>
#include "sbc/net/descriptor.hpp"
#include "sbc/net/http_server.hpp"
#include "sbc/net/socket_address.hpp"
#include "tests/loop/cli/program.hpp"

/// The built `dropwire`, run as a person runs it, against a control socket whose answers the test writes.
namespace dw::cli_test {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

struct Ran {
  int status = -1;
  std::string out, err;
};

inline std::string slurp(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

inline bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

struct Fixture {
  net::Loop loop;
  fs::path folder;
  std::string socket;
  std::map<std::string, net::HttpReply> answers;  ///< by "GET /api/status"
  std::vector<std::string> asked;
  std::unique_ptr<net::HttpServer> server;

  Fixture() {
    std::string name = (fs::temp_directory_path() / "dropwire-cli-XXXXXX").string();
    REQUIRE(mkdtemp(name.data()) != nullptr);
    folder = name;
    socket = (folder / "control.sock").string();
    write("dropwire.toml", "central = \"192.0.2.1\"\ncache.enable = false\nadmin.socket = \"" + socket + "\"\n" +
                               "state.dir = \"" + folder.string() + "\"\n");
  }
  ~Fixture() {
    server.reset();
    fs::remove_all(folder);
  }

  void write(const char* name, const std::string& text) const { std::ofstream(folder / name) << text; }
  void answer(const std::string& request, std::string json, unsigned status = 200) {
    answers[request] = {
        .status = status, .headers = {{"Content-Type", "application/json"}}, .text = std::move(json), .stream = {}};
  }
  void start() {
    net::HttpServer::Options options;
    options.unix_path = socket;
    auto started = net::HttpServer::start(loop, options, [this](const std::shared_ptr<net::HttpExchange>& exchange) {
      const std::string request = std::string(exchange->method()) + " " + std::string(exchange->target());
      asked.push_back(request);
      const std::string query(exchange->query());
      const auto exact = answers.find(query.empty() ? request : request + "?" + query);
      const auto it = exact != answers.end() ? exact : answers.find(request);
      exchange->reply(
          it != answers.end()
              ? it->second
              : net::HttpReply{.status = 404, .headers = {}, .text = R"({"error": "there is nothing"})", .stream = {}});
    });
    REQUIRE(started.has_value());
    server = std::move(*started);
  }

  /// With "-c dropwire.toml" of the folder behind the command.
  Ran with_settings(std::vector<std::string> words, const std::string& input = {}) {
    words.insert(words.begin() + 1, {"-c", (folder / "dropwire.toml").string()});
    return run(words, input);
  }
  Ran run(std::vector<std::string> words, const std::string& input = {}, const std::vector<std::string>& under = {}) {
    write("in", input);
    words.insert(words.begin(), program());
    words.insert(words.begin(), under.begin(), under.end());
    std::vector<char*> argv;
    for (std::string& word : words)
      argv.push_back(word.data());
    argv.push_back(nullptr);
    posix_spawn_file_actions_t actions{};
    posix_spawn_file_actions_init(&actions);
    const std::string out = (folder / "out").string();
    const std::string err = (folder / "err").string();
    posix_spawn_file_actions_addopen(&actions, 0, (folder / "in").c_str(), O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&actions, 1, out.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    posix_spawn_file_actions_addopen(&actions, 2, err.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    pid_t child = 0;
    REQUIRE(posix_spawnp(&child, words[0].c_str(), &actions, nullptr, argv.data(), environ) == 0);
    posix_spawn_file_actions_destroy(&actions);
    int state = 0;
    const bool ended = loop.run_until([&] { return waitpid(child, &state, WNOHANG) == child; }, 60s);
    if (!ended) kill(child, SIGKILL), waitpid(child, &state, 0);
    REQUIRE(ended);
    return {WIFEXITED(state) ? WEXITSTATUS(state) : -1, slurp(out), slurp(err)};
  }
};

}  // namespace dw::cli_test
