#include "sbc/admin/claim.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "sbc/base/ip_network.hpp"
#include "sbc/net/digest.hpp"

namespace dw::admin {
namespace {

/// Without 0, 1, I and O. It has 32 characters, so that random octets select each equally often.
constexpr std::string_view kAlphabet = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ";
static_assert(kAlphabet.size() == 32);
constexpr std::size_t kGroup = 4;      // letters in each group of a displayed code
constexpr std::size_t kMaxTyped = 64;  // octets

}  // namespace

std::string Claim::code_of(Bytes random) {
  std::string code;
  for (const std::uint8_t octet : random.first(kLetters))
    code += kAlphabet[octet % kAlphabet.size()];
  return code;
}

std::string Claim::normalised(std::string_view typed) {
  std::string code;
  if (typed.size() > kMaxTyped) return code;
  for (char c : typed) {
    if (c == ' ' || c == '-' || c == '\t') continue;
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
    if (kAlphabet.find(c) == kAlphabet.npos) return {};
    code += c;
  }
  return code.size() == kLetters ? code : std::string();
}

bool Claim::is_on_local_network(const IpAddress& source) {
  static const auto networks = [] {
    std::vector<IpNetwork> out;
    for (const char* text : {"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16", "127.0.0.0/8",
                             "fe80::/10", "fc00::/7", "::1"})
      out.push_back(IpNetwork::parse(text).value());
    return out;
  }();
  // The scope of a link-local address is not part of its network.
  const IpAddress plain = source.is_v6() ? IpAddress::v6(source.octets().first<16>()) : source;
  return std::ranges::any_of(networks, [&](const IpNetwork& network) { return network.contains(plain); });
}

void Claim::open(TimePoint now, std::string code) {
  code_ = std::move(code);
  until_ = now + kOpenFor;
}

std::string Claim::shown() const {
  return code_.empty() ? code_ : code_.substr(0, kGroup) + "-" + code_.substr(kGroup);
}

Claim::Verdict Claim::offer(TimePoint now, const IpAddress& source, std::string_view typed) {
  using Kind = Verdict::Kind;
  if (!is_open(now)) return {Kind::closed};
  if (!is_on_local_network(source)) return {Kind::stranger};
  if (const Duration wait = limit_.wait(now, source); wait != Duration{}) return {Kind::wait, wait};
  const std::string code = normalised(typed);
  if (code.size() == code_.size() && net::equal_in_constant_time(as_bytes(code), as_bytes(code_))) return {Kind::right};
  limit_.wrong(now, source);
  return {Kind::wrong};
}

}  // namespace dw::admin
