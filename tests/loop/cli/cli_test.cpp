#include "tests/loop/cli/cli_fixture.hpp"

using namespace dw;
using namespace std::chrono_literals;
namespace fs = std::filesystem;
using namespace dw::cli_test;

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
