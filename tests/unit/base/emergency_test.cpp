#include "sbc/base/emergency.hpp"

#include <doctest/doctest.h>

namespace dw {

TEST_CASE("a call for help is known by the whole number, however it is written") {
  const std::vector<std::string> numbers = {"112", "911", "9911"};
  for (const char* dialled : {"112", "911", "9911", "9-911", "(9) 911", "1.1.2"}) {
    CAPTURE(dialled);
    CHECK(is_emergency(dialled, numbers));
  }
  for (const char* dialled : {"", "1", "11", "1120", "91", "99911", "+112", "-", "911;phone-context=x", "112a"}) {
    CAPTURE(dialled);
    CHECK_FALSE(is_emergency(dialled, numbers));
  }
  CHECK_FALSE(is_emergency("911", {}));
}

}  // namespace dw
