#include "sbc/proxy/sip_stun.hpp"

namespace dw::proxy {
namespace {

constexpr double kBurst = 5;  // seconds' worth
constexpr std::size_t kHeader = nat::kStunHeader;
constexpr std::uint32_t kMagicCookie = 0x2112a442;  // RFC 8489 §5
constexpr std::uint16_t kUnknownAttribute = 420;

}  // namespace

SipStun::SipStun(std::uint64_t hash_seed)
    : hash_seed_(hash_seed),
      strangers_(kBuckets, TokenBucket(kStrangers, kBurst * kStrangers)),
      phones_(kBuckets, TokenBucket(kPhones, kBurst * kPhones)) {}

bool SipStun::is_stun(Bytes datagram) {
  if (datagram.size() < kHeader || (datagram[0] & 0xc0U) != 0) return false;
  std::uint32_t cookie = 0;
  for (std::size_t i = 4; i < 8; ++i)
    cookie = cookie << 8U | datagram[i];
  return cookie == kMagicCookie;
}

bool SipStun::admits(TimePoint now, const IpAddress& source, bool known) {
  const IpAddress who = source.is_v4() ? source : source.network(64);  // one machine has all of a /64
  const std::uint64_t mixed = (hash_seed_ ^ hash_of(who)) * 0x9e3779b97f4a7c15U;
  const auto bucket = static_cast<std::size_t>(mixed >> 32U) % kBuckets;
  return known ? phones_[bucket].take(now) : strangers_[bucket].take(now) && all_strangers_.take(now);
}

std::optional<Buffer> SipStun::answer(TimePoint now, const Endpoint& from, bool known, Bytes datagram) {
  const auto request = nat::parse_stun(datagram);
  if (!request || !request->is_binding(nat::StunMessage::Kind::request)) {
    ++ignored_;
    return std::nullopt;
  }
  if (!admits(now, from.address, known)) {
    ++limited_;
    return std::nullopt;
  }
  nat::StunMessage answer;
  answer.id = request->id;
  answer.fingerprint = request->fingerprint;
  if (request->not_understood.empty()) {
    answer.kind = nat::StunMessage::Kind::success;
    answer.xor_mapped = from;
  } else {
    answer.kind = nat::StunMessage::Kind::error;
    answer.error = {kUnknownAttribute, {}};
    answer.unknown = request->not_understood;
  }
  ++answered_;
  return to_octets(answer);
}

void SipStun::append_metrics(MetricsText& out) const {
  const char* const help = "STUN messages that came to the SIP port, by what became of them.";
  out.counter("dropwire_sip_stun_total", help, answered_, {{"result", "answered"}});
  out.counter("dropwire_sip_stun_total", help, limited_, {{"result", "limited"}});
  out.counter("dropwire_sip_stun_total", help, ignored_, {{"result", "ignored"}});
}

}  // namespace dw::proxy
