#include "sbc/net/scrypt.hpp"

#include <openssl/evp.h>

#include <bit>

namespace dw::net {

Result<void> check_cost(const ScryptCost& cost) {
  constexpr std::uint32_t kMaxR = 32;
  const bool sane = std::has_single_bit(cost.n) && cost.n >= kMinScryptN && cost.r >= 1 && cost.r <= kMaxR &&
                    cost.p >= 1 && cost.p <= kMaxScryptP;
  if (!sane || cost.n > kMaxScryptMemory / (std::uint64_t{128} * cost.r))
    return fail(Errc::invalid, "the cost of scrypt is out of bounds");
  return {};
}

Result<void> scrypt(std::string_view password, Bytes salt, const ScryptCost& cost, MutableBytes out) {
  if (const auto ok = check_cost(cost); !ok) return ok;
  constexpr std::uint64_t kBesides = std::uint64_t{1} << 20;  // for the p blocks and OpenSSL itself
  if (EVP_PBE_scrypt(password.data(), password.size(), salt.data(), salt.size(), cost.n, cost.r, cost.p,
                     kMaxScryptMemory + kBesides, out.data(), out.size()) != 1)
    return fail(Errc::system, "OpenSSL could not compute scrypt (no memory, or no such algorithm here)");
  return {};
}

}  // namespace dw::net
