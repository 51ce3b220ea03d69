// Phone services through the HTTP door, where configs' URLs are rewritten: asked as a phone asks, of services that a
// test scripts.
#include "tests/loop/tftp_proxy/pipeline_fixture.hpp"
#include "tests/support/fake_exchange.hpp"
#include "tftp-proxy/http_server.hpp"

namespace dw::test {
namespace {

constexpr const char* kBrowser = "Allegro-Software-WebClient/4.34";

std::string config_with(const std::string& services) {
  return "<device><devicePool><callManagerGroup><members><member priority=\"0\"><callManager><processNodeName>198.51.100.10"
         "</processNodeName></callManager></member></members></callManagerGroup></devicePool><servicesURL>" +
         services + "</servicesURL></device>";
}

/// A box whose configs' URLs are rewritten, and its HTTP door.
struct ServiceBox : PipelineUnderTest {
  explicit ServiceBox(std::vector<std::string> origins) : PipelineUnderTest(std::move(origins)) {
    options.rewriting.urls = Action::rewrite;
    options.service_key = "a key";
    start();
    door = std::make_unique<PhoneHttpServer>(loop, *pipeline, known, PhoneHttpServer::Options{},
                                             [this](const phones::FileStep& step) { steps.push_back(step); });
  }
  ~ServiceBox() { door.reset(); }
  std::shared_ptr<FakeExchange> ask(const std::string& target, std::map<std::string, std::string> headers = {}) {
    auto exchange = std::make_shared<FakeExchange>("GET", target, std::move(headers));
    door->handle(exchange);
    CHECK(loop.run_until([&] { return exchange->answered(); }, 20s));
    exchange->end(true);
    return exchange;
  }
  /// The servicesURL that a phone has from its config, without scheme and host.
  std::string services_path() {
    const std::string text(ask("/SEP001122334455.cnf.xml")->received());
    const std::string begin = "<servicesURL>http://192.0.2.1:6970", end = "</servicesURL>";
    const auto at = text.find(begin);
    REQUIRE_MESSAGE(at != text.npos, text);
    return text.substr(at + begin.size(), text.find(end) - at - begin.size());
  }
  KnownSources known{1};
  std::vector<phones::FileStep> steps;
  std::unique_ptr<PhoneHttpServer> door;
};

std::string target_of(const std::string& head) {
  return path_of(head);
}

}  // namespace

TEST_CASE("a service is asked where the config says it is, with its query and the phone's own headers") {
  ScriptedOrigin service([](ScriptedOrigin::Peer& peer, const std::string&) {
    peer.send(http_ok(
        "<CiscoIPPhoneMenu><MenuItem><URL>/next.php?a=1&amp;b=2</URL></MenuItem></CiscoIPPhoneMenu>",
        "Content-Type: text/xml; charset=ISO-8859-1\r\nSet-Cookie: s=1\r\nRefresh: 5; url=/again.php\r\nExpires: -1\r\n"));
  });
  ScriptedOrigin files([&](ScriptedOrigin::Peer& peer, const std::string& head) {
    peer.send(head.contains("/SEP") ? http_ok(config_with(service.url("/cisco/menu.php?l=2"))) : http_status(404));
  });
  ServiceBox box({files.url("/")});
  const std::string path = box.services_path();
  const auto page =
      box.ask(path + "&locale=English_United_States&name=SEP001122334455", {{"User-Agent", kBrowser},
                                                                            {"Accept", "x-CiscoIPPhone/*,text/*"},
                                                                            {"x-CiscoIPPhoneModelName", "CP-7965G"},
                                                                            {"Cookie", "s=0"},
                                                                            {"X-Other", "no"}});
  CHECK(page->status() == 200);
  CHECK(page->reply_header("Content-Type") == "text/xml; charset=ISO-8859-1");
  CHECK(page->reply_header("Set-Cookie") == "s=1");
  CHECK(page->reply_header("Expires") == "-1");
  CHECK(page->reply_header("Cache-Control") == "no-store");
  REQUIRE(service.requests().size() == 1);
  const std::string head = service.requests().front();
  CHECK(target_of(head) == "/cisco/menu.php?l=2&locale=English_United_States&name=SEP001122334455");
  CHECK(head.contains(std::string("User-Agent: ") + kBrowser + "\r\n"));
  CHECK(head.contains("x-CiscoIPPhoneModelName: CP-7965G\r\n"));
  CHECK(head.contains("Cookie: s=0\r\n"));
  CHECK_FALSE(head.contains("X-Other"));
  CHECK(head.contains("Accept-Encoding: identity\r\n"));
  // Its links lead on through us: to the same service, also after a restart of the box.
  const std::string prefix = path.substr(0, path.find('/', 1));
  CHECK(page->received() ==
        "<CiscoIPPhoneMenu><MenuItem><URL>" + prefix + "/next.php?a=1&amp;b=2</URL></MenuItem></CiscoIPPhoneMenu>");
  CHECK(page->reply_header("Refresh") == "5; url=" + prefix + "/again.php");
  ServiceBox after({files.url("/")});
  CHECK(after.ask(prefix + "/next.php?a=1&b=2")->status() == 200);
  CHECK(target_of(service.requests().back()) == "/next.php?a=1&b=2");
  CHECK(box.steps.size() == 1);  // the config; pages are in nobody's story
  CHECK_FALSE(box.cached("next.php"));
}

TEST_CASE("each phone's page is its own: none is kept for another") {
  Shared<int> count(0);
  ScriptedOrigin files([&](ScriptedOrigin::Peer& peer, const std::string&) {
    count = count.get() + 1;
    peer.send(http_ok("<CiscoIPPhoneText><Text>" + std::to_string(count.get()) + "</Text></CiscoIPPhoneText>"));
  });
  ServiceBox box({files.url("/")});
  CHECK(box.ask("/menu.php?name=SEP001122334455")->received().contains("<Text>1<"));
  const auto second = box.ask("/menu.php?name=SEP001122334466");
  CHECK(second->received().contains("<Text>2<"));
  CHECK(second->reply_header("Content-Type") == "text/xml");
  CHECK(box.cache.held.empty());
}

TEST_CASE("no config leaves as it is at the origin by way of a service") {
  const std::string original = config_with("http://pbx.example.net/x");
  ScriptedOrigin files([&](ScriptedOrigin::Peer& peer, const std::string&) { peer.send(http_ok(original)); });
  ServiceBox box({files.url("/")});
  const std::string path = box.services_path();
  const std::string prefix = path.substr(0, path.find('/', 1));
  CHECK_FALSE(box.ask("/SEP001122334455.cnf.xml?x=1")->received().contains("198.51.100.10"));
  CHECK_FALSE(box.ask("/SEP001122334455%2Ecnf.xml?x=1")->received().contains("198.51.100.10"));
  CHECK(box.ask(prefix + "/SEP001122334455.cnf.xml")->status() == 403);
  CHECK(box.ask(prefix + "/get.php?file=SEP001122334455.cnf.xml")->status() == 403);
  CHECK(box.ask(prefix + "/%2e%2e/secret?x=1")->status() == 403);
}

TEST_CASE("the door fetches from no place that nobody of the operator's named") {
  ScriptedOrigin other([](ScriptedOrigin::Peer& peer, const std::string&) { peer.send(http_ok("secret")); });
  ScriptedOrigin files([](ScriptedOrigin::Peer& peer, const std::string&) { peer.send(http_status(404)); });
  ServiceBox box({files.url("/")});
  const ServicePlace place{false, "127.0.0.1", split_url(other.url("/"))->place.port};
  const std::string forged = place_path(place, [](std::string_view) { return std::string(64, '0'); });
  CHECK(box.ask(forged + "/x")->status() == 404);
  CHECK(other.requests().empty());
}

TEST_CASE("a service that redirects is followed, and one that is away or has no page is said so") {
  ScriptedOrigin files([](ScriptedOrigin::Peer& peer, const std::string& head) {
    if (head.starts_with("GET /old.php")) return peer.send(http_status(302, "", "Location: new.php?y=2\r\n"));
    if (head.starts_with("GET /loop.php")) return peer.send(http_status(302, "", "Location: /loop.php\r\n"));
    if (head.starts_with("GET /steal.php"))
      return peer.send(http_status(302, "", "Location: /SEP001122334455.cnf.xml\r\n"));
    if (head.starts_with("GET /new.php?y=2"))
      return peer.send(http_ok("<CiscoIPPhoneText/>", "Content-Type: text/html\r\n"));
    if (head.starts_with("GET /busy.php")) return peer.send(http_status(500));
    peer.send(http_status(404));
  });
  ServiceBox box({files.url("/")});
  const auto page = box.ask("/old.php?x=1");
  CHECK(page->status() == 200);
  CHECK(page->reply_header("Content-Type") == "text/xml");
  CHECK(box.ask("/loop.php?x=1")->status() == 503);
  CHECK(box.ask("/steal.php?x=1")->status() == 503);
  CHECK(box.ask("/busy.php?x=1")->status() == 503);
  CHECK(box.ask("/none.php?x=1")->status() == 404);
}

TEST_CASE("where URLs are not rewritten a query changes nothing") {
  ScriptedOrigin files([](ScriptedOrigin::Peer& peer, const std::string&) { peer.send(http_ok("a")); });
  ServiceBox box({files.url("/")});
  box.options.rewriting.urls = Action::leave;
  box.pipeline->reconfigure(box.options);
  CHECK(box.ask("/ringlist.xml?x=1")->status() == 200);
  CHECK(target_of(files.requests().front()) == "/ringlist.xml");
  CHECK(box.ask("/~0123456789abcdef~http~127.0.0.1~80/x")->status() == 403);
}

TEST_CASE("a page that is on its way outlives a reload") {
  Gate gate;
  ScriptedOrigin files([&](ScriptedOrigin::Peer& peer, const std::string&) {
    gate.pass();
    peer.send(http_ok("<CiscoIPPhoneText/>"));
  });
  ServiceBox box({files.url("/")});
  auto exchange = std::make_shared<FakeExchange>("GET", "/menu.php?x=1");
  box.door->handle(exchange);
  REQUIRE(box.loop.run_until([&] { return files.requests().size() == 1; }, 20s));
  box.pipeline->reconfigure(box.options);
  gate.open();
  REQUIRE(box.loop.run_until([&] { return exchange->answered(); }, 20s));
  CHECK(exchange->status() == 200);
  exchange->end(true);
}

TEST_CASE("a device's pages are for who may have its files") {
  ScriptedOrigin files(
      [](ScriptedOrigin::Peer& peer, const std::string&) { peer.send(http_ok("<CiscoIPPhoneText/>")); });
  ServiceBox box({files.url("/")});
  Admissions admissions;
  admissions.set_phones(Admissions::Phones::known);
  box.pipeline->use(admissions);
  CHECK(box.ask("/mine.php?name=SEP001122334455")->status() == 404);
  CHECK(box.ask("/news.php?l=1")->status() == 200);
  CHECK(files.requests().size() == 1);
}

}  // namespace dw::test
