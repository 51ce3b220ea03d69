// Each message of RFC 4475 and RFC 5118 by name: tests/fixtures/sip/torture.txt says what a proxy must do
// with it.
#include <doctest/doctest.h>

#include <memory>

#include "sbc/sip/message.hpp"
#include "sbc/sip/proxy.hpp"
#include "sbc/sip/response.hpp"
#include "tests/support/sccp_fake_broker.hpp"
#include "tests/unit/sip/sip_fixtures.hpp"

using namespace dw;
using namespace dw::sip;

namespace {

/// What the parser and check_request() say of a message.
std::string judged(const std::string& text) {
  const auto message = std::make_unique<Message>();
  if (!message->parse(as_bytes(text))) return "drop";
  if (!message->is_request()) return message->fault() ? "drop" : "forward";
  const auto fault = check_request(*message);
  return fault ? "reject " + std::to_string(fault->status) : "forward";
}

/// "reject 400/501" allows both, as does "reject 400/drop".
bool allows(const std::string& what, const std::string& verdict) {
  const auto slash = what.find('/');
  if (slash == what.npos) return what == verdict;
  const std::string second = what.substr(slash + 1);
  return verdict == what.substr(0, slash) || verdict == second || verdict == "reject " + second;
}

const Endpoint kPhone{IpAddress::v4(0xcb007107), 50933};  // 203.0.113.7
const Endpoint kServer{IpAddress::v4(0xc633640a), 5060};  // 198.51.100.10
const Endpoint kPhoneSide{IpAddress::v4(0xcb007101), 5060};
const Endpoint kCentralSide{IpAddress::v4(0xc6336401), 5060};

/// A proxy between a phone that it knows nothing of and one central server.
struct Proxied {
  explicit Proxied(const std::string& text) {
    proxy.set_server_addresses(0, {{kServer, kCentralSide}});
    proxy.on_message(now, {Transport::udp, kPhoneSide, kPhone, ConnectionId::none}, as_bytes(text), out);
    for (const Output::Send& send : out.sends) {
      if (send.to.peer == kServer) {
        verdict = "forward";
        forwarded = send.octets;
      } else if (const auto message = std::make_unique<Message>();
                 verdict.empty() && message->parse(as_bytes(send.octets)) && message->status() >= 200) {
        CHECK(send.to.peer.address == kPhone.address);
        verdict = message->status() < 300 ? "answer" : "reject " + std::to_string(message->status());
        answer = send.octets;
      }
    }
    if (verdict.empty()) verdict = "drop";
  }

  static ProxyOptions options() {
    ProxyOptions o;
    o.servers = {{Transport::udp, {"198.51.100.10", 5060}}};
    return o;
  }

  TimePoint now{};
  std::uint64_t last = 0;
  sim::FakeBroker broker;
  KnownSources known{1};
  Proxy proxy{options(), broker, known, [this] { return ++last * 0x9e3779b97f4a7c15; }};
  Output out;
  std::string verdict, forwarded, answer;
};

/// The fields that a proxy has no business in, as they stand.
std::vector<std::string> others(const Message& m) {
  std::vector<std::string> out;
  for (const Field& f : m.fields()) {
    switch (f.name) {
      case FieldName::via:
      case FieldName::route:
      case FieldName::record_route:
      case FieldName::contact:
      case FieldName::max_forwards:
      case FieldName::content_length:
        continue;
      default:
        out.emplace_back(m.text().substr(f.begin, f.end - f.begin));
    }
  }
  return out;
}

std::vector<std::string> vias(const Message& m) {
  std::vector<std::string> out;
  for (const Field& f : m.fields()) {
    if (f.name != FieldName::via) continue;
    std::string_view left = m.value(f);
    while (const auto value = next_value(left))
      out.emplace_back(*value);
  }
  return out;
}

}  // namespace

TEST_CASE("the two RFCs' messages are all there, and torture.txt names each once") {
  std::vector<std::string> files, named;
  for (const char* folder : {"rfc4475", "rfc5118"}) {
    for (const auto& [name, text] : test::fixtures(folder))
      files.push_back(name);
  }
  for (const auto& line : test::torture())
    named.push_back(line.name);
  std::ranges::sort(files);
  std::ranges::sort(named);
  CHECK(files.size() == 61);
  CHECK(named == files);
  CHECK(test::fixtures("rfc4475").size() == 49);
}

TEST_CASE("each torture message gets what torture.txt says") {
  for (const auto& [name, what, why] : test::torture()) {
    CAPTURE(name);
    CAPTURE(why);
    const std::string text = test::fixture(name).text;
    const auto message = std::make_unique<Message>();
    const bool response = message->parse(as_bytes(text)) && !message->is_request();
    // Three are judged by what is known beside the message.
    const std::string verdict = judged(text);
    CAPTURE(verdict);
    CAPTURE(what);
    if (name != "zeromf" && name != "bcast" && name != "badbranch") CHECK(allows(what, verdict));
    const Proxied proxied(text);
    CAPTURE(proxied.verdict);
    if (response) {
      CHECK(proxied.verdict == "drop");  // nobody asked for it
    } else if (what == "forward" && !message->to_tag().empty()) {
      CHECK(proxied.verdict == "reject 481");  // of a dialog that we know nothing of
    } else {
      CHECK(allows(what, proxied.verdict));
    }
  }
}

TEST_CASE("what is forwarded of a torture message keeps every field that is not ours to change, octet for octet") {
  std::size_t forwarded = 0;
  for (const auto& fixture : test::all_fixtures()) {
    CAPTURE(fixture.name);
    const Proxied proxied(fixture.text);
    if (proxied.forwarded.empty()) continue;
    ++forwarded;
    const auto was = std::make_unique<Message>(), is = std::make_unique<Message>();
    REQUIRE(was->parse(as_bytes(fixture.text)));
    REQUIRE(is->parse(as_bytes(proxied.forwarded)));
    CHECK_FALSE(is->fault());
    CHECK(is->text().size() == proxied.forwarded.size());
    CHECK(is->content_length() == is->body().size());
    CHECK(is->method_text() == was->method_text());
    CHECK(is->request_uri() == was->request_uri());
    CHECK(others(*is) == others(*was));
    CHECK(is->max_forwards() == was->max_forwards().value_or(71) - 1);
    CHECK_FALSE(is->find(FieldName::route));
    CHECK_FALSE(is->find(FieldName::record_route));
    const auto after = vias(*is);
    REQUIRE(after.size() == 1);  // ours; the others stand in the answers again
    CHECK(after[0].starts_with("SIP/2.0/"));
    CHECK(is->via().branch.starts_with("z9hG4bK"));
    const bool sdp = starts_with_ignoring_case(was->value_of(FieldName::content_type), "application/sdp");
    if (!sdp) CHECK(is->body() == was->body());
  }
  CHECK(forwarded > 30);
}

TEST_CASE("what a proxy refuses with says what RFC 4475 asks of it") {
  const Proxied extension(test::fixture("bext01").text);
  CHECK(extension.answer.starts_with("SIP/2.0 420 "));
  CHECK(extension.answer.find("\r\nUnsupported: noProxiesSupportThis, norDoAnyProxiesSupportThis\r\n") !=
        std::string::npos);
  const Proxied version(test::fixture("badvers").text);
  CHECK(version.answer.starts_with("SIP/2.0 505 "));
  CHECK(version.answer.find("\r\nVia: SIP/7.0/UDP c.example.com;branch=z9hG4bKkdjuw;received=203.0.113.7\r\n") !=
        std::string::npos);
}

TEST_CASE("a header field whose name is no token is refused, lest others read another name there") {
  for (const std::string_view name :
       {std::string_view("Vi a"), std::string_view("\0Contact", 8), std::string_view("Con\0tact", 8),
        std::string_view("\x7fTo"), std::string_view("Ro(ute"), std::string_view("\xc3\x9c")}) {
    std::string text = test::fixture("lwsdisp").text;
    text.insert(text.find("l: 0"), std::string(name) + ": x\r\n");
    CAPTURE(text);
    CHECK(judged(text) != "forward");
  }
}

TEST_CASE("whatever phones and servers really say is forwarded") {
  for (const char* folder : {"cisco", "servers"}) {
    for (const auto& [name, text] : test::fixtures(folder)) {
      CAPTURE(name);
      CHECK(judged(text) == "forward");
    }
  }
}

TEST_CASE("a version of which we know nothing is answered 505, and its Via is where to (RFC 4475 badvers)") {
  const std::string text = test::fixture("badvers").text;
  const auto message = std::make_unique<Message>();
  REQUIRE(message->parse(as_bytes(text)));
  REQUIRE(message->fault());
  CHECK(message->fault()->status == 505);
  CHECK(message->via().host == "c.example.com");
  CHECK(message->via().branch == "z9hG4bKkdjuw");
}
