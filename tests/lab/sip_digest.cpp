#include "tests/lab/sip_digest.hpp"

#include <fmt/core.h>
#include <openssl/evp.h>

#include <array>
#include <cctype>
#include <random>

#include "tests/support/sip_lines.hpp"
#include "tests/support/sip_text.hpp"

namespace dw::lab {
namespace {

std::string md5(const std::string& text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_md5(), nullptr);
  std::string out;
  for (unsigned i = 0; i < size; ++i)
    out += fmt::format("{:02x}", digest[i]);
  return out;
}

}  // namespace

std::string digest_answer(const std::string& challenge, const std::string& method, const std::string& uri,
                          const std::string& user, const std::string& password, bool with_qop) {
  if (!challenge.starts_with("Digest ")) return {};
  const auto param = [params = std::string_view(challenge).substr(7)](std::string_view name) {
    return sim::sip_auth_param(params, name);
  };
  const std::string realm = param("realm"), nonce = param("nonce"), qop = param("qop"), opaque = param("opaque"),
                    algorithm = param("algorithm");
  if (nonce.empty() || (!algorithm.empty() && !sim::same_sip_name(algorithm, "MD5"))) return {};
  const bool auth = with_qop && qop.find("auth") != std::string::npos;
  const std::string ha1 = md5(user + ":" + realm + ":" + password), ha2 = md5(method + ":" + uri);
  const std::string cnonce = random_hex(8);
  const std::string response =
      auth ? md5(ha1 + ":" + nonce + ":00000001:" + cnonce + ":auth:" + ha2) : md5(ha1 + ":" + nonce + ":" + ha2);
  std::string out = fmt::format(R"(Digest username="{}",realm="{}",uri="{}",response="{}",nonce="{}")", user, realm,
                                uri, response, nonce);
  if (auth) out += fmt::format(R"(,cnonce="{}",qop=auth,nc=00000001)", cnonce);
  if (!opaque.empty()) out += fmt::format(R"(,opaque="{}")", opaque);
  return out + ",algorithm=MD5";
}

std::string random_hex(std::size_t digits) {
  static std::mt19937_64 chance{std::random_device{}()};
  std::string out;
  for (std::size_t i = 0; i < digits; ++i)
    out.push_back("0123456789abcdef"[chance() % 16]);
  return out;
}

std::string percent_encode(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '.' || c == '_') {
      out.push_back(c);
    } else {
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return out;
}

}  // namespace dw::lab
