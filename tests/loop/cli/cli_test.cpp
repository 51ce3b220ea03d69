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
using namespace dw;
using namespace std::chrono_literals;
namespace fs = std::filesystem;

namespace {

struct Ran {
  int status = -1;
  std::string out, err;
};

std::string slurp(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

bool contains(const std::string& text, std::string_view part) {
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

}  // namespace

TEST_CASE_FIXTURE(Fixture, "usage: help with an example, the version, and one sentence for what is wrong") {
  CHECK(run({"--version"}).out.starts_with("dropwire "));
  for (const char* command :
       {"run", "check", "settings", "get", "status", "phones", "phone", "calls", "log", "doctor", "reload"}) {
    CAPTURE(std::string(command));
    const Ran help = run({command, "--help"});
    CHECK(help.status == 0);
    CHECK(contains(help.out, std::string("Example:\n  dropwire ") + command));
  }
  for (const std::vector<std::string>& words : {std::vector<std::string>{},
                                                {"nonsense"},
                                                {"status", "--nonsense"},
                                                {"get"},
                                                {"phone", "a", "b"},
                                                {"settings", "--toml", "--json"},
                                                {"run", "--set"}}) {
    const Ran wrong = run(words);
    CHECK(wrong.status == 2);
    CHECK(wrong.out.empty());
    CHECK(wrong.err.starts_with("dropwire: "));
    CHECK(std::ranges::count(wrong.err, '\n') == 1);
  }
}

TEST_CASE_FIXTURE(Fixture, "check: every error and 2, or the settings and 0") {
  const Ran fine = with_settings({"check", "--set", "access.tftp.port=6969"});
  CHECK(fine.status == 0);
  CHECK(contains(fine.out, "access.tftp.port = 6969"));
  CHECK(contains(fine.out, "# --set"));
  CHECK(contains(fine.out, "central.provisioning.origins = [\"http://192.0.2.1:6970/\", \"tftp://192.0.2.1/\"]"));
  write("again.toml", fine.out);  // its output is a settings file
  CHECK(run({"check", "-c", (folder / "again.toml").string()}).status == 0);

  write("dropwire.toml", "mode = 3\naccess.tftp.prot = 1\n");
  const Ran wrong = with_settings({"check"});
  CHECK(wrong.status == 2);
  CHECK(wrong.out.empty());
  CHECK(contains(wrong.err, "dropwire.toml:1:8: error: mode"));
  CHECK(contains(wrong.err, "did you mean access.tftp.port?"));
  const Ran json = with_settings({"check", "--json"});
  CHECK(json.status == 2);
  CHECK(contains(json.out, "\"ok\": false"));
  CHECK(run({"check", "-c", "/nonexistent.toml"}).status == 2);
}

TEST_CASE_FIXTURE(Fixture, "settings in each form") {
  for (const auto& [form, part] : std::map<std::string, std::string>{{"--toml", "#access.tftp.port = 69\n"},
                                                                     {"--markdown", "| `access.tftp.port` | `69` |"},
                                                                     {"--json", "\"name\": \"access.tftp.port\""},
                                                                     {"--man", ".B access.tftp.port = 69"}}) {
    const Ran ran = run({"settings", form});
    CHECK(ran.status == 0);
    CHECK(contains(ran.out, part));
  }
}

TEST_CASE_FIXTURE(Fixture, "without a daemon each command says so in one sentence, and 2") {
  for (const std::vector<std::string>& words : {std::vector<std::string>{"status"},
                                                {"phones"},
                                                {"phone", "SEP001122334455"},
                                                {"calls"},
                                                {"log"},
                                                {"reload"},
                                                {"get", "x"},
                                                {"doctor", "SEP001122334455"},
                                                {"status", "--json"}}) {
    CAPTURE(words[0]);
    const Ran ran = with_settings(words);
    CHECK(ran.status == 2);
    CHECK(ran.out.empty());
    CHECK(contains(ran.err, "Dropwire is not running (nobody listens on " + socket + ")"));
    CHECK(std::ranges::count(ran.err, '\n') == 1);
  }
}

TEST_CASE_FIXTURE(Fixture, "commands query the control socket and print for people, or as JSON") {
  answer("GET /api/status", R"({"version": "9.9", "mode": "edge", "ready": true})");
  answer("GET /api/phones", R"({"total": 0, "phones": [], "findings": []})");
  answer("GET /api/phones/SEP001122334455",
         R"({"device": "SEP001122334455", "model": "7965", "story": [], "findings": [
    {"code": "c", "severity": "error", "seen": "s", "means": "m", "do": "Erase it."}]})");
  answer("GET /api/calls", R"({"calls": []})");
  answer("GET /api/calls/finished", R"({"total": 1, "calls": [{"device": "SEP001122334455", "far_number": "1002"}]})");
  answer("GET /api/log", R"({"lines": [], "next": 0})");
  start();
  CHECK(contains(with_settings({"status"}).out, "Dropwire 9.9, edge mode"));
  CHECK(contains(run({"status", "--socket", socket, "--json"}).out, "\"version\": \"9.9\""));
  CHECK(contains(with_settings({"phones"}).out, "No phone has asked"));
  CHECK(with_settings({"calls"}).out == "No calls are up.\n");
  CHECK(contains(with_settings({"calls", "--finished", "--since", "90m"}).out, "1002"));
  const Ran no_time = with_settings({"calls", "--finished", "--since", "yesterday"});
  CHECK(no_time.status == 2);
  CHECK(contains(no_time.err, "90m, 12h or 7d"));
  CHECK(with_settings({"log"}).status == 0);
  const Ran phone = with_settings({"phone", "SEP001122334455"});
  CHECK(phone.status == 0);
  CHECK(contains(phone.out, "SEP001122334455: 7965"));
  CHECK(contains(phone.out, "do     Erase it."));
  const Ran sick = with_settings({"doctor", "SEP001122334455"});
  CHECK(sick.status == 1);
  CHECK(contains(sick.out, "Erase it."));
  const Ran unknown = with_settings({"phone", "SEP000000000000"});
  CHECK(unknown.status == 1);
  CHECK(contains(unknown.err, "no phone \"SEP000000000000\""));
}

TEST_CASE_FIXTURE(Fixture,
                  "get: to stdout, to a file that appears whole or not at all, and a file that does not exist") {
  const std::string body(300'000, 'x');
  answer("GET /api/files/Desktops/a%20b.xml", body);
  net::HttpReply cut{.status = 200, .headers = {}, .text = {}, .stream = net::HttpBody{1000, {}}};
  cut.stream->read = [](std::uint64_t offset, MutableBytes into) -> long {
    if (offset > 0) return net::HttpBody::kAbort;
    into[0] = 'a';
    return 1;
  };
  answers["GET /api/files/cut"] = cut;
  answer("GET /api/files/later", R"({"error": "no origin answers"})", 503);
  start();
  CHECK(with_settings({"get", "Desktops/a b.xml"}).out == body);
  const std::string to = (folder / "file").string();
  CHECK(with_settings({"get", "Desktops/a b.xml", "-o", to}).status == 0);
  CHECK(slurp(to) == body);
  fs::remove(to);
  const Ran broken = with_settings({"get", "cut", "-o", to});
  CHECK(broken.status == 2);
  CHECK_FALSE(broken.err.empty());
  CHECK_FALSE(fs::exists(to));
  CHECK_FALSE(fs::exists(to + ".part"));
  const Ran missing = with_settings({"get", "nothing", "-o", to});
  CHECK(missing.status == 1);
  CHECK(missing.err == "dropwire: nothing: there is nothing\n");
  CHECK_FALSE(fs::exists(to));
  CHECK(with_settings({"get", "later"}).status == 1);
  CHECK(with_settings({"get", "Desktops/a b.xml", "-o", (folder / "no" / "such").string()}).status == 2);
}

TEST_CASE_FIXTURE(Fixture, "reload: taken, or refused with the reasons") {
  answer("POST /api/reload", R"({"taken": true, "problems": []})");
  start();
  CHECK(with_settings({"reload"}).status == 0);
  answer("POST /api/reload", R"({"taken": false, "problems": ["f.toml:1:1: error: no"]})", 422);
  const Ran refused = with_settings({"reload"});
  CHECK(refused.status == 1);
  CHECK(contains(refused.err, "f.toml:1:1: error: no"));
  CHECK(contains(refused.out, "refused"));
}

TEST_CASE_FIXTURE(Fixture, "doctor: the daemon's findings and the box's, or the box's alone") {
  const net::Descriptor holder(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  net::SocketAddress address = net::to_socket_address(*Endpoint::parse("127.0.0.1:0"));
  REQUIRE(bind(holder.number(), &address.any, address.size()) == 0);
  REQUIRE(listen(holder.number(), 1) == 0);
  const std::string taken = net::local_endpoint(holder.number()).to_string();
  const std::vector<std::string> offline = {"doctor",
                                            "--set",
                                            "access.listen=127.0.0.1",
                                            "--set",
                                            "access.tftp.port=0",
                                            "--set",
                                            "access.http.port=0",
                                            "--set",
                                            "access.sccp.port=0",
                                            "--set",
                                            "admin.listen=" + taken};
  const Ran alone = with_settings(offline);
  CHECK(alone.status == 1);
  CHECK(contains(alone.out, "not_running"));
  CHECK(contains(alone.out, "port_taken"));
  CHECK(contains(alone.out, "process " + std::to_string(getpid())));

  const net::Descriptor stun(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  const net::SocketAddress any = net::to_socket_address(*Endpoint::parse("127.0.0.1:0"));
  REQUIRE(bind(stun.number(), &any.any, any.size()) == 0);
  std::vector<std::string> with_stun = offline;
  with_stun.back() = "admin.listen=127.0.0.1:0";
  for (const std::string& setting : {std::string("access.stun.enable=true"),
                                     "access.stun.port=" + std::to_string(net::local_endpoint(stun.number()).port),
                                     std::string("access.stun.alternate_port=0")})
    with_stun.insert(with_stun.end(), {"--set", setting});
  const Ran thief = with_settings(with_stun);
  CHECK(contains(thief.out, "warning (port_taken)"));
  CHECK(contains(thief.out, "(access.stun.port) is taken by"));

  answer("GET /api/doctor", R"({"healthy": true, "findings": []})");
  start();
  const Ran healthy = with_settings({"doctor"});
  CHECK(healthy.status == 0);
  CHECK(healthy.out.starts_with("All looks well.\n"));
  answer(
      "GET /api/doctor",
      R"({"healthy": false, "findings": [{"code": "origin_down", "severity": "warning", "seen": "s", "means": "m", "do": "d"}]})");
  const Ran report = with_settings({"doctor"});
  CHECK(report.status == 1);
  CHECK(report.out.starts_with("1 warning.\n"));
  CHECK(contains(report.out, "\n  warning (origin_down)\n    seen   s\n"));
  const Ran sick = with_settings({"doctor", "--json"});
  CHECK(sick.status == 1);
  CHECK(contains(sick.out, "\"code\": \"origin_down\""));
  CHECK(contains(sick.out, "\"healthy\": false"));
}

TEST_CASE_FIXTURE(Fixture, "restart, reset, forget, refresh: print the result") {
  answer("POST /api/phones/SEP001122334455/restart", R"({"done": true, "said": "it was asked"})");
  answer("POST /api/phones/SEP001122334455/reset", R"({"error": "it is in a call"})", 409);
  answer("POST /api/phones/192.0.2.7/forget", R"({"done": true, "said": "it is forgotten"})");
  answer("POST /api/files/a%20b/List.xml/refresh", R"({"error": "no origin has it"})", 404);
  start();
  const Ran restarted = with_settings({"restart", "SEP001122334455"});
  CHECK(restarted.status == 0);
  CHECK(restarted.out == "it was asked\n");
  const Ran refused = with_settings({"reset", "SEP001122334455", "--force"});
  CHECK(refused.status == 1);
  CHECK(contains(refused.err, "it is in a call"));
  const Ran json = with_settings({"forget", "192.0.2.7", "--json"});
  CHECK(json.status == 0);
  CHECK(contains(json.out, "\"done\": true"));
  CHECK(with_settings({"refresh", "a b/List.xml"}).status == 1);
  CHECK(with_settings({"refresh", "none.xml"}).status == 1);
  CHECK(with_settings({"restart"}).status == 2);
}

TEST_CASE_FIXTURE(Fixture, "admit: one phone, any phone, the list, and removal") {
  answer("POST /api/admissions/SEP001122334455/admit", R"({"done": true, "said": "it gets its files"})");
  answer("POST /api/admissions/00%3A11%3A22%3A33%3A44%3A55/admit?for_s=7200",
         R"({"done": true, "said": "for two hours"})");
  answer("POST /api/admissions/open?for_s=900", R"({"done": true, "said": "every phone gets its files"})");
  answer("POST /api/admissions/close", R"({"done": true, "said": "no more"})");
  answer("POST /api/admissions/SEP001122334455/forget", R"({"error": "it is admitted nowhere"})", 404);
  answer(
      "GET /api/admissions?limit=5000",
      R"({"phones": "known", "listed": 2, "total": 1, "windows": [{"device": "", "until": "2999-01-01T00:00:00.000Z", "left": 3}],
             "admitted": [{"device": "SEP001122334455", "source": "203.0.113.7", "by": "registration",
                           "admitted": "2026-11-22T20:19:21.042Z", "used": "2026-11-22T20:19:21.042Z"}],
             "refused": [{"device": "SEP001122334499", "source": "203.0.113.9", "times": 3, "last": "2026-11-22T20:19:21.042Z"}]})");
  start();
  CHECK(with_settings({"admit", "SEP001122334455"}).out == "it gets its files\n");
  CHECK(with_settings({"admit", "00:11:22:33:44:55", "--for", "2h"}).out == "for two hours\n");
  CHECK(with_settings({"admit", "--any", "--for", "15m"}).out == "every phone gets its files\n");
  CHECK(with_settings({"admit", "--close"}).out == "no more\n");
  const Ran nowhere = with_settings({"admit", "SEP001122334455", "--forget"});
  CHECK(nowhere.status == 1);
  CHECK(contains(nowhere.err, "admitted nowhere"));
  const Ran list = with_settings({"admit"});
  CHECK(list.status == 0);
  for (const char* part : {"access.provisioning.phones is \"known\"", "Every phone is let in", "SEP001122334455",
                           "203.0.113.7", "registration", "Asked in vain", "SEP001122334499"})
    CHECK(contains(list.out, part));
  CHECK(contains(with_settings({"admit", "--json"}).out, "\"listed\": 2"));
  for (const std::vector<std::string>& wrong : {std::vector<std::string>{"admit", "SEP001122334455", "--for", "soon"},
                                                {"admit", "--for", "15m"},
                                                {"admit", "--forget"},
                                                {"admit", "--any", "SEP001122334455"},
                                                {"admit", "--close", "--any"},
                                                {"admit", "--close", "--for", "15m"}})
    CHECK(with_settings(wrong).status == 2);
}

TEST_CASE_FIXTURE(Fixture, "phones: the filter is sent to the daemon, and the cursor leads through the whole result") {
  answer(
      "GET /api/phones?state=failed&model=7965&network=192.0.2.0%2f24&sort=name&limit=1000",
      R"({"total": 9, "matching": 2, "groups": [], "findings": [], "phones": [{"key": "SEP001122334401", "device": "SEP001122334401"}], "next": "6162"})");
  answer(
      "GET /api/phones?state=failed&model=7965&network=192.0.2.0%2f24&sort=name&limit=1000&cursor=6162",
      R"({"total": 9, "matching": 2, "groups": [], "findings": [], "phones": [{"key": "SEP001122334402", "device": "SEP001122334402"}], "next": null})");
  answer("GET /api/phones?q=a%20b&limit=1", R"({"total": 9, "phones": [{"key": "SEP001122334403"}], "next": "6162"})");
  answer("GET /api/phones?format=csv", "name,mac\r\n\"SEP001122334404\",\"\"\r\n");
  answer("GET /api/phones?finding=nothing&limit=1000", R"({"error": "finding is the code of a finding"})", 400);
  start();
  const std::vector<std::string> filter = {"phones",    "--state",      "failed", "--model", "7965",
                                           "--network", "192.0.2.0/24", "--sort", "name"};
  const Ran text = with_settings(filter);
  CHECK(text.status == 0);
  CHECK(contains(text.out, "SEP001122334401"));
  CHECK(contains(text.out, "SEP001122334402"));
  CHECK(contains(text.out, "2 of 9 are shown"));
  auto as_json = filter;
  as_json.insert(as_json.end(), {"--format", "json"});
  const Ran both = with_settings(as_json);
  CHECK(contains(both.out, "\"device\": \"SEP001122334402\""));
  CHECK(contains(both.out, "\"next\": null"));
  CHECK(contains(with_settings({"phones", "--find", "a b", "--limit", "1"}).out, "SEP001122334403"));
  CHECK(with_settings({"phones", "--format", "csv"}).out == "name,mac\r\n\"SEP001122334404\",\"\"\r\n");
  const Ran refused = with_settings({"phones", "--finding", "nothing"});
  CHECK(refused.status == 2);
  CHECK(contains(refused.err, "finding is the code of a finding"));
  CHECK(with_settings({"phones", "--state", "bad"}).status == 2);
  CHECK(with_settings({"phones", "--format", "xml"}).status == 2);
}

TEST_CASE_FIXTURE(Fixture, "phones --do: counts, starts with that number, and follows to the end") {
  answer("POST /api/operations?action=restart&state=failed&force=1&pace=9",
         R"({"id": 7, "action": "restart", "phones": 2, "pace": 9, "state": "counted"})");
  answer("POST /api/operations?action=forget&q=nobody",
         R"({"id": 8, "action": "forget", "phones": 0, "pace": 5, "state": "counted"})");
  answer("POST /api/operations/7/begin?phones=2", R"({"id": 7, "state": "running"})");
  answer(
      "GET /api/operations",
      R"({"operations": [{"id": 9, "state": "running"}, {"id": 7, "state": "done", "phones": 2, "done": 1, "refused": 1, "skipped": 0,
         "errors": [{"device": "SEP001122334401", "error": "SEP001122334401 is in a call"}]}]})");
  start();
  const std::vector<std::string> words = {"phones", "--state", "failed", "--do", "restart", "--force", "--pace", "9"};
  const Ran asked_nobody = with_settings(words);
  CHECK(asked_nobody.status == 2);
  CHECK(contains(asked_nobody.err, "2 phones would be asked to restart: say --yes"));
  CHECK(asked == std::vector<std::string>{"POST /api/operations"});
  auto sure = words;
  sure.push_back("--yes");
  const Ran done = with_settings(sure);
  CHECK(done.status == 1);  // one was refused
  CHECK(contains(done.out, "All of 2 phones: 1 done, 1 refused"));
  CHECK(contains(done.out, "is in a call"));
  CHECK(with_settings({"phones", "--find", "nobody", "--do", "forget", "--yes"}).out ==
        "No phone matches: nothing was done.\n");
  const Ran all = with_settings({"phones", "--do", "forget", "--yes"});
  CHECK(all.status == 2);
  CHECK(contains(all.err, "--all"));
  CHECK(with_settings({"phones", "--yes"}).status == 2);
}

TEST_CASE_FIXTURE(Fixture, "check: a list of phones that can't be read, or has a line without a phone, is reported") {
  write("phones.csv", "SEP001122334455\nnot a phone\n");
  const std::string list = (folder / "phones.csv").string();
  const Ran bad = with_settings({"check", "--set", "access.provisioning.list=" + list});
  CHECK(bad.status == 2);
  CHECK(contains(bad.err, "phones.csv:2:1: error: access.provisioning.list: line 2 names no phone: \"not a phone\""));
  CHECK(with_settings({"check", "--set", "access.provisioning.list=" + list + ".gone"}).status == 2);
  CHECK(with_settings({"check", "--set", "access.provisioning.list=" + folder.string()}).status == 2);
  write("phones.csv", "SEP001122334455\n");
  CHECK(with_settings({"check", "--set", "access.provisioning.list=" + list}).status == 0);
  CHECK(contains(with_settings({"check", "--set", "access.provisioning.phones=listed"}).err, "there is no list"));
}

TEST_CASE_FIXTURE(Fixture, "passwd: sets it, makes the daemon read it, and opens the page") {
  const std::string file = (folder / "admin.password").string();
  const std::vector<std::string> open = {"--set", "admin.password_file=" + file, "--set", "admin.listen=0.0.0.0:0"};
  const auto with_open = [&](std::vector<std::string> words, const std::string& input = {}) {
    words.insert(words.end(), open.begin(), open.end());
    return with_settings(std::move(words), input);
  };
  const Ran closed = with_open({"check"});
  CHECK(closed.status == 2);
  CHECK(contains(closed.err, "dropwire passwd"));
  CHECK(contains(with_open({"run"}).err, "dropwire passwd"));

  CHECK(with_open({"passwd", "--stdin"}, "short\n").status == 2);
  CHECK(with_open({"passwd", "--stdin"}, "").status == 2);
  CHECK(with_open({"passwd"}, "correct horse\n").status == 2);  // nobody is asked without a terminal
  CHECK_FALSE(fs::exists(file));
  answer("POST /api/reload", R"({"taken": true, "problems": []})");
  start();
  const Ran set = with_open({"passwd", "--stdin"}, "correct horse\n");
  CHECK(set.status == 0);
  CHECK(contains(set.err, "from now on"));
  CHECK(asked == std::vector<std::string>{"POST /api/reload"});
  const std::string first = slurp(file);
  CHECK(contains(first, "\npassword scrypt 32768 8 1 "));
  CHECK_FALSE(contains(first, "horse"));
  CHECK((fs::status(file).permissions() & fs::perms::others_all) == fs::perms::none);
  CHECK(with_open({"check"}).status == 0);

  const Ran token = with_open({"passwd", "--token"});
  CHECK(token.out.size() == 65);
  CHECK(slurp(file).starts_with(first));
  CHECK_FALSE(contains(slurp(file), token.out.substr(0, 64)));
  const std::string operators = slurp(file);
  CHECK(with_open({"passwd", "--reader", "--stdin"}, "only looking\n").status == 0);
  CHECK(with_open({"passwd", "--reader", "--token"}).out.size() == 65);
  CHECK(contains(slurp(file), "\nreader-password scrypt 32768 8 1 "));
  CHECK(contains(slurp(file), "\nreader-token sha256 "));
  CHECK(with_open({"passwd", "--reader", "--remove"}).status == 0);  // the operator's keeps the door
  CHECK(slurp(file) == operators);
  CHECK(with_open({"passwd", "--remove"}).status == 2);  // the door is open
  CHECK(with_settings({"passwd", "--remove", "--set", "admin.password_file=" + file}).status == 0);
  CHECK(with_open({"check"}).status == 2);
  CHECK(with_open({"passwd", "--stdin", "--token"}).status == 2);

  write("admin.password", "password nonsense\n");
  CHECK(contains(with_open({"check"}).err, "line 1 makes no sense"));
  CHECK(with_open({"passwd", "--stdin"}, "correct horse\n").status == 0);
  CHECK(with_open({"check"}).status == 0);
}

TEST_CASE("cli: a mistyped command or option is named, with the nearest one") {
  Fixture f;
  const Ran command = f.run({"statsu"});
  CHECK(command.status == 2);
  CHECK(contains(command.err, "there is no command \"statsu\"; did you mean status?"));
  const Ran option = f.run({"status", "--jsno"});
  CHECK(option.status == 2);
  CHECK(contains(option.err, "there is no option \"--jsno\"; did you mean --json?"));
  const Ran far = f.run({"xyzzy"});
  CHECK(far.status == 2);
  CHECK(contains(far.err, "there is no command \"xyzzy\" ("));
  CHECK_FALSE(contains(far.err, "did you mean"));
  CHECK(f.run({"phone"}).status == 2);  // what is missing is said by the parser
}

TEST_CASE("cli: claim prints the address and the code, and status starts with them") {
  Fixture f;
  f.answer(
      "GET /api/claim",
      R"({"open": true, "code": "K7Q4-M2XD", "until": "2026-12-01T10:50:00.000Z", "addresses": ["http://192.168.1.20:8079/"]})");
  f.answer("GET /api/status", R"({"version": "0.1.0", "mode": "edge"})");
  f.start();
  const Ran claim = f.with_settings({"claim"});
  CHECK(claim.status == 0);
  CHECK(contains(claim.out, "http://192.168.1.20:8079/"));
  CHECK(contains(claim.out, "enter the code K7Q4-M2XD"));
  CHECK(contains(f.with_settings({"status"}).out, "enter the code K7Q4-M2XD"));
  CHECK(contains(f.with_settings({"status", "--json"}).out, "\"code\": \"K7Q4-M2XD\""));
  f.answer("GET /api/claim", R"({"open": false, "code": null, "until": null, "addresses": []})");
  const Ran closed = f.with_settings({"claim"});
  CHECK(closed.status == 1);
  CHECK(contains(closed.out, "not to be claimed"));
  CHECK_FALSE(contains(f.with_settings({"status"}).out, "code"));
}

TEST_CASE("cli: report is one file for its owner, with the messages, and without credentials") {
  Fixture f;
  f.answers["GET /api/report?device=SEP001122334455"] = {
      .status = 200, .headers = {}, .text = "Dropwire's report\n", .stream = {}};
  f.answers["GET /api/phones/SEP001122334455/trace"] = {
      .status = 200, .headers = {}, .text = "SIP REGISTER, Authorization: Digest response=\"SESAME\"\n", .stream = {}};
  f.start();
  const std::string path = (f.folder / "report.txt").string();
  const Ran ran = f.with_settings({"report", "SEP001122334455", "--seconds", "1", "-o", path});
  CHECK(ran.status == 0);
  const std::string text = slurp(path);
  CHECK(contains(text, "Dropwire's report"));
  CHECK(contains(text, "Messages of SEP001122334455 in 1 s"));
  CHECK(contains(text, "SIP REGISTER"));
  CHECK_FALSE(contains(text, "SESAME"));
  CHECK(fs::status(path).permissions() == (fs::perms::owner_read | fs::perms::owner_write));
  CHECK(contains(f.with_settings({"report", "SEP001122334455", "--seconds", "0", "-o", "-"}).out, "Dropwire's report"));
  CHECK(f.with_settings({"report", "SEP001122339999"}).status == 1);
}

TEST_CASE("cli: a port that needs root gives advice") {
  Fixture f;
  const std::vector<std::string> without_right = {"setpriv", "--bounding-set=-net_bind_service"};
  const Ran ran = f.run({"run", "-c", (f.folder / "dropwire.toml").string(), "--set", "access.tftp.port=69"}, {},
                        geteuid() == 0 ? without_right : std::vector<std::string>());
  CHECK(ran.status == 2);
  CHECK(contains(ran.err, "setcap cap_net_bind_service=+ep"));
}
