#include <doctest/doctest.h>

#include <map>
#include <vector>

#include "tests/support/fake_exchange.hpp"
#include "tftp-proxy/http_server.hpp"

using namespace dw;
using namespace dw::provisioning;
using dw::test::FakeExchange;
using phones::FileOutcome;

namespace {

/// Gives what the test put in; remembers what was asked.
struct Shelf : Library {
  ContentPtr open(const FileRequest& request) override {
    asked.push_back(request);
    const auto found = files.find(request.name);
    return found == files.end() ? Content::failure({Errc::not_found, "no origin has it", 0}) : found->second;
  }
  NameBudget* names() override { return budget; }
  std::map<std::string, ContentPtr> files;
  NameBudget* budget = nullptr;
  std::vector<FileRequest> asked;
};

struct Box {
  net::Loop loop;
  Shelf shelf;
  KnownSources known{1};
  std::vector<phones::FileStep> steps;
  PhoneHttpServer server;

  explicit Box(const PhoneHttpServer::Options& options = {})
      : server(loop, shelf, known, options, [this](const phones::FileStep& step) { steps.push_back(step); }) {}

  std::shared_ptr<FakeExchange> ask(std::string method, std::string target,
                                    std::map<std::string, std::string> headers = {}) {
    auto exchange = std::make_shared<FakeExchange>(std::move(method), std::move(target), std::move(headers));
    server.handle(exchange);
    return exchange;
  }
  std::string metrics() const {
    MetricsText out;
    server.append_metrics(out);
    return out.text();
  }
};

constexpr std::string_view kConfig = "<device><loadInformation/></device>";

ContentPtr config() {
  ContentMeta meta;
  meta.etag = "\"origin\"";
  meta.last_modified = "Sun, 06 Nov 1994 08:49:37 GMT";
  meta.origin = "http://pbx:6970/";
  return Content::of(to_buffer(kConfig), meta);
}

ContentPtr arriving(std::optional<std::uint64_t> size) {
  auto content = std::make_shared<Content>();
  ContentMeta meta;
  meta.size = size;
  meta.etag = "\"fw-1\"";
  meta.origin = "http://pbx:6970/";
  content->begin(meta);
  return content;
}

}  // namespace

TEST_CASE("phone http: a file that is there, with what a client may ask it by") {
  Box box;
  box.shelf.files["SEP001122334455.cnf.xml"] = config();
  const auto got = box.ask("GET", "/SEP001122334455.cnf.xml", {{"User-Agent", "curl/8"}});
  CHECK(got->status() == 200);
  CHECK(got->received() == kConfig);
  CHECK(got->announced_length() == kConfig.size());
  CHECK(got->reply_header("Content-Type") == "text/xml");
  CHECK(got->reply_header("Cache-Control") == "no-store");
  CHECK(got->reply_header("Accept-Ranges") == "bytes");
  CHECK(got->reply_header("Last-Modified") == "Sun, 06 Nov 1994 08:49:37 GMT");
  CHECK(got->reply_header("ETag") == "\"origin\"");
  REQUIRE(box.shelf.asked.size() == 1);
  CHECK(box.shelf.asked[0].transport == Transport::http);
  CHECK(box.shelf.asked[0].peer == got->peer());
  CHECK(box.shelf.asked[0].local == got->local().address);

  CHECK(box.steps.empty());
  got->end(true);
  REQUIRE(box.steps.size() == 1);
  CHECK(box.steps[0].outcome == FileOutcome::sent);
  CHECK(box.steps[0].transport == "http");
  CHECK(box.steps[0].octets == kConfig.size());
  CHECK(box.steps[0].size == kConfig.size());
  CHECK(box.steps[0].user_agent == "curl/8");
  CHECK(box.server.running() == 0);
  CHECK(box.metrics().find("dropwire_http_answers_total{status=\"200\"} 1") != std::string::npos);
}

TEST_CASE("phone http: without the Library's tag, the tag follows the octets") {
  Box box;
  box.shelf.files["a.xml"] = Content::of(to_buffer("one"), {});
  const std::string one = box.ask("GET", "/a.xml")->reply_header("ETag");
  const std::string same = box.ask("GET", "/a.xml", {{"If-None-Match", one}})->reply_header("ETag");
  CHECK(one == same);
  box.shelf.files["a.xml"] = Content::of(to_buffer("two"), {});
  const auto changed = box.ask("GET", "/a.xml", {{"If-None-Match", one}});
  CHECK(changed->status() == 200);
  CHECK(changed->reply_header("ETag") != one);
}

TEST_CASE("phone http: unchanged is 304 without a body") {
  Box box;
  box.shelf.files["a.xml"] = config();
  const std::string tag = box.ask("GET", "/a.xml")->reply_header("ETag");
  for (const auto& headers : {std::map<std::string, std::string>{{"If-None-Match", tag}},
                              {{"If-Modified-Since", "Sun, 06 Nov 1994 08:49:37 GMT"}}}) {
    const auto got = box.ask("GET", "/a.xml", headers);
    CHECK(got->status() == 304);
    CHECK(got->received().empty());
    CHECK(got->reply_header("ETag") == tag);
  }
}

TEST_CASE("phone http: a range, and one beyond the end") {
  Box box;
  box.shelf.files["a.raw"] = Content::of(to_buffer("0123456789"), {});
  const auto part = box.ask("GET", "/a.raw", {{"Range", "bytes=2-4"}});
  CHECK(part->status() == 206);
  CHECK(part->received() == "234");
  CHECK(part->announced_length() == 3);
  CHECK(part->reply_header("Content-Range") == "bytes 2-4/10");
  const auto beyond = box.ask("GET", "/a.raw", {{"Range", "bytes=10-"}});
  CHECK(beyond->status() == 416);
  CHECK(beyond->reply_header("Content-Range") == "bytes */10");
}

TEST_CASE("phone http: HEAD has the length, no body, and is no step of a phone") {
  Box box;
  box.shelf.files["a.xml"] = config();
  const auto got = box.ask("HEAD", "/a.xml", {{"Range", "bytes=0-1"}});
  CHECK(got->status() == 200);
  CHECK(got->announced_length() == kConfig.size());
  CHECK(got->received().empty());
  got->end(true);
  CHECK(box.steps.empty());
}

TEST_CASE("phone http: what does not exist, is refused, or makes no sense") {
  Box box;
  struct Case {
    std::string method, target;
    unsigned status;
    FileOutcome outcome;
  };
  for (const auto& [method, target, status, outcome] :
       {Case{"GET", "/CTLSEP001122334455.tlv", 404, FileOutcome::not_found},
        Case{"GET", "/../../etc/passwd", 403, FileOutcome::refused},
        Case{"GET", "/%2e%2e/etc/passwd", 403, FileOutcome::refused}, Case{"GET", "/a%zz", 400, FileOutcome::refused},
        Case{"GET", "/", 400, FileOutcome::refused}, Case{"POST", "/a.xml", 405, FileOutcome::refused},
        Case{"PUT", "/a.xml", 405, FileOutcome::refused}}) {
    CAPTURE(target);
    const auto got = box.ask(method, target);
    CHECK(got->status() == status);
    CHECK(got->reply_header("Content-Type") == "text/plain; charset=utf-8");
    CHECK(got->reply_header("Allow") == (status == 405 ? "GET, HEAD" : ""));
    CHECK(got->received().ends_with("\n"));
    CHECK(got->received().size() < 600);
    got->end(true);
    REQUIRE_FALSE(box.steps.empty());
    CHECK(box.steps.back().outcome == outcome);
    CHECK(box.steps.back().error_code == status);
  }
  CHECK(box.shelf.asked.size() == 1);  // refused names never reach the library
}

TEST_CASE("phone http: what could not be had is 503, readable, with a time to come back") {
  Box box;
  box.shelf.files["a.xml"] = Content::failure({Errc::unavailable, "http://pbx:6970/ refused the connection", 0});
  const auto got = box.ask("GET", "/a.xml");
  CHECK(got->status() == 503);
  CHECK(got->reply_header("Retry-After") == "10");
  CHECK(got->received().find("not available now") != std::string::npos);
  got->end(true);
  CHECK(box.steps.at(0).outcome == FileOutcome::unavailable);
}

TEST_CASE("phone http: a query is not part of the name") {
  Box box;
  box.shelf.files["a.xml"] = config();
  CHECK(box.ask("GET", "/a.xml?name=SEP001122334455")->status() == 200);
}

TEST_CASE("phone http: streams while the file still arrives, but for the last octet") {
  Box box;
  const ContentPtr content = arriving(10);
  box.shelf.files["apps.sbn"] = content;
  const auto got = box.ask("GET", "/apps.sbn");
  CHECK(got->status() == 200);
  CHECK(got->announced_length() == 10);
  CHECK(got->reply_header("ETag") == "\"fw-1\"");
  CHECK(got->received().empty());
  content->append(as_bytes("01234"));
  CHECK(got->received() == "01234");
  content->append(as_bytes("56789"));
  CHECK(got->received() == "012345678");
  content->finish();
  CHECK(got->received() == "0123456789");
  got->end(true);
  CHECK(box.steps.at(0).outcome == FileOutcome::sent);
}

TEST_CASE("phone http: a file that breaks off cuts the connection") {
  Box box;
  const ContentPtr content = arriving(10);
  box.shelf.files["apps.sbn"] = content;
  const auto got = box.ask("GET", "/apps.sbn");
  content->append(as_bytes("0123456789"));
  content->fail({Errc::unavailable, "the origin closed the connection", 0});
  CHECK(got->aborted());
  CHECK(got->received().size() < 10);
  got->end(false);
  CHECK(box.steps.at(0).outcome == FileOutcome::unavailable);
  CHECK(box.steps.at(0).detail == "the origin closed the connection");
}

TEST_CASE("phone http: without a size it waits for the end") {
  Box box;
  const ContentPtr content = arriving(std::nullopt);
  box.shelf.files["a.xml"] = content;
  const auto got = box.ask("GET", "/a.xml");
  content->append(as_bytes("012"));
  CHECK_FALSE(got->answered());
  content->finish();
  CHECK(got->status() == 200);
  CHECK(got->received() == "012");
}

TEST_CASE("phone http: fails while waiting, and answers then") {
  Box box;
  const auto content = std::make_shared<Content>();
  box.shelf.files["a.xml"] = content;
  const auto got = box.ask("GET", "/a.xml");
  CHECK_FALSE(got->answered());
  content->fail({Errc::not_found, "no origin has it", 0});
  CHECK(got->status() == 404);
}

TEST_CASE("phone http: no answer in time is 503, and what comes later changes nothing") {
  PhoneHttpServer::Options options;
  options.first_answer = std::chrono::milliseconds(20);
  Box box(options);
  const auto content = std::make_shared<Content>();
  box.shelf.files["a.xml"] = content;
  const auto got = box.ask("GET", "/a.xml");
  REQUIRE(box.loop.run_until([&] { return got->answered(); }, std::chrono::seconds(20)));
  CHECK(got->status() == 503);
  content->begin({});
  content->append(as_bytes("late"));
  content->finish();
  CHECK(got->received().find("late") == std::string::npos);
  got->end(true);
  CHECK(box.steps.at(0).outcome == FileOutcome::unavailable);
}

TEST_CASE("phone http: a phone that goes away half-way is reported as aborted, and nothing keeps the content") {
  Box box;
  const ContentPtr content = arriving(10);
  box.shelf.files["apps.sbn"] = content;
  const auto got = box.ask("GET", "/apps.sbn");
  content->append(as_bytes("01"));
  got->end(false);
  CHECK(box.steps.at(0).outcome == FileOutcome::aborted);
  CHECK(box.steps.at(0).octets == 2);
  CHECK(box.server.running() == 0);
  CHECK(content->subscribers() == 0);
}

TEST_CASE("phone http: the phone's browser tells its model beside the agent") {
  Box box;
  const auto got = box.ask(
      "GET", "/a.xml", {{"User-Agent", "Allegro-Software-WebClient/4.34"}, {"x-CiscoIPPhoneModelName", "CP-7965G"}});
  got->end(true);
  CHECK(box.steps.at(0).user_agent == "Allegro-Software-WebClient/4.34 (CP-7965G)");
}

TEST_CASE("phone http: what an origin said of a missing file is for the story, not for whoever asks") {
  Box box;
  box.shelf.files["a"] = Content::failure({Errc::not_found, "http://pbx.example.net:6970/: it has no such file (404)"});
  box.shelf.files["b"] = Content::failure({Errc::forbidden, "http://pbx.example.net:6970/: it refuses (403)"});
  box.shelf.files["c"] = Content::failure({Errc::unavailable, "http://pbx.example.net:6970/: connection refused"});
  for (const char* name : {"/a", "/b", "/c"}) {
    const auto got = box.ask("GET", name);
    CHECK(got->received().find("pbx") == std::string::npos);
    CHECK_FALSE(got->received().empty());
    got->end(true);
    CHECK(box.steps.back().detail.find("pbx") != std::string::npos);
  }
}

TEST_CASE("phone http: who tries too many names waits, is asked to come later, and is in no story") {
  Box box;
  NameBudget names(box.known, {}, 3);
  box.shelf.budget = &names;
  box.shelf.files["SEP001122334455.cnf.xml"] = config();
  names.exists(box.loop.now(), "SEP001122334455.cnf.xml");
  std::shared_ptr<FakeExchange> got;
  for (unsigned i = 0; i < 1000 && (!got || got->status() != 0); ++i)
    got = box.ask("GET", fmt::format("/SEP{:012X}.cnf.xml", i));
  REQUIRE(got->status() == 0);  // it waits
  const std::size_t asked = box.shelf.asked.size();
  CHECK(asked < 260);
  CHECK(box.ask("GET", "/SEP001122334455.cnf.xml")->status() == 200);
  REQUIRE(box.loop.run_until([&] { return got->status() != 0; }, std::chrono::seconds(10)));
  CHECK(got->status() == 503);
  CHECK(box.shelf.asked.size() == asked + 1);
  const std::size_t steps = box.steps.size();
  got->end(true);
  CHECK(box.steps.size() == steps);
  CHECK(names.enumerators().size() == 1);
}
