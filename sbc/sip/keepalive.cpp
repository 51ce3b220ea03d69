#include "sbc/sip/keepalive.hpp"

#include "sbc/base/text_cursor.hpp"

namespace dw::sip {

bool is_keepalive(Bytes datagram) {
  constexpr std::size_t kLongestWord = 4;
  constexpr OctetSet kPadding(std::string_view("\0\r\n\t ", 5));
  const std::string_view text = as_text(datagram);
  const std::size_t last = kPadding.last_not_in(text);
  if (last == text.npos || last < kLongestWord) return true;
  // A start line begins with a token, which is plain ASCII (RFC 3261 §7.1).
  return text.front() <= ' ' || text.front() == 0x7f;
}

}  // namespace dw::sip
