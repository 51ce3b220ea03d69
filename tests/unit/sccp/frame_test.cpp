#include "sbc/sccp/frame.hpp"

#include <doctest/doctest.h>

#include <random>

#include "sbc/sccp/messages.hpp"
#include "tests/support/sccp_vectors.hpp"

using namespace dw;
using namespace dw::sccp;

namespace {

struct Got {
  std::uint32_t id;
  Buffer octets;
};

/// Feeds `stream` in pieces of the given sizes (the last repeats) and gives the frames.
std::vector<Got> cut(FrameStream& stream, Bytes octets, const std::vector<std::size_t>& sizes) {
  std::vector<Got> got;
  std::size_t turn = 0;
  while (!octets.empty()) {
    const std::size_t n = std::min(octets.size(), sizes[std::min(turn++, sizes.size() - 1)]);
    const Buffer piece(octets.begin(), octets.begin() + static_cast<std::ptrdiff_t>(n));
    octets = octets.subspan(n);
    stream.feed(TimePoint{} + std::chrono::seconds(turn), piece);
    while (const auto frame = stream.next())
      got.push_back({frame->id, Buffer(frame->octets.begin(), frame->octets.end())});
  }
  return got;
}

}  // namespace

TEST_CASE("every vector is one frame that writes back as it was, and no proper prefix of it is") {
  std::size_t seen = 0;
  for (const auto& v : test::sccp_vectors()) {
    if (v.name == "C1") continue;
    CAPTURE(v.name);
    const auto frame = parse_frame(v.octets);
    REQUIRE(frame);
    Buffer again;
    write_frame(again, frame->version, frame->id, frame->payload);
    CHECK(again == v.octets);
    for (std::size_t n = 0; n < v.octets.size(); ++n) {
      const auto prefix = parse_frame(Bytes(v.octets).first(n));
      REQUIRE_FALSE(prefix);
      CHECK(prefix.error().code == Errc::truncated);
    }
    ++seen;
  }
  CHECK(seen >= 36);
}

TEST_CASE("seven messages in one segment come out one by one, whatever the split") {
  const auto c1 = test::sccp_vector_named("C1");
  const std::vector<std::uint32_t> ids = {0x0e, 0x28, 0x25, 0x0c, 0x0b, 0x09, 0x2d};
  for (std::size_t size = 1; size <= c1.octets.size(); ++size) {
    CAPTURE(size);
    FrameStream stream;
    const auto got = cut(stream, c1.octets, {size});
    REQUIRE(got.size() == ids.size());
    Buffer joined;
    for (std::size_t i = 0; i < ids.size(); ++i) {
      CHECK(got[i].id == ids[i]);
      joined.insert(joined.end(), got[i].octets.begin(), got[i].octets.end());
    }
    CHECK(joined == c1.octets);
    CHECK_FALSE(stream.partial_since());
  }
}

TEST_CASE("all vectors in one stream, cut at random, keep their order and octets") {
  Buffer all;
  std::size_t count = 0;
  for (const auto& v : test::sccp_vectors()) {
    all.insert(all.end(), v.octets.begin(), v.octets.end());
    count += v.name == "C1" ? 7 : 1;
  }
  std::mt19937 random(2000);
  for (int round = 0; round < 200; ++round) {
    std::vector<std::size_t> sizes(400);
    for (auto& s : sizes)
      s = 1 + random() % 700;
    FrameStream stream;
    Buffer joined;
    const auto got = cut(stream, all, sizes);
    for (const auto& g : got)
      joined.insert(joined.end(), g.octets.begin(), g.octets.end());
    REQUIRE(got.size() == count);
    REQUIRE(joined == all);
  }
}

TEST_CASE("a frame that is not whole says since when") {
  FrameStream stream;
  const Buffer start = {8, 0, 0};
  stream.feed(TimePoint{} + std::chrono::seconds(3), start);
  CHECK_FALSE(stream.next());
  REQUIRE(stream.partial_since());
  CHECK(*stream.partial_since() == TimePoint{} + std::chrono::seconds(3));
  const Buffer more = {0, 0, 0, 0};
  stream.feed(TimePoint{} + std::chrono::seconds(9), more);
  CHECK_FALSE(stream.next());
  CHECK(*stream.partial_since() == TimePoint{} + std::chrono::seconds(3));
}

TEST_CASE("what is not SCCP ends the stream at once") {
  const auto refused = [](Buffer octets) {
    FrameStream stream;
    stream.feed(TimePoint{}, octets);
    const bool nothing = !stream.next();
    return nothing && stream.error().has_value();
  };
  CHECK(refused({3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}));         // a length below 4
  CHECK(refused({0, 0, 0, 0}));                                 // and none at all
  CHECK(refused({0xfd, 0x0f, 0, 0}));                           // 4097 octets in all
  CHECK(refused({0x16, 0x03, 0x01, 0x02}));                     // a TLS ClientHello
  CHECK(refused({'G', 'E', 'T', ' '}));                         // HTTP
  CHECK(refused({'S', 'S', 'H', '-'}));                         // SSH
  CHECK(refused({4, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0}));         // header versions 1, 2
  CHECK(refused({4, 0, 0, 0, 23, 0, 0, 0, 0, 0, 0, 0}));        // and 23
  CHECK_FALSE(refused({4, 0, 0, 0, 21, 0, 0, 0, 0, 0, 0, 0}));  // 21 ended sessions elsewhere
}

TEST_CASE("the longest frame passes and one octet more does not") {
  Buffer longest;
  write_frame(longest, 0, number(MessageId::enhanced_alarm), Buffer(kMaxFrameOctets - kHeaderOctets, 7));
  REQUIRE(longest.size() == kMaxFrameOctets);
  CHECK(parse_frame(longest));
  FrameStream stream;
  CHECK(cut(stream, longest, {1000}).size() == 1);
  Buffer longer;
  write_frame(longer, 0, number(MessageId::enhanced_alarm), Buffer(kMaxFrameOctets - kHeaderOctets + 1, 7));
  const auto refused = parse_frame(longer);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == Errc::too_long);
}
