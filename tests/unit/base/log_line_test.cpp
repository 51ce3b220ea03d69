#include <doctest/doctest.h>

#include <string>

#include "sbc/base/escape.hpp"
#include "sbc/base/log_line.hpp"

using namespace dw;

namespace {

std::string value(const LogLine& line, std::string_view key) {
  for (const auto& [k, v] : line.fields) {
    if (k == key) return v;
  }
  return "(none)";
}

}  // namespace

TEST_CASE("a line of ours comes apart into its fields and its words") {
  const LogLine line = parse_log_line(
      R"(event=tftp_sent peer=192.0.2.7:1024 file="a \"b\" \\ \x1b" took="1.2 s" empty="" bare= all went well)");
  CHECK(line.fields.size() == 6);
  CHECK(value(line, "event") == "tftp_sent");
  CHECK(value(line, "peer") == "192.0.2.7:1024");
  CHECK(value(line, "file") == R"(a "b" \ \x1b)");
  CHECK(value(line, "took") == "1.2 s");
  CHECK(value(line, "empty").empty());
  CHECK(value(line, "bare").empty());
  CHECK(line.words == "all went well");
}

TEST_CASE("what strangers write stays in its field") {
  const std::string nasty = "x\" event=forged reason=\"\n\xff";
  const std::string written = "event=real file=\"" + escaped(nasty) + "\" words";
  const LogLine line = parse_log_line(written);
  REQUIRE(line.fields.size() == 2);
  CHECK(value(line, "event") == "real");
  CHECK(value(line, "file") == R"(x" event=forged reason="\x0a\xff)");
  CHECK(line.words == "words");
}

TEST_CASE("what is no field is a word") {
  CHECK(parse_log_line("").fields.empty());
  CHECK(parse_log_line("   ").words.empty());
  const LogLine line = parse_log_line("=1 Key=2 a-b=3 \"q=4\" k=\"open");
  REQUIRE(line.fields.size() == 1);
  CHECK(value(line, "k") == "\"open");
  CHECK(line.words == "=1 Key=2 a-b=3 \"q=4\"");
}

TEST_CASE("every beginning of a line can be taken apart, and no line has more fields than the bound") {
  const std::string whole = R"(event=a b="c\"d\\e" f)";
  for (std::size_t n = 0; n <= whole.size(); ++n)
    CHECK(parse_log_line(whole.substr(0, n)).fields.size() <= 2);
  std::string many;
  for (int i = 0; i < 100; ++i)
    many += "k=1 ";
  const LogLine line = parse_log_line(many);
  CHECK(line.fields.size() == LogLine::kMaxFields);
  CHECK(line.words.starts_with("k=1 k=1"));
}

TEST_CASE("as JSON: one object, strings escaped, nothing twice") {
  CHECK(
      log_json("2026-01-02T03:04:05.006Z", "info",
               R"(event=a peer=1.2.3.4 event=b level=x q="say \"hi\"" some words)") ==
      R"({"time":"2026-01-02T03:04:05.006Z","level":"info","event":"a","peer":"1.2.3.4","q":"say \"hi\"","text":"some words"})");
  CHECK(log_json("t", "warn", "event=a") == R"({"time":"t","level":"warn","event":"a"})");
  CHECK(log_json("t", "warn", "a\tb\x01 caf\xc3\xa9 \xff\xc3") ==
        "{\"time\":\"t\",\"level\":\"warn\",\"text\":\"a b\\u0001 caf\xc3\xa9 \xef\xbf\xbd\xef\xbf\xbd\"}");
  CHECK(log_json("t", "i", "\xed\xa0\x80") ==
        "{\"time\":\"t\",\"level\":\"i\",\"text\":\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"}");
}

TEST_CASE("as the journal takes it: fields it can be asked for, octet by octet") {
  const Buffer entry = journal_entry(4, R"(event=a device=SEP001122334455 octets=7 reason="no room" words)");
  CHECK(as_text(entry) ==
        "MESSAGE=event=a device=SEP001122334455 octets=7 reason=\"no room\" words\n"
        "PRIORITY=4\nSYSLOG_IDENTIFIER=dropwire\nEVENT=a\nDEVICE=SEP001122334455\nREASON=no room\n");
}

TEST_CASE("a value with line ends stands behind its length in the journal") {
  const std::string head(
      "MESSAGE\n\x05\x00\x00\x00\x00\x00\x00\x00"
      "a=1\nb\n",
      22);
  CHECK(as_text(journal_entry(6, "a=1\nb")) == head + "PRIORITY=6\nSYSLOG_IDENTIFIER=dropwire\n");
}
