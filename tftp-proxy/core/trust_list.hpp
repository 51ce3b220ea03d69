#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sbc/base/byte_writer.hpp"
#include "sbc/base/bytes.hpp"
#include "sbc/base/result.hpp"

namespace dw::provisioning {

inline constexpr std::size_t kMaxSignerName = 1024;  ///< octets of a subject or issuer
inline constexpr std::size_t kMaxSerial = 64;
inline constexpr std::size_t kMaxSignature = 512;  ///< RSA-4096
inline constexpr std::size_t kMaxSignedName = 255;
inline constexpr std::size_t kMaxTrustRecords = 64;
inline constexpr std::size_t kMaxTrustListOctets = 256 * 1024;

/// The header in front of trust lists, signed files and Cisco's firmware (cisco-provisioning §4.4): TLVs with
/// an octet of tag and a 16-bit big-endian length; tag 13 is one pad octet. Order: 1, 2, [28], 3 {4, 5, 6 in
/// any order}, 7, 12, [14], [15], [16, 26, 27 when encrypted], 13…
/// ```
///  01 0002 major minor | 02 0002 header_length | 1c 0002 … | 03 len {04 subject 06 issuer 05 serial}
///  07 000f {08 0001 hash 09 0008 {0a 0001 algorithm 0b 0001 modulus}} | 0c len signature | 0e len name | 0f
///  0004 time
/// ```
struct SignedHeader {
  std::uint8_t major = 1, minor = 0;
  std::uint16_t length = 0;  ///< of the header, signature and padding included: the body begins there
  std::optional<std::uint16_t> signer_version;  ///< tag 28: 0x0100, 0x0101
  std::string subject, issuer;
  Buffer serial;
  std::vector<std::uint8_t> signer_order;  ///< tags 4, 5, 6 as they came
  std::uint8_t hash = 0;                   ///< 1 SHA-1, 2 SHA-256, 3 SHA-512
  std::uint8_t algorithm = 0;              ///< 0 RSA
  std::uint8_t modulus = 0;                ///< 0, 1, 2, 3: 64, 128, 256, 512 octets
  Buffer signature;
  std::optional<std::string> file_name;  ///< firmware has none
  std::optional<std::uint32_t> time;     ///< Unix seconds
  Buffer encryption;                     ///< tags 16, 26, 27 as they came; empty: not encrypted
  std::uint8_t padding = 0;              ///< pad octets at the end
  friend bool operator==(const SignedHeader&, const SignedHeader&) = default;
};

Result<SignedHeader> parse_signed_header(Bytes octets);
void write(ByteWriter& out, const SignedHeader& header);
std::string to_string(const SignedHeader& header);

/// Begins with such a header, as far as its first ten octets tell (version and length TLVs).
bool is_signed(Bytes octets);
/// "….sgn", and "….enc.sgn" in particular, in either case.
bool is_signed_name(std::string_view file_name);
bool is_encrypted_name(std::string_view file_name);
/// "CTL….tlv", "ITL….tlv" in either case: never relayed to a phone whose config is rewritten.
bool is_trust_list_name(std::string_view file_name);

enum class TrustRole : std::uint16_t {
  sast = 0,
  ccm = 1,
  ccm_tftp = 2,
  tftp = 3,
  capf = 4,
  app_server = 7,
  tvs = 21
};
std::string_view to_string(TrustRole role);  ///< "unknown" for numbers not listed

/// One entry of a list: who is trusted as what.
struct TrustRecord {
  std::string dns_name;  ///< tag 2, optional
  std::string address;   ///< tag 10, optional
  std::string subject, issuer;
  Buffer serial;
  TrustRole role{};
  Buffer public_key;                ///< tag 7
  Buffer signature;                 ///< tag 8
  Buffer certificate;               ///< tag 9, DER
  Buffer certificate_hash;          ///< tag 11
  Buffer hash_algorithm;            ///< tag 12
  std::vector<std::uint8_t> order;  ///< the tags after the first (1), as they came
  friend bool operator==(const TrustRecord&, const TrustRecord&) = default;
};

struct TrustList {
  SignedHeader header;
  std::vector<TrustRecord> records;
  /// The phone will ask for .sgn files and refuse plain ones (a record of role 2 or 3).
  bool has_tftp_role() const;
  friend bool operator==(const TrustList&, const TrustList&) = default;
};

Result<TrustList> parse_trust_list(Bytes octets);
void write(ByteWriter& out, const TrustList& list);
std::string to_string(const TrustList& list);

}  // namespace dw::provisioning
