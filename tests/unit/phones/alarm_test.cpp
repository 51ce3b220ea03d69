// What a phone says of itself when it comes up, and what that proves (cisco-provisioning §2.3, §7).
#include "sbc/phones/alarm.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace dw;
using namespace dw::phones;

TEST_CASE("an alarm's text is read in each of its forms") {
  for (const char* text : {"7: Name=SEP001122334455 Load=SCCP45.9-4-2SR3-1S Last=TFTP-timeout",
                           "cisco-alarm:7 Name=SEP001122334455 Load=SCCP45.9-4-2SR3-1S Last=TFTP-timeout"}) {
    const auto read = parse_alarm(text);
    REQUIRE(read);
    CHECK(read->number == 7);
    CHECK(read->words == "TFTP timed out");
    CHECK(read->load == "SCCP45.9-4-2SR3-1S");
    CHECK(read->complains());
  }
  const auto xml = parse_alarm("out of service, reason 25");
  REQUIRE(xml);
  CHECK(xml->number == 25);
  CHECK(xml->load.empty());
  CHECK_FALSE(xml->complains());
  for (const char* text : {"", "an alarm", "Name=SEP001122334455", "79600: Name=SEP Load=x", "7960 is my name",
                           "cisco-alarm:", "out of service, reason "})
    CHECK_FALSE(parse_alarm(text));
}

TEST_CASE("every prefix of an alarm is an alarm or none") {
  const std::string whole = "cisco-alarm:31 Name=SEP001122334455 Load=SIP45.9-4-2SR3-1S Last=x";
  for (std::size_t length = 0; length <= whole.size(); ++length) {
    if (const auto read = parse_alarm(std::string_view(whole).substr(0, length))) CHECK(read->number <= 31);
  }
}
