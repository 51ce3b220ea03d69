#include "sbc/net/digest.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <cstdlib>

#include "sbc/net/log.hpp"

namespace dw::net {

Sha256 sha256(Bytes octets) {
  Sha256 out{};
  if (EVP_Digest(octets.data(), octets.size(), out.data(), nullptr, EVP_sha256(), nullptr) != 1) {
    spdlog::critical("event=digest_failed OpenSSL has no SHA-256 here (is a provider missing?)");
    std::abort();
  }
  return out;
}

std::string to_hex(Bytes octets) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out;
  out.reserve(octets.size() * 2);
  for (const std::uint8_t o : octets) {
    out += kDigits[o >> 4];
    out += kDigits[o & 0xf];
  }
  return out;
}

bool equal_in_constant_time(Bytes a, Bytes b) {
  return a.size() == b.size() && (a.empty() || CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0);
}

}  // namespace dw::net
