#include "sbc/phones/call_record.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "sbc/base/escape.hpp"
#include "sbc/phones/phone.hpp"
#include "sbc/phones/signalling_story.hpp"

namespace dw::phones {
namespace {

constexpr std::size_t kMaxRecordText = 128;  // octets of what others say

/// All its streams together. Nothing that came is no loss of 0; keepalives and comfort noise are nothing to lose.
struct RecordFlow {
  std::int64_t packets = 0, delivered = 0, lost = 0;
  bool audio = false;
  std::optional<Duration> jitter;
  void add(const MediaFlow& flow) {
    packets += static_cast<std::int64_t>(flow.packets);
    delivered += static_cast<std::int64_t>(flow.delivered);
    if (flow.audio == 0) return;
    audio = true;
    lost += static_cast<std::int64_t>(flow.lost);
    if (flow.jitter) jitter = std::max(jitter.value_or(Duration{}), *flow.jitter);
  }
  RecordValue jitter_ms() const {
    if (!jitter) return {};
    return std::round(10 * std::chrono::duration<double, std::milli>(*jitter).count()) / 10;
  }
};

/// A log line may show it without quotes, and nobody takes it for a number.
bool is_bare_word(std::string_view value) {
  const auto plain = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '-' ||
           c == '.' || c == ':';
  };
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  return std::ranges::all_of(value, plain) && std::ranges::any_of(value, letter) && value != "true" && value != "false";
}

RecordValue record_text(std::string_view value) {
  return std::string(value.substr(0, kMaxRecordText));
}
RecordValue known_text(std::string_view value) {
  return value.empty() ? RecordValue() : record_text(value);
}
RecordValue record_seconds(std::chrono::milliseconds time) {
  return std::round(static_cast<double>(time.count()) / 100) / 10;
}

/// Empty: both sides were heard, or nobody waited long enough to miss one.
std::string_view one_way_words(const CallFigures& call) {
  switch (call.silent) {
    case CallFigures::Silent::phone:
      return "from_central_only";
    case CallFigures::Silent::central:
      return "from_phone_only";
    case CallFigures::Silent::both:
      return "none";
    case CallFigures::Silent::nobody:
      break;
  }
  return {};
}

void add_media(CallRecord& out, const Call& call) {
  const CallFigures figures = step_of(call).call;
  RecordFlow from_phone, from_central;
  std::string codec;
  for (const Call::Stream& stream : call.streams) {
    from_phone.add(stream.media.from_phone);
    from_central.add(stream.media.from_central);
    if (codec.empty()) codec = stream.codec;
  }
  const bool relayed = !call.streams.empty() && !figures.direct;
  const auto measured = [&](const RecordFlow& flow, RecordValue value) {
    return relayed && flow.audio ? std::move(value) : RecordValue();
  };
  const auto packets = [&](std::int64_t count) { return relayed ? RecordValue(count) : RecordValue(); };
  out.emplace_back("codec", known_text(codec));
  out.emplace_back("packets_from_phone", packets(from_phone.packets));
  out.emplace_back("delivered_from_phone", packets(from_phone.delivered));
  out.emplace_back("lost_from_phone", measured(from_phone, from_phone.lost));
  out.emplace_back("jitter_from_phone_ms", measured(from_phone, from_phone.jitter_ms()));
  out.emplace_back("packets_from_central", packets(from_central.packets));
  out.emplace_back("delivered_from_central", packets(from_central.delivered));
  out.emplace_back("lost_from_central", measured(from_central, from_central.lost));
  out.emplace_back("jitter_from_central_ms", measured(from_central, from_central.jitter_ms()));
  out.emplace_back("audio", known_text(one_way_words(figures)));
  out.emplace_back("direct", figures.direct);
}

}  // namespace

CallRecord record_of(const Call& call) {
  const bool sip = call.protocol == Protocol::sip;
  const auto of_sccp = [&](std::uint32_t number) { return sip ? RecordValue() : RecordValue(std::int64_t{number}); };
  const auto whole_ms = [](Duration time) { return std::chrono::floor<std::chrono::milliseconds>(time); };
  const WallTime began = call.since - whole_ms(call.before);
  std::optional<WallTime> answered;
  if (call.answered) answered = call.since + whole_ms(*call.answered);
  const WallTime end = call.since + whole_ms(call.duration);
  CallRecord out;
  out.reserve(30);
  out.emplace_back("device", record_text(call.device));
  out.emplace_back("address", call.peer.address ? record_text(call.peer.address.to_string()) : record_text({}));
  out.emplace_back("protocol", record_text(to_string(call.protocol)));
  out.emplace_back("server", known_text(call.server));
  out.emplace_back("reference", of_sccp(call.reference));
  out.emplace_back("line", of_sccp(call.line));
  out.emplace_back("call_id", record_text(call.call_id));
  out.emplace_back("own_number", record_text(call.own_number));
  out.emplace_back("way", record_text(to_string(call.way)));
  out.emplace_back("far_number", record_text(call.far_number));
  out.emplace_back("far_name", record_text(call.far_name));
  out.emplace_back("start", to_rfc3339(began));
  out.emplace_back("answer", answered ? RecordValue(to_rfc3339(*answered)) : RecordValue());
  out.emplace_back("end", to_rfc3339(end));
  out.emplace_back("duration_s", record_seconds(end - began));
  out.emplace_back("talk_s",
                   answered ? record_seconds(std::max(end - *answered, std::chrono::milliseconds(0))) : RecordValue());
  add_media(out, call);
  out.emplace_back("preserved", call.preserved);
  out.emplace_back("ended_by", known_text(std::string(to_string(call.ended_by))));
  out.emplace_back("reason", known_text(call.reason));
  return out;
}

std::string log_line_of(const CallRecord& record) {
  std::string out = "event=call_down";
  for (const auto& [key, value] : record) {
    if (const auto* const words = std::get_if<std::string>(&value)) {
      if (is_bare_word(*words)) {
        out += fmt::format(" {}={}", key, *words);
      } else if (!words->empty()) {
        out += fmt::format(" {}=\"{}\"", key, escaped(*words));
      }
    } else if (const auto* const flag = std::get_if<bool>(&value)) {
      out += fmt::format(" {}={}", key, *flag);
    } else if (const auto* const count = std::get_if<std::int64_t>(&value)) {
      out += fmt::format(" {}={}", key, *count);
    } else if (const auto* const measure = std::get_if<double>(&value)) {
      out += fmt::format(" {}={}", key, *measure);
    }
  }
  return out;
}

}  // namespace dw::phones
