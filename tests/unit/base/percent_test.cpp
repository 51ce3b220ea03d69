#include "sbc/base/percent.hpp"

#include <doctest/doctest.h>

using namespace dw;

TEST_CASE("percent encoding of paths") {
  CHECK(percent_decoded("/a%20b%2eC%2Fd") == "/a b.C/d");
  CHECK(percent_decoded("%00") == std::string(1, '\0'));
  CHECK(percent_decoded("+") == "+");
  for (const char* broken : {"%", "%2", "a%2", "%zz", "%2g", "%%20"}) {
    CAPTURE(broken);
    CHECK_FALSE(percent_decoded(broken).has_value());
  }
  CHECK(percent_encoded_path("English_United_States/Phone ü%?#.xml") ==
        "English_United_States/Phone%20%C3%BC%25%3F%23.xml");
  CHECK(percent_decoded(percent_encoded_path("a\x01 b\"<>[]^`{|}~")) == "a\x01 b\"<>[]^`{|}~");
}
