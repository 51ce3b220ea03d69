#include "tests/loop/cli/cli_fixture.hpp"

// Commands that change something: at phones, in admissions, and the password.
using namespace dw;
using namespace std::chrono_literals;
namespace fs = std::filesystem;
using namespace dw::cli_test;

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
