#pragma once
#include <string_view>

namespace dw {

/// Whether this encoding name (a=rtpmap) is something that accompanies a codec but is not one: telephone events,
/// comfort noise, repair. Case is ignored, in all three functions.
bool goes_with_codecs(std::string_view name);
/// Whether it is one of those, or a codec known to telephones, servers and gateways.
bool is_codec_name(std::string_view name);
/// An entry in a list of codecs: such a name, or "-" followed by one.
bool is_codec_rule(std::string_view entry);

}  // namespace dw
