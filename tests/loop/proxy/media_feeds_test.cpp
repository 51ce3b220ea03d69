#include "sbc/proxy/media_feeds.hpp"

#include <doctest/doctest.h>

using namespace dw;
using namespace dw::proxy;

namespace {

constexpr MediaId kFirst{1}, kSecond{2}, kThird{3}, kFourth{4}, kNoStream = MediaId::none;
using Changes = MediaFeeds::Changes;

/// The first and the second talk.
struct Joined : MediaFeeds {
  Joined() {
    REQUIRE(name(kFirst, kSecond) == Changes{{kFirst, kSecond}});
    REQUIRE(name(kSecond, kFirst) == Changes{{kSecond, kFirst}});
  }
};

}  // namespace

TEST_CASE("who names a stream that talks with somebody gets no word in, and nobody out") {
  Joined feeds;
  CHECK(feeds.name(kThird, kSecond).empty());
  CHECK(feeds.fed_by(kSecond) == kFirst);
  CHECK(feeds.fed_by(kFirst) == kSecond);
  CHECK(feeds.name(kThird, kSecond).empty());  // however often
  CHECK(feeds.name_other(kFourth, false).empty());
  CHECK(feeds.name(kThird, kFourth).empty());  // whose far end is no stream of ours
  CHECK(feeds.fed_by(kFourth) == kNoStream);
}

TEST_CASE("a call that is transferred: who is named back is heard, in whichever order signalling says it") {
  for (const bool new_first : {false, true}) {
    Joined feeds;
    if (new_first) (void)feeds.name(kThird, kSecond);
    (void)feeds.name(kSecond, kThird);
    CHECK(feeds.fed_by(kThird) == kSecond);
    (void)feeds.name(kThird, kSecond);
    CHECK(feeds.fed_by(kSecond) == kThird);
    CHECK(feeds.fed_by(kFirst) == kNoStream);
  }
}

TEST_CASE("an offer that rings at two phones: the one that answers is heard") {
  MediaFeeds feeds;
  CHECK(feeds.name(kSecond, kFirst) == Changes{{kSecond, kFirst}});
  CHECK(feeds.name(kThird, kFirst).empty());
  CHECK(feeds.name(kFirst, kThird) == Changes{{kFirst, kThird}, {kSecond, kNoStream}, {kThird, kFirst}});
  CHECK(feeds.forget(kSecond).empty());
}

TEST_CASE("a stream that has no far end is fed by the first that names it, and by the next when that one leaves") {
  MediaFeeds feeds;
  CHECK(feeds.name(kFirst, kSecond) == Changes{{kFirst, kSecond}});
  CHECK(feeds.name(kThird, kSecond).empty());
  CHECK(feeds.name_other(kFirst, true) == Changes{{kFirst, kNoStream}, {kThird, kSecond}});
  CHECK(feeds.forget(kThird) == Changes{{kThird, kNoStream}});
  CHECK(feeds.fed_by(kSecond) == kNoStream);
}

TEST_CASE("held: who is named no more is heard no more, and the other way goes on") {
  Joined feeds;
  CHECK(feeds.name_other(kFirst, true) == Changes{{kFirst, kNoStream}});
  CHECK(feeds.fed_by(kFirst) == kSecond);
  CHECK(feeds.name(kFirst, kSecond) == Changes{{kFirst, kSecond}});
}

TEST_CASE("a stream whose far end is gone is fed by nobody who comes in between") {
  Joined feeds;
  CHECK(feeds.forget(kFirst) == Changes{{kFirst, kNoStream}, {kSecond, kNoStream}});
  CHECK(feeds.name(kThird, kSecond).empty());
  CHECK(feeds.name_other(kSecond, true) == Changes{{kThird, kSecond}});
  CHECK(feeds.forget(kFirst).empty());
}
