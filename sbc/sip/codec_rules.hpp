#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sbc/base/result.hpp"
#include "sbc/sip/sdp.hpp"

namespace dw::sip {

/// Which codecs a side is offered, and in which order. Names are encoding names (a=rtpmap), in any case.
class CodecRules {
 public:
  /// "G722": offered, in the order of the list; an audio line has no others then. "-G729": never offered, in
  /// no kind of media. Without one of the first kind all others stay, as they came. Errc::invalid: no
  /// is_codec_rule().
  static Result<CodecRules> parse(const std::vector<std::string>& entries);
  bool empty() const { return order_.empty() && stripped_.empty(); }

  /// Of the payloads of an RTP m-line ("audio") those that are offered, in order. Telephone events, comfort noise and
  /// others that are no codec stay, after the named codecs, unless a rule names or strips them. Empty: no codec is
  /// left.
  std::vector<std::uint8_t> offered(std::string_view media_type, std::span<const SdpPayload> payloads) const;

  friend bool operator==(const CodecRules&, const CodecRules&) = default;

 private:
  std::vector<std::string> order_, stripped_;
};

}  // namespace dw::sip
