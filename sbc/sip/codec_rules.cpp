#include "sbc/sip/codec_rules.hpp"

#include <algorithm>

#include "sbc/base/codecs.hpp"
#include "sbc/base/text_cursor.hpp"

namespace dw::sip {
namespace {

bool contains(std::span<const std::string> names, std::string_view name) {
  return std::ranges::any_of(names, [&](const std::string& n) { return equal_ignoring_case(n, name); });
}
}  // namespace

Result<CodecRules> CodecRules::parse(const std::vector<std::string>& entries) {
  CodecRules rules;
  for (const std::string& entry : entries) {
    if (!is_codec_rule(entry)) return fail(Errc::invalid, "\"" + entry + "\" is no codec that is known");
    const bool strips = entry.starts_with('-');
    (strips ? rules.stripped_ : rules.order_).push_back(entry.substr(strips ? 1 : 0));
  }
  return rules;
}

std::vector<std::uint8_t> CodecRules::offered(std::string_view media_type, std::span<const SdpPayload> payloads) const {
  const bool in_order = !order_.empty() && equal_ignoring_case(media_type, "audio");
  std::vector<std::uint8_t> out;
  bool any_codec = false, any_lost = false;
  const auto take = [&](const SdpPayload& payload) {
    out.push_back(payload.type);
    any_codec = any_codec || !goes_with_codecs(payload.name);
  };
  for (const SdpPayload& payload : payloads) {
    const bool stays = in_order ? contains(order_, payload.name) || goes_with_codecs(payload.name) : true;
    if (!stays || contains(stripped_, payload.name)) {
      any_lost = true;
    } else if (!in_order) {
      take(payload);
    }
  }
  if (in_order) {
    const auto left = [&](const SdpPayload& payload) { return !contains(stripped_, payload.name); };
    for (const std::string& wanted : order_) {
      for (const SdpPayload& payload : payloads) {
        if (left(payload) && equal_ignoring_case(payload.name, wanted)) take(payload);
      }
    }
    for (const SdpPayload& payload : payloads) {
      if (left(payload) && goes_with_codecs(payload.name) && !contains(order_, payload.name)) take(payload);
    }
  }
  if (!any_codec) return {};
  // RFC 4588: it repeats one of the others, and that one may be gone.
  if (any_lost) {
    for (const SdpPayload& payload : payloads) {
      if (equal_ignoring_case(payload.name, "rtx")) std::erase(out, payload.type);
    }
  }
  return out;
}

}  // namespace dw::sip
