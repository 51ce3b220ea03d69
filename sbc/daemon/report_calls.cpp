#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <vector>

#include "sbc/base/text_cursor.hpp"
#include "sbc/daemon/report_json.hpp"
#include "sbc/daemon/words.hpp"

namespace dw::report {
namespace {

constexpr std::uint64_t kMaxSeconds = 1'000'000'000;  // of a call: a longer one is no valid duration

/// "1002 (Anna)"; "-" while there is no other party.
std::string far_party(const Json& call) {
  std::string out = text_at(call, "far_number");
  if (const std::string name = text_at(call, "far_name"); !name.empty()) out += fmt::format(" ({})", name);
  return or_dash(std::move(out));
}

/// "9240, lost 10 (0.11 %)", "nothing arrived"; also packets that arrived and did not reach the other side.
std::string flow(const Json& stream, const char* way) {
  const Json& passed = at(stream, way);
  const std::uint64_t packets = number_at(passed, "packets");
  if (packets == 0) return "nothing arrived";
  const Json& share = at(passed, "loss_percent");
  std::string out = fmt::format("{}, lost {}", packets, number_at(passed, "lost"));
  if (share.is_number()) out += fmt::format(" ({} %)", share.get<double>());
  if (const Json& mos = at(at(passed, "quality"), "mos"); mos.is_number())
    out += fmt::format(", {}, MOS {:.1f}", text_at(at(passed, "quality"), "words"), mos.get<double>());
  if (const auto dropped = number_at(passed, "dropped"); dropped > 0)
    out += fmt::format(", {} dropped by this box", dropped);
  const Json& delivered = at(passed, "delivered");
  if (delivered.is_number() && number_at(passed, "delivered") == 0) return out + ", none delivered";
  if (const auto seconds = number_at(passed, "undelivered_s"); seconds >= 3)
    out += fmt::format(", none delivered for {}", to_words(std::chrono::seconds(std::min(seconds, kMaxSeconds))));
  return out;
}

/// "phone 203.0.113.7:16390 <-> 192.0.2.1:20000 | 10.0.0.5:20002 <-> 10.0.0.9:18000 far end"
std::string ends(const Json& stream) {
  const auto end = [&](const char* key) {
    const std::string text = text_at(stream, key);
    return text.empty() ? "?" : text;
  };
  std::string out = fmt::format("phone {} <-> {} | {} <-> {} far end", end("phone"), end("phone_facing"),
                                end("central_facing"), end("far_end"));
  if (flag_at(stream, "direct")) out = "directly between the phones; else " + out;
  if (const std::uint64_t strangers = number_at(stream, "strangers"); strangers > 0)
    out += fmt::format("; {} from strangers dropped", counted(strangers, "packet"));
  if (flag_at(stream, "router_moved"))
    out += "; nothing comes since the router's address changed: hang up and call again";
  return out;
}

/// "9240, lost 10"; "-" if nothing is known.
std::string finished_flow(const Json& call, const std::string& way) {
  if (!at(call, ("packets_" + way).c_str()).is_number()) return "-";
  std::string out = std::to_string(number_at(call, ("packets_" + way).c_str()));
  if (at(call, ("lost_" + way).c_str()).is_number())
    out += fmt::format(", lost {}", number_at(call, ("lost_" + way).c_str()));
  return out;
}

std::vector<std::string> call_row(const Json& call) {
  const Json& streams = at(call, "streams");
  const Json none;
  const Json& first = streams.is_array() && !streams.empty() ? streams.front() : none;
  const std::uint64_t number = number_at(call, "line");
  const std::string line = number == 0 ? text_at(call, "own_number") : std::to_string(number);
  const std::string device = text_at(call, "device");
  const bool relayed = first.is_object() && !flag_at(first, "direct");
  return {or_dash(device.empty() ? text_at(call, "address") : device),
          or_dash(line),
          or_dash(text_at(call, "way")),
          far_party(call),
          or_dash(text_at(call, "state")),
          to_words(std::chrono::seconds(std::min<std::uint64_t>(number_at(call, "duration_s"), kMaxSeconds))),
          or_dash(text_at(first, "codec")),
          relayed ? flow(first, "from_phone") : "-",
          relayed ? flow(first, "from_central") : "-"};
}

/// Below the row of the call: a line for each stream; the figures of all but the first are in it.
std::string below(const Json& call) {
  std::string out;
  for (const Json& stream : at(call, "streams")) {
    const bool first = out.empty();
    out += "    " + ends(stream) + "\n";
    if (!first && !flag_at(stream, "direct")) {
      out += fmt::format("      {}: from phone {}; to phone {}\n", or_dash(text_at(stream, "codec")),
                         flow(stream, "from_phone"), flow(stream, "from_central"));
    }
  }
  return out;
}

}  // namespace

std::string calls_table(const Json& list) {
  std::vector<std::vector<std::string>> rows = {
      {"PHONE", "LINE", "WAY", "FAR END", "STATE", "FOR", "CODEC", "FROM PHONE", "TO PHONE"}};
  for (const Json& call : list)
    rows.push_back(call_row(call));
  const std::string table = words::table(rows);
  TextCursor lines(table);
  std::string out = std::string(lines.take_line()) + "\n";
  for (const Json& call : list)
    out += std::string(lines.take_line()) + "\n" + below(call);
  return out;
}

std::string calls(const Json& answer) {
  const Json& list = at(answer, "calls");
  if (!list.is_array() || list.empty()) return "No calls are up.\n";
  std::string out = calls_table(list);
  const std::uint64_t total = number_at(answer, "total");
  if (total > list.size()) out += fmt::format("{} of {} are shown.\n", list.size(), total);
  return out;
}

std::string finished_calls(const Json& answer) {
  const Json& list = at(answer, "calls");
  if (!list.is_array() || list.empty()) return "No calls are kept of that time.\n";
  std::vector<std::vector<std::string>> rows = {
      {"ENDED", "PHONE", "LINE", "WAY", "FAR END", "TALKED", "CODEC", "FROM PHONE", "TO PHONE", "AUDIO", "ENDED BY"}};
  for (const Json& call : list) {
    const auto ended = time_at(call, "end");
    const std::string device = text_at(call, "device");
    const std::uint64_t line = number_at(call, "line");
    const Json& talk = at(call, "talk_s");
    const std::string audio = text_at(call, "audio");
    std::string by = text_at(call, "ended_by");
    if (const std::string reason = text_at(call, "reason"); !reason.empty()) by += (by.empty() ? "" : ": ") + reason;
    rows.push_back({ended ? words::local_day(*ended) + " " + words::local_clock(*ended) : "-",
                    or_dash(device.empty() ? text_at(call, "address") : device),
                    or_dash(line == 0 ? text_at(call, "own_number") : std::to_string(line)),
                    or_dash(text_at(call, "way")), far_party(call),
                    talk.is_number() ? to_words(std::chrono::milliseconds(
                                           static_cast<std::int64_t>(1000 * std::clamp(talk.get<double>(), 0.0, 1e9))))
                                     : "-",
                    or_dash(text_at(call, "codec")), finished_flow(call, "from_phone"),
                    finished_flow(call, "from_central"), flag_at(call, "direct") ? "direct" : or_dash(audio),
                    or_dash(by)});
  }
  std::string out = words::table(rows);
  const std::uint64_t total = number_at(answer, "total");
  if (total > list.size()) out += fmt::format("{} of {} are shown, the latest first.\n", list.size(), total);
  return out;
}

}  // namespace dw::report
