#pragma once
#include <string_view>

namespace dw {

/// Whether it is the encoding name (a=rtpmap) of something that goes with a codec and is none: telephone events,
/// comfort noise, repairs. In any case, as all of these.
bool goes_with_codecs(std::string_view name);
/// Whether it is one of those, or of a codec, that telephones, servers and gateways know.
bool is_codec_name(std::string_view name);
/// An entry of a list of codecs: such a name, or "-" and a name.
bool is_codec_rule(std::string_view entry);

}  // namespace dw
