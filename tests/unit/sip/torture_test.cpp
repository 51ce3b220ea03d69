// Each message of RFC 4475 and RFC 5118 by name: what tests/fixtures/sip/torture.txt says a proxy must do is
// what follows from what the parser tells of it.
#include <doctest/doctest.h>

#include <memory>

#include "sbc/sip/message.hpp"
#include "tests/unit/sip/sip_fixtures.hpp"

using namespace dw;
using namespace dw::sip;

namespace {

bool has_bad_contact(const Message& message) {
  for (const Field& field : message.fields()) {
    if (field.name != FieldName::contact) continue;
    std::string_view left = message.value(field);
    while (const auto value = next_value(left)) {
      if (!parse_name_addr(*value)) return true;
    }
  }
  return false;
}

/// Where a response would go once our own Via is off it.
std::string_view next_hop(const Message& message) {
  std::size_t seen = 0;
  for (const Field& field : message.fields()) {
    if (field.name != FieldName::via) continue;
    std::string_view left = message.value(field);
    while (const auto value = next_value(left)) {
      if (seen++ != 1) continue;
      const auto via = parse_via(*value);
      return via ? via->host : std::string_view{};
    }
  }
  return {};
}

/// What RFC 3261 §16.3 asks of a proxy, from what the parser tells.
std::string judged(const Message& message) {
  if (!message.is_request()) {
    const auto hop = IpAddress::parse(next_hop(message));
    return message.fault() || (hop && hop->is_broadcast()) ? "drop" : "forward";
  }
  if (message.fault()) return "reject " + std::to_string(message.fault()->status);
  const auto uri = parse_uri(message.request_uri());
  if (!uri) return "reject 400";
  if (!uri->is_sip()) return "reject 416";
  if (!uri->headers.empty() || has_bad_contact(message) || message.via().branch == "z9hG4bK")
    return "reject 400";
  if (message.max_forwards() == 0U) return "reject 483";
  if (message.find(FieldName::proxy_require)) return "reject 420";
  return "forward";
}

std::string judged(const std::string& text) {
  const auto message = std::make_unique<Message>();
  return message->parse(as_bytes(text)) ? judged(*message) : "drop";
}

/// "reject 400/501" allows both; "reject 400/drop" too.
bool allows(const std::string& what, const std::string& verdict) {
  const auto slash = what.find('/');
  if (slash == what.npos) return what == verdict;
  const std::string second = what.substr(slash + 1);
  return verdict == what.substr(0, slash) || verdict == second || verdict == "reject " + second;
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
    const std::string verdict = judged(test::fixture(name).text);
    CAPTURE(verdict);
    CAPTURE(what);
    CHECK(allows(what, verdict));
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
