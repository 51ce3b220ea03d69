#include <doctest/doctest.h>

#include <limits>
#include <string>

#include "sbc/base/escape.hpp"
#include "sbc/base/metrics.hpp"
#include "sbc/base/roff.hpp"
#include "sbc/base/text_cursor.hpp"

using namespace dw;

TEST_CASE("a cursor walks a request line") {
  TextCursor cursor("GET \t /a?b=c HTTP/1.1\r\nHost:h\rnext\nlast");
  CHECK(cursor.take_token() == "GET");
  cursor.skip_blanks();
  CHECK(cursor.offset() == 6);
  CHECK(cursor.peek() == '/');
  CHECK(cursor.take_until("?#") == "/a");
  CHECK(cursor.skip_char('?'));
  CHECK_FALSE(cursor.skip_char('?'));
  CHECK_FALSE(cursor.skip_text("b=d"));
  CHECK(cursor.skip_text("b="));
  CHECK(cursor.take_line() == "c HTTP/1.1");
  CHECK(cursor.take_line() == "Host:h");
  CHECK(cursor.take_line() == "next");
  CHECK(cursor.take_line() == "last");
  CHECK(cursor.at_end());
  CHECK(cursor.peek() == '\0');
  CHECK(cursor.take_token().empty());
  CHECK(cursor.take_line().empty());
  CHECK_FALSE(cursor.skip_char('\0'));
}

TEST_CASE("lines: empty ones count, CR LF is one end") {
  TextCursor cursor("\r\n\n\ra");
  CHECK(cursor.take_line().empty());
  CHECK(cursor.take_line().empty());
  CHECK(cursor.take_line().empty());
  CHECK(cursor.take_line() == "a");
}

TEST_CASE("numbers: whole, bounded, and nothing consumed when refused") {
  TextCursor cursor("1428x");
  CHECK_FALSE(cursor.take_number(1427).has_value());
  CHECK(cursor.offset() == 0);
  CHECK(cursor.take_number(1428) == 1428);
  CHECK_FALSE(cursor.take_number(9).has_value());
  CHECK(cursor.rest() == "x");

  constexpr auto kMax = std::numeric_limits<std::uint64_t>::max();
  CHECK(parse_number("18446744073709551615", kMax) == kMax);
  CHECK_FALSE(parse_number("18446744073709551616", kMax).has_value());
  CHECK_FALSE(parse_number("99999999999999999999999", kMax).has_value());
  CHECK(parse_number("0", 0) == 0);
  CHECK(parse_number("0000", 0) == 0);
  CHECK_FALSE(parse_number("1", 0).has_value());
  CHECK(parse_number("65535", 65535) == 65535);
  CHECK_FALSE(parse_number("65536", 65535).has_value());
  for (const char* text : {"", "-1", "+1", " 1", "1 ", "0x10", "1.0", "\xb2"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_number(text, 100).has_value());
  }
}

TEST_CASE("each bound of a number is exact") {
  for (std::uint64_t max = 0; max < 120; ++max) {
    for (std::uint64_t value = 0; value < 130; ++value)
      CHECK(parse_number(std::to_string(value), max).has_value() == (value <= max));
  }
}

TEST_CASE("trim and case") {
  CHECK(trim(" \t a b \r\n") == "a b");
  CHECK(trim(" \r\n\t").empty());
  CHECK(trim("").empty());
  CHECK(lower('Z') == 'z');
  CHECK(lower('@') == '@');
  CHECK(lower('[') == '[');
  CHECK(lower('\xc4') == '\xc4');
  CHECK(equal_ignoring_case("RingList.XML", "ringlist.xml"));
  CHECK_FALSE(equal_ignoring_case("a", "ab"));
  CHECK(ends_with_ignoring_case("SEP.CNF.XML", ".cnf.xml"));
  CHECK_FALSE(ends_with_ignoring_case("xml", ".xml"));
  CHECK(starts_with_ignoring_case("sep00", "SEP"));
  CHECK_FALSE(starts_with_ignoring_case("SE", "SEP"));
}

TEST_CASE("remote text is shown without harm") {
  CHECK(escaped("plain text.xml") == "plain text.xml");
  CHECK(escaped("a\"b\\c") == "a\\\"b\\\\c");
  CHECK(escaped(std::string_view("\0\n\x1b[31m\x7f\xff", 9)) == "\\x00\\x0a\\x1b[31m\\x7f\\xff");
  CHECK(escaped("abcdef", 3) == "abc…");
  CHECK(escaped("abc", 3) == "abc");
  CHECK(escaped(std::string(1000, 'a')).size() == 120 + std::string("…").size());
}

TEST_CASE("text for a manual page is ASCII, and begins no request") {
  CHECK(roff(".so \\-a 'b'") == "\\&.so \\e\\-a 'b'");
  CHECK(roff("'x'") == "\\&'x'");
  CHECK(roff("tcp:…, Settings → Status") == "tcp:..., Settings \\(-> Status");
  CHECK(roff("…") == "\\&...");
  CHECK(roff("é€😀") == "\\[u00E9]\\[u20AC]\\[u1F600]");
  CHECK(roff("a\xff"
             "b\xe2\x80") == "a?b??");  // no UTF-8
}

TEST_CASE("metrics: HELP and TYPE once a name, labels escaped") {
  MetricsText out;
  out.counter("dropwire_x_total", "Things.", 3, {{"kind", "a\"b\\c\nd"}, {"n", "1"}});
  out.counter("dropwire_x_total", "Things.", 4, {{"kind", "e"}});
  out.gauge("dropwire_y", "Others.", 0.5);
  CHECK(out.text() ==
        "# HELP dropwire_x_total Things.\n# TYPE dropwire_x_total counter\n"
        "dropwire_x_total{kind=\"a\\\"b\\\\c\\nd\",n=\"1\"} 3\ndropwire_x_total{kind=\"e\"} 4\n"
        "# HELP dropwire_y Others.\n# TYPE dropwire_y gauge\ndropwire_y 0.5\n");
}

TEST_CASE("metrics of one name stand together, whoever appended them and when") {
  MetricsText out;
  out.table("a", 1, 10);
  out.table("b", 2, 20);
  CHECK(out.text() ==
        "# HELP dropwire_table_entries Entries of a table that others can fill.\n# TYPE dropwire_table_entries gauge\n"
        "dropwire_table_entries{table=\"a\"} 1\ndropwire_table_entries{table=\"b\"} 2\n"
        "# HELP dropwire_table_bound How many entries it may have at most.\n# TYPE dropwire_table_bound gauge\n"
        "dropwire_table_bound{table=\"a\"} 10\ndropwire_table_bound{table=\"b\"} 20\n");
}
