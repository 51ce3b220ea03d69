#include "tftp-proxy/core/http_probe.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "sbc/base/difference.hpp"

using namespace dw;
using namespace dw::provisioning;

namespace {

const Endpoint kPeer = *Endpoint::parse("203.0.113.101:50000");
const Endpoint kLocal = *Endpoint::parse("192.168.1.10:50000");
using Fields = std::vector<std::pair<std::string, std::string>>;

std::string response(const Fields& arrived) {
  const std::string body = http_probe_body(kPeer, arrived);
  return fmt::format("HTTP/1.1 200 OK\r\nDate: now\r\nContent-Length: {}\r\n\r\n{}", body.size(), body);
}
Fields sent() {
  return {{"Host", "pbx:6970"},
          {"User-Agent", "Dropwire"},
          {"Accept", "*/*"},
          {"Dropwire-Probe", "192.168.1.10:50000"},
          {"Connection", "close"}};
}

}  // namespace

TEST_CASE("http probe: nothing changed, and a proxy that adds itself") {
  const std::string asked = make_http_probe(kLocal, "pbx:6970");
  auto reported = parse_http_probe(response(sent()));
  REQUIRE(reported);
  CHECK(reported->seen_from == kPeer);
  CHECK(differences_of(asked, reported->request).empty());

  Fields changed = sent();
  changed[3].second = "203.0.113.101:50000";
  changed.emplace_back("Via", "1.1 proxy");
  reported = parse_http_probe(response(changed));
  REQUIRE(reported);
  CHECK(differences_of(asked, reported->request) ==
        std::vector<Difference>{{"Dropwire-Probe", "192.168.1.10:50000", "203.0.113.101:50000"},
                                {"Via", "", "1.1 proxy"}});
}

TEST_CASE("http probe: every prefix of an answer waits for more") {
  const std::string whole = response(sent());
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const auto reported = parse_http_probe(whole.substr(0, size));
    REQUIRE_FALSE(reported);
    CHECK(reported.error().code == Errc::truncated);
  }
}

TEST_CASE("http probe: other servers") {
  for (const std::string_view text :
       {"HTTP/1.1 404 Not Found\r\nContent-Length: 3\r\n\r\nno\n", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nyes",
        "HTTP/1.1 200 OK\r\n\r\n", "SSH-2.0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999\r\n\r\nfrom="}) {
    const auto reported = parse_http_probe(text);
    REQUIRE_FALSE(reported);
    CHECK(reported.error().code == Errc::malformed);
  }
  CHECK(parse_http_probe(std::string(5000, 'x')).error().code == Errc::malformed);
}

TEST_CASE("http probe: a long header is cut at whole lines") {
  const std::string body = http_probe_body(kPeer, Fields(1000, {"X", std::string(100, 'y')}));
  CHECK(body.size() <= kMaxHttpProbe);
  CHECK(body.ends_with("y\n"));
}
