#include "sbc/base/signalling_event.hpp"

#include <doctest/doctest.h>

namespace dw {

TEST_CASE("signalling event: a name stands for one event, and an unknown one for none") {
  for (auto event = SignallingEvent::connected; event <= SignallingEvent::asked;
       event = static_cast<SignallingEvent>(static_cast<int>(event) + 1)) {
    CAPTURE(to_string(event));
    CHECK(signalling_event(to_string(event)) == event);
  }
  CHECK_FALSE(signalling_event(""));
  CHECK_FALSE(signalling_event("Registered"));
}

TEST_CASE("signalling event: what a story has stands in it as itself") {
  for (auto event = SignallingEvent::connected; event <= SignallingEvent::asked;
       event = static_cast<SignallingEvent>(static_cast<int>(event) + 1)) {
    CAPTURE(to_string(event));
    const auto kept = in_story(event);
    CHECK(kept.has_value() == (event < SignallingEvent::call_up));
    if (kept) CHECK(in_story(*kept) == kept);
  }
  CHECK(in_story(SignallingEvent::moved) == SignallingEvent::registered);
  CHECK(in_story(SignallingEvent::expired) == SignallingEvent::phone_lost);
}

}  // namespace dw
