#pragma once
#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "sbc/base/result.hpp"

namespace dw::sip {

inline constexpr std::size_t kMaxParts = 8;
inline constexpr std::size_t kMaxBoundary = 70;  ///< RFC 2046 §5.1.1
inline constexpr std::size_t kMaxMultipartOctets = 64 * 1024;

/// One part of a multipart body. Views into the whole body; header values are trimmed, but folded as they
/// came.
struct BodyPart {
  std::string_view headers;              ///< with their line ends, without the empty line
  std::string_view content_type;         ///< empty: none is said, which means text/plain
  std::string_view content_disposition;  ///< empty: none is said
  std::string_view content_length;       ///< empty: none is said, as usual
  std::string_view content_encoding;     ///< empty: none is said
  std::string_view transfer_encoding;    ///< Content-Transfer-Encoding (RFC 2045 §6); empty: none is said
  bool ambiguous = false;                ///< two of these fields of one name say different things
  std::string_view body;                 ///< without the line end that belongs to the delimiter
  std::size_t offset = 0;                ///< of `body` in the whole body
};

struct Multipart {
  std::span<const BodyPart> parts() const { return std::span(list).first(count); }

  std::array<BodyPart, kMaxParts> list{};
  std::size_t count = 0;
};

/// "application/sdp" of " Application / SDP;charset=x" (RFC 3261 §25.1 allows blanks about the slash).
std::string media_type_of(std::string_view content_type);
/// Whether a Content-Type says multipart/…
bool is_multipart(std::string_view content_type);

/// The parts of `body`, as the boundary in `content_type` divides it (RFC 2046 §5.1). Lines end with CRLF or
/// LF. What is before the first delimiter and after the last is no part; a part that is multipart itself is
/// not entered. The closing delimiter may be missing, or lack its last "--". Names of a part's fields are read
/// in their compact form too. unsupported: not multipart; malformed: no boundary, no delimiter, or a part
/// without the empty line after its headers; too_long: kMaxBoundary, kMaxParts, kMaxMultipartOctets.
Result<Multipart> parse_multipart(std::string_view content_type, std::string_view body);

}  // namespace dw::sip
