#include <doctest/doctest.h>

#include <map>
#include <vector>

#include "tests/loop/net/stream_client.hpp"
#include "tests/support/http_talk.hpp"
#include "tftp-proxy/http_server.hpp"

using namespace dw;
using namespace dw::provisioning;
using dw::test::talk;

namespace {

struct OpenShelf : Library {
  ContentPtr open(const FileRequest& request) override {
    const auto found = files.find(request.name);
    return found == files.end() ? Content::failure({Errc::not_found, "no origin has it", 0}) : found->second;
  }
  std::map<std::string, ContentPtr> files;
};

struct OpenBox {
  net::Loop loop;
  OpenShelf shelf;
  KnownSources known{1};
  std::vector<phones::FileStep> steps;
  PhoneHttpServer server{loop, shelf, known, {}, [this](const phones::FileStep& step) { steps.push_back(step); }};
  Endpoint at = *server.listen({*IpAddress::parse("127.0.0.1"), 0});

  /// Waits for the step too: the server hears of the end after the client does.
  std::string ask(const std::string& request, const std::string& enough = "") {
    const std::size_t before = steps.size();
    std::string answer = talk(loop, at, request, enough);
    loop.run_until([&] { return steps.size() > before; }, std::chrono::seconds(20));
    return answer;
  }
};

bool has(const std::string& answer, std::string_view text) {
  return answer.find(text) != std::string::npos;
}

}  // namespace

TEST_CASE("phone http over TCP: the request as the phone writes it") {
  OpenBox box;
  box.shelf.files["CTLSEP001122334455.tlv"] = Content::of(to_buffer("0123456789"), {});
  // No blank after "Host:", no User-Agent, no Accept (cisco-provisioning §1.5); the phone closes by itself.
  const std::string answer =
      box.ask("GET /CTLSEP001122334455.tlv HTTP/1.1\r\nHost:127.0.0.1:6970\r\n\r\n", "0123456789");
  CHECK(answer.starts_with("HTTP/1.1 200 OK\r\n"));
  CHECK(has(answer, "Content-Length: 10\r\n"));
  CHECK_FALSE(has(answer, "Transfer-Encoding"));
  CHECK_FALSE(has(answer, "Content-Encoding"));
  CHECK(answer.ends_with("\r\n\r\n0123456789"));
  REQUIRE(box.steps.size() == 1);
  CHECK(box.steps[0].peer.address.is_loopback());
  CHECK(box.steps[0].octets == 10);
  CHECK(box.steps[0].outcome == phones::FileOutcome::sent);
}

TEST_CASE("phone http over TCP: HTTP/1.0, HEAD, and several requests on one connection") {
  OpenBox box;
  box.shelf.files["a.xml"] = Content::of(to_buffer("<a/>"), {});
  CHECK(has(box.ask("GET /a.xml HTTP/1.0\r\n\r\n"), "\r\n\r\n<a/>"));
  const std::string head = talk(box.loop, box.at, "HEAD /a.xml HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  CHECK(has(head, "Content-Length: 4\r\n"));
  CHECK(head.ends_with("\r\n\r\n"));
  const std::string both =
      box.ask("GET /a.xml HTTP/1.1\r\nHost: x\r\n\r\nGET /b.xml HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  CHECK(has(both, "HTTP/1.1 200"));
  CHECK(has(both, "HTTP/1.1 404"));
}

TEST_CASE("phone http over TCP: an unchanged file, and what is missing") {
  OpenBox box;
  box.shelf.files["a.xml"] = Content::of(to_buffer("<a/>"), {});
  const std::string first = box.ask("GET /a.xml HTTP/1.0\r\n\r\n");
  const std::size_t begin = first.find("ETag: ") + 6;
  const std::string tag = first.substr(begin, first.find("\r\n", begin) - begin);
  const std::string second = box.ask("GET /a.xml HTTP/1.0\r\nIf-None-Match: " + tag + "\r\n\r\n");
  CHECK(second.starts_with("HTTP/1."));
  CHECK(has(second, " 304 "));
  CHECK(second.ends_with("\r\n\r\n"));
  const std::string missing = box.ask("GET /b.xml HTTP/1.0\r\n\r\n");
  CHECK(has(missing, " 404 "));
  CHECK(has(missing, "There is no such file"));
}

TEST_CASE("phone http over TCP: a big file that arrives in parts comes out whole") {
  OpenBox box;
  Buffer whole(3'000'000);
  for (std::size_t i = 0; i < whole.size(); ++i)
    whole[i] = static_cast<std::uint8_t>(i * 2654435761U >> 13);
  auto content = std::make_shared<Content>();
  ContentMeta meta;
  meta.size = whole.size();
  content->begin(meta);
  box.shelf.files["apps.sbn"] = content;
  std::size_t sent = 0;
  net::Timer feed(box.loop, [&] {
    const std::size_t count = std::min<std::size_t>(70'000, whole.size() - sent);
    content->append(Bytes(whole).subspan(sent, count));
    sent += count;
    if (sent == whole.size()) return content->finish();
    feed.arm_after(std::chrono::milliseconds(1));
  });
  feed.arm_after(std::chrono::milliseconds(1));
  const std::string answer = box.ask("GET /apps.sbn HTTP/1.0\r\n\r\n");
  const std::size_t body = answer.find("\r\n\r\n") + 4;
  REQUIRE(answer.size() - body == whole.size());
  CHECK(std::string_view(answer).substr(body) == as_text(whole));
}

TEST_CASE("phone http over TCP: a file that breaks off is cut short of its length") {
  OpenBox box;
  auto content = std::make_shared<Content>();
  ContentMeta meta;
  meta.size = 100'000;
  content->begin(meta);
  content->append(Buffer(100'000, 'x'));
  box.shelf.files["apps.sbn"] = content;
  net::Timer breaks(box.loop, [&] { content->fail({Errc::unavailable, "the origin is gone", 0}); });
  breaks.arm_after(std::chrono::milliseconds(50));
  const std::string answer = box.ask("GET /apps.sbn HTTP/1.0\r\n\r\n");
  CHECK(answer.size() - (answer.find("\r\n\r\n") + 4) < 100'000);
  REQUIRE(box.steps.size() == 1);
  CHECK(box.steps[0].outcome == phones::FileOutcome::unavailable);
}

TEST_CASE("phone http over TCP: a server that goes while somebody waits leaves nothing behind") {
  net::Loop loop;
  OpenShelf shelf;
  KnownSources known{1};
  const auto content = std::make_shared<Content>();
  shelf.files["a.xml"] = content;
  unsigned steps = 0;
  auto server = std::make_unique<PhoneHttpServer>(loop, shelf, known, PhoneHttpServer::Options{},
                                                  [&](const phones::FileStep&) { ++steps; });
  const Endpoint at = *server->listen({*IpAddress::parse("127.0.0.1"), 0});
  dw::test::Wire wire(at);
  wire.send("GET /a.xml HTTP/1.0\r\n\r\n");
  REQUIRE(loop.run_until([&] { return server->running() == 1; }, std::chrono::seconds(20)));
  server.reset();
  CHECK(content->subscribers() == 0);
  content->fail({Errc::unavailable, "late", 0});
  CHECK(steps == 0);
}

TEST_CASE("phone http over TCP: a port that is taken is an error in a sentence") {
  OpenBox box;
  const auto again = box.server.listen(box.at);
  REQUIRE_FALSE(again);
  CHECK(again.error().code == Errc::system);
  CHECK(again.error().text.find(box.at.to_string()) != std::string::npos);
}

TEST_CASE("whom access.networks keeps out has its connection closed unread, and comes in when a reload lets it") {
  OpenBox box;
  net::AccessGate gate({*IpNetwork::parse("192.0.2.0/24")});
  box.server.set_gate(gate);
  box.shelf.files["f"] = Content::of(to_buffer("0123456789"), {});
  CHECK(talk(box.loop, box.at, "GET /f HTTP/1.1\r\nHost: h\r\n\r\n").empty());
  CHECK(gate.refusals(net::Door::http) == 1);
  CHECK(box.steps.empty());
  gate.set({*IpNetwork::parse("127.0.0.0/8")});
  CHECK(box.ask("GET /f HTTP/1.1\r\nHost: h\r\n\r\n", "0123456789").starts_with("HTTP/1.1 200"));
}

TEST_CASE(
    "phone http over TCP: strangers that hold connections keep neither a known phone nor a new one from its file") {
  net::Loop loop;
  OpenShelf shelf;
  KnownSources known{1};
  shelf.files["a.xml"] = Content::of(to_buffer("0123456789"), {});
  PhoneHttpServer::Options options;
  options.max_connections = 64;
  options.max_connections_per_source = 16;
  PhoneHttpServer server(loop, shelf, known, options, [](const phones::FileStep&) {});
  const auto v4 = server.listen({*IpAddress::parse("0.0.0.0"), 0}), v6 = server.listen({*IpAddress::parse("::1"), 0});
  REQUIRE(v4);
  REQUIRE(v6);
  const Endpoint at{*IpAddress::parse("127.0.0.1"), v4->port};
  const auto from = [](unsigned n) { return IpAddress::v4(0x7f000000U + n); };
  std::vector<std::unique_ptr<dw::test::StreamClient>> idle;
  const auto hold = [&](const Endpoint& where, const IpAddress& source) {
    idle.push_back(std::make_unique<dw::test::StreamClient>(where, 0, source));
    idle.back()->send("GET /a.xml HTTP/1.1\r\n");  // the rest never comes
    loop.run_until([] { return false; }, std::chrono::milliseconds(1));
  };
  const auto held = [&] {
    return std::ranges::count_if(idle, [](auto& client) {
      client->read();
      return !client->ended();
    });
  };
  for (unsigned n = 0; n < 200; ++n)
    hold(*v6, *IpAddress::parse("::1"));
  CHECK(loop.run_until([&] { return held() == 16; }, std::chrono::seconds(20)));
  for (unsigned n = 0; n < 200; ++n)
    hold(at, from(20 + n % 10));
  CHECK(loop.run_until([&] { return held() == 32; }, std::chrono::seconds(20)));
  const auto gets_it = [&](const IpAddress& source) {
    dw::test::StreamClient phone(at, 0, source);
    phone.send("GET /a.xml HTTP/1.1\r\nHost:h\r\nConnection: close\r\n\r\n");
    loop.run_until(
        [&] {
          phone.read();
          return phone.ended();
        },
        std::chrono::seconds(20));
    return phone.body() == "0123456789";
  };
  CHECK(gets_it(from(5)));
  CHECK(known.known(loop.now(), from(5)));  // now it is known
  for (unsigned n = 0; n < 20; ++n) {
    hold(at, from(20 + n % 10));
    CHECK(gets_it(from(5)));
    CHECK(gets_it(from(100 + n)));
  }
  MetricsText out;
  server.append_metrics(out);
  CHECK(out.text().find("dropwire_table_bound{table=\"http_connections\"} 64\n") != std::string::npos);
}
