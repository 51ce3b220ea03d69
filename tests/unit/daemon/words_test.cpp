#include "sbc/daemon/words.hpp"

#include <doctest/doctest.h>

using namespace dw;
using namespace std::chrono_literals;

TEST_CASE("ago") {
  const WallTime now{1'000'000s};
  CHECK(words::ago(now, now) == "now");
  CHECK(words::ago(now - 12s, now) == "12 s ago");
  CHECK(words::ago(now - 150s, now) == "2 min ago");
  CHECK(words::ago(now - 3h, now) == "3 h ago");
  CHECK(words::ago(now - 100h, now) == "4 d ago");
  CHECK(words::ago(now + 20s, now) == "in 20 s");
}

TEST_CASE("RFC 3339 as the API writes it, there and back; nothing else") {
  const WallTime at{1'795'378'761'042ms};
  CHECK(words::parse_rfc3339(to_rfc3339(at)) == at);
  for (const char* bad :
       {"", "2026-11-22", "2026-11-22T20:19:21Z", "2026-13-22T20:19:21.042Z", "2026-02-30T20:19:21.042Z",
        "2026-11-22T24:19:21.042Z", "2026-11-22T20:19:21.042Zx", "2026-11-22 20:19:21.042Z", "-1-1-1T1:1:1.1Z"}) {
    CAPTURE(std::string(bad));
    CHECK_FALSE(words::parse_rfc3339(bad).has_value());
  }
}

TEST_CASE("octets for reading") {
  CHECK(words::octets(0) == "0 bytes");
  CHECK(words::octets(999) == "999 bytes");
  CHECK(words::octets(9210) == "9.2 KB");
  CHECK(words::octets(999'999) == "1.0 MB");
  CHECK(words::octets(3'160'000) == "3.2 MB");
  CHECK(words::octets(2'147'483'648) == "2.1 GB");
}

TEST_CASE("nothing that a stranger sends reaches the terminal as a control character") {
  CHECK(words::printable("a\x1b[31mb\r\n\x7f") == "a [31mb   ");
  CHECK(words::printable("\xc2\x9b"
                         "31m") == " 31m");  // CSI as one C1 character
  CHECK(words::printable("é…") == "é…");
}

TEST_CASE("a table's columns are as wide as their widest cell, in characters") {
  CHECK(words::table({{"A", "B", "C"}, {"é", "long one", ""}, {"xyz"}}) == "A    B         C\né    long one\nxyz\n");
}

TEST_CASE("wrapping") {
  CHECK(words::wrapped("one two three four", 4, 13) == "one two\n    three\n    four");
  CHECK(words::wrapped("averyverylongword b", 4, 10) == "averyverylongword\n    b");
  CHECK(words::wrapped("", 4, 10).empty());
}
