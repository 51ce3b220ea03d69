#pragma once
#include <array>
#include <cstdint>
#include <span>
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
  std::string_view body;                 ///< without the line end that belongs to the delimiter
  std::size_t offset = 0;                ///< of `body` in the whole body
};

struct Multipart {
  std::span<const BodyPart> parts() const { return std::span(list).first(count); }

  std::array<BodyPart, kMaxParts> list{};
  std::size_t count = 0;
};

/// Whether a Content-Type says multipart/…
bool is_multipart(std::string_view content_type);

/// The parts of `body`, as the boundary in `content_type` divides it (RFC 2046 §5.1). Lines end with CRLF or
/// LF. What is before the first delimiter and after the last is no part; a part that is multipart itself is
/// not entered. unsupported: not multipart; malformed: no boundary, or a part without the empty line after
/// its headers; truncated: no closing delimiter; too_long: kMaxBoundary, kMaxParts, kMaxMultipartOctets.
Result<Multipart> parse_multipart(std::string_view content_type, std::string_view body);

}  // namespace dw::sip
