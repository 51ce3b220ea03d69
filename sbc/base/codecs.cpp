#include "sbc/base/codecs.hpp"

#include <algorithm>
#include <array>

#include "sbc/base/text_cursor.hpp"

namespace dw {
namespace {

/// The RTP payload formats of IANA's registry that telephones and gateways use.
constexpr auto kCodecs = std::to_array<std::string_view>(
    {"PCMU",      "PCMA",      "G722",  "G7221",  "G723",      "G726-16",   "G726-24",       "G726-32", "G726-40",
     "G728",      "G729",      "G729D", "G729E",  "GSM",       "GSM-EFR",   "iLBC",          "iSAC",    "speex",
     "SILK",      "opus",      "AMR",   "AMR-WB", "EVS",       "EVRC",      "QCELP",         "LPC",     "DVI4",
     "L8",        "L16",       "BV16",  "BV32",   "CLEARMODE", "MP4A-LATM", "mpeg4-generic", "H261",    "H263",
     "H263-1998", "H263-2000", "H264",  "H265",   "JPEG",      "VP8",       "VP9",           "AV1",     "MPV"});
/// The last two are Cisco's own.
constexpr auto kBeside = std::to_array<std::string_view>(
    {"telephone-event", "CN", "tone", "red", "ulpfec", "rtx", "X-NSE", "cisco-rtp-dtmf"});

bool is_one_of(const auto& names, std::string_view name) {
  return std::ranges::any_of(names, [&](std::string_view known) { return equal_ignoring_case(known, name); });
}

}  // namespace

bool goes_with_codecs(std::string_view name) {
  return is_one_of(kBeside, name);
}

bool is_codec_name(std::string_view name) {
  return is_one_of(kCodecs, name) || is_one_of(kBeside, name);
}

bool is_codec_rule(std::string_view entry) {
  return is_codec_name(entry.starts_with('-') ? entry.substr(1) : entry);
}

}  // namespace dw
