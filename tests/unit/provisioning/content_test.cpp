#include "tftp-proxy/core/content.hpp"

#include <doctest/doctest.h>

using namespace dw;
using namespace dw::provisioning;

namespace {

Buffer some_octets(std::string_view text) {
  const Bytes octets = as_bytes(text);
  return {octets.begin(), octets.end()};
}

}  // namespace

TEST_CASE("a content takes a whole file without copying it") {
  Buffer whole = some_octets("a whole file");
  const std::uint8_t* const there = whole.data();
  Content content;
  content.begin({});
  content.take(std::move(whole));
  content.finish();
  CHECK(content.state() == Content::State::complete);
  CHECK(as_text(content.octets()) == "a whole file");
  CHECK(content.octets().data() == there);
}

TEST_CASE("a content takes nothing behind octets that are out, nor before it has begun") {
  Content content;
  content.take(some_octets("too early"));
  CHECK(content.octets().empty());
  content.begin({});
  content.append(as_bytes("some"));
  content.take(some_octets("too late"));
  CHECK(as_text(content.octets()) == "some");
}

TEST_CASE("a whole file of another size than the origin promised is a failure") {
  Content content;
  content.begin({.size = 5, .etag = {}, .last_modified = {}, .origin = {}});
  content.take(some_octets("four"));
  content.finish();
  CHECK(content.state() == Content::State::failed);
}
