#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sbc/base/byte_reader.hpp"
#include "sbc/base/byte_writer.hpp"
#include "sbc/base/endpoint.hpp"

/// STUN messages (RFC 8489), with what RFC 5780 adds to discover how a NAT behaves.
namespace dw::nat {

inline constexpr std::uint16_t kStunPort = 3478;
inline constexpr std::size_t kStunHeader = 20;
inline constexpr std::size_t kMaxStunMessage = 1280;  ///< octets, header included
inline constexpr std::size_t kMaxStunAttributes = 32;
inline constexpr std::size_t kMaxStunText = 763;  ///< octets of SOFTWARE and of a reason (RFC 8489 §14)

/// RFC 8489 §18.3 and RFC 5780 §9.1. Messages may contain others.
enum class StunAttribute : std::uint16_t {
  mapped_address = 0x0001,
  change_request = 0x0003,
  username = 0x0006,
  message_integrity = 0x0008,
  error_code = 0x0009,
  unknown_attributes = 0x000a,
  realm = 0x0014,
  nonce = 0x0015,
  message_integrity_sha256 = 0x001c,
  xor_mapped_address = 0x0020,
  padding = 0x0026,
  response_port = 0x0027,
  software = 0x8022,
  fingerprint = 0x8028,
  response_origin = 0x802b,
  other_address = 0x802c,
};

using StunId = std::array<std::uint8_t, 12>;

/// One message. Views point into the datagram that it was parsed from.
struct StunMessage {
  enum class Kind : std::uint8_t { request, indication, success, error };
  struct ChangeRequest {
    bool address = false;
    bool port = false;
    friend bool operator==(const ChangeRequest&, const ChangeRequest&) = default;
  };
  struct ErrorCode {
    std::uint16_t code = 0;  ///< 300 to 699
    std::string_view reason;
    friend bool operator==(const ErrorCode&, const ErrorCode&) = default;
  };
  static constexpr std::uint16_t kBinding = 1;

  Kind kind = Kind::request;
  std::uint16_t method = kBinding;
  StunId id{};
  std::optional<Endpoint> mapped, xor_mapped, response_origin, other_address;
  std::optional<ChangeRequest> change;
  std::optional<std::uint16_t> response_port;
  std::optional<ErrorCode> error;
  std::string_view software;
  std::size_t padding = 0;                    ///< octets of PADDING
  std::vector<std::uint16_t> unknown;         ///< UNKNOWN-ATTRIBUTES
  std::vector<std::uint16_t> not_understood;  ///< unknown attributes that must be understood; not written
  bool fingerprint = false;

  bool is_binding(Kind k) const { return kind == k && method == kBinding; }
  /// The reflexive address: XOR-MAPPED-ADDRESS, else MAPPED-ADDRESS.
  std::optional<Endpoint> reflexive() const { return xor_mapped ? xor_mapped : mapped; }
  friend bool operator==(const StunMessage&, const StunMessage&) = default;
};

/// Errors: truncated, malformed (not STUN, a length that does not fit, a wrong FINGERPRINT), too_long. Of a repeated
/// attribute only the first counts; after MESSAGE-INTEGRITY only FINGERPRINT does (RFC 8489 §14.5).
Result<StunMessage> parse_stun(Bytes datagram);
void write(ByteWriter& out, const StunMessage& message);
Buffer to_octets(const StunMessage& message);
/// For logs: `binding request`, `binding success 192.0.2.1:32853`; escaped.
std::string to_string(const StunMessage& message);

}  // namespace dw::nat
