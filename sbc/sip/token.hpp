#pragma once
#include "sbc/base/text_cursor.hpp"

namespace dw::sip {

/// What a token is made of (RFC 3261 §25.1).
inline constexpr OctetSet kTokenChars("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.!%*_+`'~");

}  // namespace dw::sip
