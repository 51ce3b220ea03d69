// The record of a call that is over: the same names everywhere, and no figure that was not measured.
#include "sbc/phones/call_record.hpp"

#include <doctest/doctest.h>

#include "sbc/base/log_line.hpp"
#include "tests/unit/phones/line.hpp"

using namespace dw;
using namespace dw::test;

namespace {

const RecordValue& value_in(const CallRecord& record, std::string_view key) {
  static const RecordValue kNone;
  for (const auto& [name, value] : record) {
    if (name == key) return value;
  }
  FAIL_CHECK("no ", std::string(key));
  return kNone;
}
bool unknown_in(const CallRecord& record, std::string_view key) {
  return std::holds_alternative<std::monostate>(value_in(record, key));
}
Call recorded_call() {
  Line r = registered_line();
  Call c = r.call(9000, 9010);
  c.answered = 6s;
  c.server = "pbx:2000";
  c.streams[0].media.from_phone.lost = 10;
  c.streams[0].media.from_phone.jitter = std::chrono::microseconds(1340);
  return c;
}

}  // namespace

TEST_CASE("a record says when, who, how long and what the audio did") {
  const CallRecord record = record_of(recorded_call());
  CHECK(std::get<std::string>(value_in(record, "device")) == kDevice);
  CHECK(std::get<std::string>(value_in(record, "protocol")) == "sccp");
  CHECK(std::get<std::string>(value_in(record, "server")) == "pbx:2000");
  CHECK(std::get<std::int64_t>(value_in(record, "line")) == 1);
  CHECK(std::get<double>(value_in(record, "duration_s")) == 185.0);
  CHECK(std::get<double>(value_in(record, "talk_s")) == 179.0);
  CHECK(std::get<std::int64_t>(value_in(record, "packets_from_phone")) == 9000);
  CHECK(std::get<std::int64_t>(value_in(record, "delivered_from_phone")) == 9000);
  CHECK(std::get<std::int64_t>(value_in(record, "lost_from_phone")) == 10);
  CHECK(std::get<double>(value_in(record, "jitter_from_phone_ms")) == 1.3);
  CHECK(unknown_in(record, "audio"));
  CHECK(unknown_in(record, "ended_by"));
}

TEST_CASE("what was not measured is no figure: nothing came, the phones talked directly, nobody answered") {
  Call c = recorded_call();
  c.streams[0].media.from_central.packets = c.streams[0].media.from_central.audio = 0;
  CallRecord record = record_of(c);
  CHECK(std::get<std::int64_t>(value_in(record, "packets_from_central")) == 0);
  CHECK(unknown_in(record, "lost_from_central"));
  CHECK(unknown_in(record, "jitter_from_central_ms"));
  CHECK(std::get<std::string>(value_in(record, "audio")) == "from_phone_only");
  c.streams[0].media.direct = true;
  record = record_of(c);
  CHECK(unknown_in(record, "packets_from_phone"));
  CHECK(unknown_in(record, "lost_from_phone"));
  CHECK(unknown_in(record, "audio"));
  CHECK(std::get<bool>(value_in(record, "direct")));
  c.streams.clear();
  c.answered.reset();
  record = record_of(c);
  CHECK(unknown_in(record, "packets_from_phone"));
  CHECK(unknown_in(record, "codec"));
  CHECK(unknown_in(record, "answer"));
  CHECK(unknown_in(record, "talk_s"));
}

TEST_CASE("the log line of a record has the same names and types, and nothing of others breaks out of it") {
  Call c = recorded_call();
  c.far_number = "1002";
  c.far_name = "Eve\" event=forged\nx=\x1b[31m";
  c.ended_by = Call::EndedBy::phone;
  const CallRecord record = record_of(c);
  const std::string line = log_line_of(record);
  CHECK(line.starts_with("event=call_down device=" + kDevice + " "));
  CHECK(line.find('\n') == line.npos);
  const LogLine parsed = parse_log_line(line);
  CHECK(parsed.words.empty());
  std::size_t known = 0;
  for (const auto& [key, value] : record) {
    const auto* const words = std::get_if<std::string>(&value);
    known += std::holds_alternative<std::monostate>(value) || (words && words->empty()) ? 0U : 1U;
  }
  CHECK(parsed.fields.size() == known + 1);
  CHECK(parsed.fields.size() <= LogLine::kMaxFields);
  const std::string json = log_json("t", "info", line);
  CHECK(json.find("\"event\":\"call_down\"") != json.npos);
  CHECK(json.find("\"line\":1,") != json.npos);
  CHECK(json.find("\"far_number\":\"1002\"") != json.npos);  // a text, though it looks like a number
  CHECK(json.find("\"direct\":false") != json.npos);
  CHECK(json.find("\"packets_from_phone\":9000") != json.npos);
  CHECK(json.find("\"jitter_from_phone_ms\":1.3") != json.npos);
}
