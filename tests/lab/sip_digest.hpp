#pragma once
#include <cstddef>
#include <string>
#include <string_view>

namespace dw::lab {

/// Answers a digest challenge (RFC 2617, MD5; with qop=auth when it is offered and wanted); "" when it can't.
std::string digest_answer(const std::string& challenge, const std::string& method, const std::string& uri,
                          const std::string& user, const std::string& password, bool with_qop);

/// As many lower-case hex digits of chance.
std::string random_hex(std::size_t digits);
std::string percent_encode(std::string_view text);

}  // namespace dw::lab
