#include "sbc/proxy/call_report.hpp"

#include "sbc/net/log.hpp"

namespace dw::proxy {
namespace {

constexpr Duration kLongEnough = std::chrono::seconds(5);  // for one way to be worth a word

/// "from_phone_only", "from_central_only", "none"; empty when both ways had audio, or too short.
std::string_view one_way(const phones::Call& call) {
  for (const auto& s : call.streams) {
    if (s.media.direct || s.both_open < kLongEnough) continue;
    const bool phone = s.media.from_phone.audio != 0;
    const bool central = s.media.from_central.audio != 0;
    if (phone && central) continue;
    return phone ? "from_phone_only" : central ? "from_central_only" : "none";
  }
  return {};
}

}  // namespace

void log_call_over(const phones::Call& call) {
  std::uint64_t from_phone = 0, from_central = 0, lost_phone = 0, lost_central = 0;
  for (const auto& s : call.streams) {
    from_phone += s.media.from_phone.packets;
    lost_phone += s.media.from_phone.lost;
    from_central += s.media.from_central.packets;
    lost_central += s.media.from_central.lost;
  }
  const std::string_view lopsided = one_way(call);
  const std::string reference =
      call.call_id.empty() ? std::to_string(call.reference) : "\"" + escaped(call.call_id) + "\"";
  spdlog::info(
      "event=call_down device={} call={} line={} number=\"{}\" duration=\"{}\" packets_from_phone={} "
      "packets_from_central={} lost_from_phone={} lost_from_central={}{}{}",
      call.device, reference, call.call_id.empty() ? std::to_string(call.line) : escaped(call.own_number),
      escaped(call.far_number), to_words(call.duration), from_phone, from_central, lost_phone, lost_central,
      lopsided.empty() ? "" : " audio=", lopsided);
}

}  // namespace dw::proxy
