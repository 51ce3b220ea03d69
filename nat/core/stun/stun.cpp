#include "nat/core/stun/stun.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "sbc/base/escape.hpp"

namespace dw::nat {
namespace {

constexpr std::uint32_t kMagicCookie = 0x2112a442;
constexpr std::uint32_t kFingerprintXor = 0x5354554e;
constexpr std::uint16_t kMustUnderstandBelow = 0x8000;
constexpr std::size_t kFingerprintAttribute = 8;
constexpr std::uint8_t kFamilyV4 = 1, kFamilyV6 = 2;

/// CRC-32 of ITU V.42 (RFC 8489 §14.7).
std::uint32_t crc32(Bytes octets) {
  std::uint32_t crc = 0xffffffff;
  for (const std::uint8_t octet : octets) {
    crc ^= octet;
    for (int bit = 0; bit < 8; ++bit)
      crc = (crc >> 1U) ^ ((crc & 1U) != 0 ? 0xedb88320U : 0U);
  }
  return ~crc;
}

/// The octets that addresses are XORed with: the cookie, then the transaction id (RFC 8489 §14.2).
std::array<std::uint8_t, 16> mask_of(const StunId& id) {
  std::array<std::uint8_t, 16> mask{0x21, 0x12, 0xa4, 0x42};
  std::ranges::copy(id, mask.begin() + 4);
  return mask;
}

std::optional<Endpoint> read_address(Bytes value, const std::array<std::uint8_t, 16>& mask) {
  ByteReader reader(value);
  reader.skip(1, "reserved");
  const std::uint8_t family = reader.u8("family");
  Endpoint out;
  out.port = static_cast<std::uint16_t>(reader.u16be("port") ^ (mask[0] << 8U | mask[1]));
  const std::size_t size = family == kFamilyV4 ? 4 : 16;
  const Bytes octets = reader.take(size, "address");
  if (!reader.ok() || !reader.at_end() || (family != kFamilyV4 && family != kFamilyV6)) return {};
  std::array<std::uint8_t, 16> plain{};
  for (std::size_t i = 0; i < size; ++i)
    plain[i] = octets[i] ^ mask[i];
  if (family == kFamilyV4) {
    out.address = IpAddress::v4(ByteReader(Bytes(plain).first(size)).u32be("address"));
  } else {
    out.address = IpAddress::v6(plain);
  }
  return out;
}

class Parser {
 public:
  explicit Parser(Bytes datagram) : datagram_(datagram), reader_(datagram) {}

  Result<StunMessage> run() {
    if (datagram_.size() > kMaxStunMessage) return fail(Errc::too_long, "longer than a STUN message may be");
    header();
    while (reader_.ok() && !reader_.at_end())
      attribute();
    if (!reader_.ok()) return std::unexpected(reader_.error());
    return std::move(out_);
  }

 private:
  void header() {
    const std::uint16_t type = reader_.u16be("type");
    const std::uint16_t length = reader_.u16be("length");
    if (reader_.u32be("magic cookie") != kMagicCookie || (type & 0xc000U) != 0)
      reader_.refuse(Errc::malformed, "magic cookie");
    const Bytes id = reader_.take(out_.id.size(), "transaction id");
    if (!reader_.ok()) return;
    if (length % 4 != 0) return reader_.refuse(Errc::malformed, "length");
    if (length > reader_.remaining()) return reader_.refuse(Errc::truncated, "length");
    if (length < reader_.remaining()) return reader_.refuse(Errc::malformed, "length");
    std::ranges::copy(id, out_.id.begin());
    mask_ = mask_of(out_.id);
    // RFC 8489 §5: bits 4 and 8 are the class, the others the method.
    out_.kind = static_cast<StunMessage::Kind>((type >> 4U & 1U) | (type >> 7U & 2U));
    out_.method = static_cast<std::uint16_t>((type & 0xfU) | (type >> 1U & 0x70U) | (type >> 2U & 0xf80U));
  }

  void attribute() {
    const std::size_t at = reader_.offset();
    if (++count_ > kMaxStunAttributes) return reader_.refuse(Errc::too_long, "attributes");
    const std::uint16_t type = reader_.u16be("attribute type");
    const std::uint16_t length = reader_.u16be("attribute length");
    const Bytes value = reader_.take(length, "attribute value");
    reader_.skip((4U - length % 4U) % 4U, "attribute padding");
    if (!reader_.ok()) return;
    if (out_.fingerprint) return reader_.refuse(Errc::malformed, "attribute behind FINGERPRINT");
    const auto name = static_cast<StunAttribute>(type);
    if (name == StunAttribute::fingerprint) return fingerprint(at, value);
    if (sealed_) return;
    if (!take(name, value) && type < kMustUnderstandBelow) out_.not_understood.push_back(type);
  }

  void fingerprint(std::size_t at, Bytes value) {
    ByteReader reader(value);
    const std::uint32_t received = reader.u32be("FINGERPRINT");
    if (!reader.ok() || !reader.at_end() || received != (crc32(datagram_.first(at)) ^ kFingerprintXor))
      return reader_.refuse(Errc::malformed, "FINGERPRINT");
    out_.fingerprint = true;
  }

  /// False: the attribute is unknown.
  bool take(StunAttribute name, Bytes value) {
    switch (name) {
      case StunAttribute::mapped_address:
        address(out_.mapped, value, {});
        return true;
      case StunAttribute::xor_mapped_address:
        address(out_.xor_mapped, value, mask_);
        return true;
      case StunAttribute::response_origin:
        address(out_.response_origin, value, {});
        return true;
      case StunAttribute::other_address:
        address(out_.other_address, value, {});
        return true;
      case StunAttribute::change_request:
        change(value);
        return true;
      case StunAttribute::response_port:
        response_port(value);
        return true;
      case StunAttribute::error_code:
        error_code(value);
        return true;
      case StunAttribute::unknown_attributes:
        unknown(value);
        return true;
      case StunAttribute::software:
        if (value.size() > kMaxStunText) {
          reader_.refuse(Errc::too_long, "SOFTWARE");
        } else if (out_.software.empty()) {
          out_.software = as_text(value);
        }
        return true;
      case StunAttribute::padding:
        out_.padding = std::max(out_.padding, value.size());
        return true;
      case StunAttribute::message_integrity:
      case StunAttribute::message_integrity_sha256:
        sealed_ = true;
        return true;
      case StunAttribute::username:
      case StunAttribute::realm:
      case StunAttribute::nonce:
      case StunAttribute::fingerprint:
        return true;
    }
    return false;
  }

  void address(std::optional<Endpoint>& into, Bytes value, const std::array<std::uint8_t, 16>& mask) {
    const auto read = read_address(value, mask);
    if (!read) return reader_.refuse(Errc::malformed, "address attribute");
    if (!into) into = read;
  }
  void change(Bytes value) {
    ByteReader reader(value);
    const std::uint32_t flags = reader.u32be("CHANGE-REQUEST");
    if (!reader.ok() || !reader.at_end()) return reader_.refuse(Errc::malformed, "CHANGE-REQUEST");
    if (!out_.change) out_.change = {(flags & 4U) != 0, (flags & 2U) != 0};
  }
  void response_port(Bytes value) {
    ByteReader reader(value);
    const std::uint16_t port = reader.u16be("RESPONSE-PORT");
    reader.rest();  // two octets of padding, which some include in the length
    if (!reader.ok() || value.size() > 4) return reader_.refuse(Errc::malformed, "RESPONSE-PORT");
    if (!out_.response_port) out_.response_port = port;
  }
  void error_code(Bytes value) {
    ByteReader reader(value);
    reader.skip(2, "reserved");
    const unsigned hundreds = reader.u8("class") & 7U;
    const unsigned number = reader.u8("number");
    const Bytes reason = reader.rest();
    if (!reader.ok() || hundreds < 3 || hundreds > 6 || number > 99 || reason.size() > kMaxStunText)
      return reader_.refuse(Errc::malformed, "ERROR-CODE");
    if (!out_.error) out_.error = {static_cast<std::uint16_t>(hundreds * 100 + number), as_text(reason)};
  }
  void unknown(Bytes value) {
    if (!out_.unknown.empty()) return;
    if (value.size() % 2 != 0 || value.size() / 2 > kMaxStunAttributes)
      return reader_.refuse(Errc::malformed, "UNKNOWN-ATTRIBUTES");
    ByteReader reader(value);
    while (!reader.at_end())
      out_.unknown.push_back(reader.u16be("attribute"));
  }

  Bytes datagram_;
  ByteReader reader_;
  StunMessage out_;
  std::array<std::uint8_t, 16> mask_{};
  std::size_t count_ = 0;
  bool sealed_ = false;
};

class Composer {
 public:
  explicit Composer(const StunMessage& m) : message_(m) {}

  Buffer run() {
    attributes();
    const auto kind = static_cast<unsigned>(message_.kind);
    const unsigned method = message_.method;
    const unsigned type =
        (method & 0xfU) | (kind & 1U) << 4U | (method & 0x70U) << 1U | (kind & 2U) << 7U | (method & 0xf80U) << 2U;
    const std::size_t length = body_.size() + (message_.fingerprint ? kFingerprintAttribute : 0);
    Buffer whole;
    ByteWriter out(whole);
    out.u16be(static_cast<std::uint16_t>(type));
    out.u16be(static_cast<std::uint16_t>(length));
    out.u32be(kMagicCookie);
    out.octets(message_.id);
    out.octets(body_);
    if (message_.fingerprint) {
      const std::uint32_t crc = crc32(whole) ^ kFingerprintXor;
      out.u16be(static_cast<std::uint16_t>(StunAttribute::fingerprint));
      out.u16be(4);
      out.u32be(crc);
    }
    return whole;
  }

 private:
  void attributes() {
    if (message_.mapped) address(StunAttribute::mapped_address, *message_.mapped, {});
    if (message_.xor_mapped) address(StunAttribute::xor_mapped_address, *message_.xor_mapped, mask_of(message_.id));
    if (message_.error) error();
    if (!message_.unknown.empty()) {
      Buffer value;
      ByteWriter list(value);
      for (const std::uint16_t type : message_.unknown)
        list.u16be(type);
      put(StunAttribute::unknown_attributes, value);
    }
    if (message_.change) {
      Buffer value;
      ByteWriter(value).u32be((message_.change->address ? 4U : 0U) | (message_.change->port ? 2U : 0U));
      put(StunAttribute::change_request, value);
    }
    if (message_.response_port) {
      Buffer value;
      ByteWriter(value).u16be(*message_.response_port);
      put(StunAttribute::response_port, value);
    }
    if (message_.response_origin) address(StunAttribute::response_origin, *message_.response_origin, {});
    if (message_.other_address) address(StunAttribute::other_address, *message_.other_address, {});
    if (!message_.software.empty()) put(StunAttribute::software, as_bytes(message_.software));
    if (message_.padding != 0) put(StunAttribute::padding, Buffer(message_.padding));
  }

  void put(StunAttribute name, Bytes value) {
    out_.u16be(static_cast<std::uint16_t>(name));
    out_.u16be(static_cast<std::uint16_t>(value.size()));
    out_.octets(value);
    while (body_.size() % 4 != 0)
      out_.u8(0);
  }
  void address(StunAttribute name, const Endpoint& at, const std::array<std::uint8_t, 16>& mask) {
    Buffer value;
    ByteWriter out(value);
    out.u8(0);
    out.u8(at.address.is_v4() ? kFamilyV4 : kFamilyV6);
    out.u16be(static_cast<std::uint16_t>(at.port ^ (mask[0] << 8U | mask[1])));
    const auto octets = at.address.octets();
    for (std::size_t i = 0; i < octets.size(); ++i)
      out.u8(octets[i] ^ mask[i]);
    put(name, value);
  }
  void error() {
    Buffer value;
    ByteWriter out(value);
    out.u16be(0);
    out.u8(static_cast<std::uint8_t>(message_.error->code / 100));
    out.u8(static_cast<std::uint8_t>(message_.error->code % 100));
    out.text(message_.error->reason);
    put(StunAttribute::error_code, value);
  }

  const StunMessage& message_;
  Buffer body_;
  ByteWriter out_{body_};
};

}  // namespace

Result<StunMessage> parse_stun(Bytes datagram) {
  return Parser(datagram).run();
}

Buffer to_octets(const StunMessage& message) {
  return Composer(message).run();
}

void write(ByteWriter& out, const StunMessage& message) {
  out.octets(to_octets(message));
}

std::string to_string(const StunMessage& message) {
  static constexpr std::array<std::string_view, 4> kKinds = {"request", "indication", "success", "error"};
  std::string text = message.method == StunMessage::kBinding ? "binding" : fmt::format("method {}", message.method);
  text += fmt::format(" {}", kKinds[static_cast<std::size_t>(message.kind)]);
  if (const auto at = message.reflexive()) text += " " + at->to_string();
  if (message.error) text += fmt::format(" {} {}", message.error->code, escaped(message.error->reason));
  return text;
}

}  // namespace dw::nat
