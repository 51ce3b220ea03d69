#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sbc/base/byte_writer.hpp"
#include "sbc/base/bytes.hpp"
#include "sbc/base/result.hpp"
#include "tftp-proxy/core/tlv.hpp"

namespace dw::provisioning {

inline constexpr std::size_t kMaxSignerName = 1024;  ///< octets of a subject or issuer
inline constexpr std::size_t kMaxSerial = 64;
inline constexpr std::size_t kMaxSignature = 512;  ///< RSA-4096
inline constexpr std::size_t kMaxSignedName = 255;
inline constexpr std::size_t kMaxTlvs = 24;  ///< in a header or in a record
inline constexpr std::size_t kMaxTrustRecords = 64;
inline constexpr std::size_t kMaxTrustListOctets = 256 * 1024;

/// The header in front of trust lists, signed files and Cisco's firmware (cisco-provisioning §4.4): TLVs with
/// an octet of tag and a 16-bit big-endian length; tag 13 is one pad octet without a length.
/// ```
///  01 0002 major minor | 02 0002 length | [1c 0002 signer version] | 03 len {04 subject 06 issuer 05 serial}
///  07 000f {08 0001 hash 09 0008 {0a 0001 algorithm 0b 0001 modulus}} | 0c len signature
///  [0e len file name] | [0f 0004 time] | [10 … 1a … 1b …: encryption] | 0d…
/// ```
/// Tags 1 and 2 come first and pads last; the others in any order, each once.
struct SignedHeader {
  std::uint8_t major = 1, minor = 0;
  std::uint16_t length = 0;                     ///< of the header, signature and pads included: the body begins there
  std::optional<std::uint16_t> signer_version;  ///< tag 28: 0x0100, 0x0101
  std::string subject, issuer;                  ///< without their NUL
  Buffer serial;
  std::uint8_t hash = 0;       ///< 1 SHA-1, 2 SHA-256, 3 SHA-512
  std::uint8_t algorithm = 0;  ///< 0 RSA
  std::uint8_t modulus = 0;    ///< 0, 1, 2, 3: 64, 128, 256, 512 octets
  Buffer signature;
  std::optional<std::string> file_name;  ///< without its NUL; firmware has none
  std::optional<std::uint32_t> time;     ///< Unix seconds; firmware has none
  std::vector<Tlv> others;               ///< 16, 26, 27 of encrypted files, and what we do not know
  std::uint8_t pads = 0;
  std::vector<std::uint8_t> order;         ///< tags behind the second, pads left out, as they came
  std::vector<std::uint8_t> signer_order;  ///< tags within 3: Cisco's firmware has 4, 5, 6

  bool encrypted() const;
  friend bool operator==(const SignedHeader&, const SignedHeader&) = default;
};

/// Errors: truncated, malformed, too_long, exhausted (more than kMaxTlvs).
Result<SignedHeader> parse_signed_header(Bytes octets);
/// The header in its `order`; the lengths are those of the fields, except `length`, which is written as
/// is.
void write(ByteWriter& out, const SignedHeader& header);
std::string to_string(const SignedHeader& header);

/// Where the body begins, by the first two TLVs alone. Fails when they are not there or point past the end.
Result<std::size_t> signed_body_offset(Bytes octets);

/// Begins with such a header, as far as its first ten octets show (version and length TLVs).
bool is_signed(Bytes octets);
/// "….sgn", and "….enc.sgn" in particular, in either case.
bool is_signed_name(std::string_view file_name);
bool is_encrypted_name(std::string_view file_name);
/// "CTL….tlv", "ITL….tlv" in either case: never relayed to a phone whose config is rewritten.
bool is_trust_list_name(std::string_view file_name);

enum class TrustRole : std::uint16_t { sast = 0, ccm = 1, ccm_tftp = 2, tftp = 3, capf = 4, app_server = 7, tvs = 21 };
std::string_view to_string(TrustRole role);  ///< "unknown" for numbers not listed

/// One entry of a list: who is trusted as what. Tag 1, the record's own length, comes first; the others in
/// any order, each once.
struct TrustRecord {
  std::string subject, issuer;      ///< tags 3 and 5, without their NUL
  Buffer serial;                    ///< tag 6
  TrustRole role{};                 ///< tag 4
  Buffer public_key;                ///< tag 7
  Buffer signature;                 ///< tag 8: the certificate's own
  Buffer certificate;               ///< tag 9: DER
  std::vector<Tlv> others;          ///< 2 DNS name, 10 address, 11 and 12 certificate hash, and what we do not know
  std::vector<std::uint8_t> order;  ///< the tags behind the first, as they came
  friend bool operator==(const TrustRecord&, const TrustRecord&) = default;
};

struct TrustList {
  SignedHeader header;
  std::vector<TrustRecord> records;
  /// The phone will ask for .sgn files and refuse plain ones (a record of role 2 or 3).
  bool has_tftp_role() const;
  friend bool operator==(const TrustList&, const TrustList&) = default;
};

/// Errors: those of the header; exhausted (more than kMaxTrustRecords); too_long. The file must end with a
/// record.
Result<TrustList> parse_trust_list(Bytes octets);
void write(ByteWriter& out, const TrustList& list);
std::string to_string(const TrustList& list);

}  // namespace dw::provisioning
