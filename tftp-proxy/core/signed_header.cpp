#include <algorithm>

#include <fmt/format.h>

#include "sbc/base/byte_reader.hpp"
#include "sbc/base/escape.hpp"
#include "sbc/base/text_cursor.hpp"
#include "tftp-proxy/core/file_name.hpp"
#include "tftp-proxy/core/trust_list.hpp"

namespace dw::provisioning {
namespace {

constexpr std::uint8_t kVersion = 1, kLength = 2, kSigner = 3, kSubject = 4, kSerial = 5, kIssuer = 6;
constexpr std::uint8_t kSignatureInfo = 7, kHash = 8, kAlgorithmInfo = 9, kAlgorithm = 10, kModulus = 11;
constexpr std::uint8_t kSignature = 12, kPad = 13, kFileName = 14, kTime = 15, kEncryption = 16, kSignerVersion = 28;
constexpr std::size_t kFixedPart = 10;  // tags 1 and 2
constexpr std::size_t kMaxPads = 255;
constexpr std::size_t kMaxValue = 8192;

/// A tag that must be this one, and its length, which must be that one.
void expect(ByteReader& in, std::uint8_t tag, std::uint16_t length, std::string_view field) {
  if (in.u8(field) != tag) in.refuse(Errc::malformed, field);
  if (in.u16be(field) != length) in.refuse(Errc::malformed, field);
}

void parse_signer(ByteReader& in, std::size_t length, SignedHeader& out) {
  ByteReader signer(in.take(length, "signer"));
  while (in.ok() && signer.ok() && !signer.at_end()) {
    const std::uint8_t tag = signer.u8("signer tag");
    const std::size_t size = signer.u16be("signer length");
    if (std::ranges::find(out.signer_order, tag) != out.signer_order.end())
      signer.refuse(Errc::malformed, "signer tag");
    switch (tag) {
      case kSubject:
        out.subject = take_name(signer, size, kMaxSignerName, "subject");
        break;
      case kIssuer:
        out.issuer = take_name(signer, size, kMaxSignerName, "issuer");
        break;
      case kSerial:
        out.serial = take_value(signer, size, kMaxSerial, "serial");
        break;
      default:
        signer.refuse(Errc::malformed, "signer tag");
    }
    out.signer_order.push_back(tag);
  }
  if (!signer.ok()) in.refuse(signer.error().code, "signer");
}

void parse_signature_info(ByteReader& in, SignedHeader& out) {
  expect(in, kHash, 1, "hash");
  out.hash = in.u8("hash");
  expect(in, kAlgorithmInfo, 8, "algorithm");
  expect(in, kAlgorithm, 1, "algorithm");
  out.algorithm = in.u8("algorithm");
  expect(in, kModulus, 1, "modulus");
  out.modulus = in.u8("modulus");
}

void parse_field(ByteReader& in, std::uint8_t tag, SignedHeader& out) {
  const std::size_t length = in.u16be("length");
  const auto want = [&](std::size_t size, std::string_view field) {
    if (length != size) in.refuse(Errc::malformed, field);
  };
  switch (tag) {
    case kSignerVersion:
      want(2, "signer version");
      out.signer_version = in.u16be("signer version");
      break;
    case kSigner:
      parse_signer(in, length, out);
      break;
    case kSignatureInfo:
      want(15, "signature info");
      parse_signature_info(in, out);
      break;
    case kSignature:
      out.signature = take_value(in, length, kMaxSignature, "signature");
      break;
    case kFileName:
      out.file_name = take_name(in, length, kMaxSignedName, "file name");
      break;
    case kTime:
      want(4, "time");
      out.time = in.u32be("time");
      break;
    case kVersion:
    case kLength:
      in.refuse(Errc::malformed, "tag");
      break;
    default:
      out.others.push_back({tag, take_value(in, length, kMaxValue, "value")});
  }
}

Buffer signer_value(const SignedHeader& header) {
  Buffer value;
  ByteWriter out(value);
  for (const std::uint8_t tag : header.signer_order) {
    if (tag == kSubject) write_name(out, tag, header.subject);
    if (tag == kIssuer) write_name(out, tag, header.issuer);
    if (tag == kSerial) write_tlv(out, tag, header.serial);
  }
  return value;
}

}  // namespace

bool SignedHeader::encrypted() const {
  return std::ranges::find(others, kEncryption, &Tlv::tag) != others.end();
}

Result<SignedHeader> parse_signed_header(Bytes octets) {
  SignedHeader out;
  const auto body = signed_body_offset(octets);
  if (!body) return std::unexpected(body.error());
  ByteReader in(octets.first(*body));
  in.skip(3, "version");
  out.major = in.u8("version");
  out.minor = in.u8("version");
  in.skip(3, "header length");
  out.length = in.u16be("header length");
  while (in.ok() && !in.at_end()) {
    const std::uint8_t tag = in.u8("tag");
    if (tag == kPad) {
      if (out.pads == kMaxPads) in.refuse(Errc::too_long, "pads");
      ++out.pads;
      continue;
    }
    if (out.pads != 0 || std::ranges::find(out.order, tag) != out.order.end()) in.refuse(Errc::malformed, "tag");
    if (out.order.size() == kMaxTlvs) in.refuse(Errc::exhausted, "tags");
    out.order.push_back(tag);
    parse_field(in, tag, out);
  }
  for (const std::uint8_t needed : {kSigner, kSignatureInfo, kSignature}) {
    if (std::ranges::find(out.order, needed) == out.order.end()) in.refuse(Errc::truncated, "signer");
  }
  if (!in.ok()) return std::unexpected(in.error());
  return out;
}

void write(ByteWriter& out, const SignedHeader& header) {
  out.u8(kVersion), out.u16be(2), out.u8(header.major), out.u8(header.minor);
  write_u16(out, kLength, header.length);
  auto other = header.others.begin();
  for (const std::uint8_t tag : header.order) {
    switch (tag) {
      case kSignerVersion:
        write_u16(out, tag, header.signer_version.value_or(0));
        break;
      case kSigner:
        write_tlv(out, tag, signer_value(header));
        break;
      case kSignatureInfo:
        out.u8(tag), out.u16be(15);
        out.u8(kHash), out.u16be(1), out.u8(header.hash);
        out.u8(kAlgorithmInfo), out.u16be(8);
        out.u8(kAlgorithm), out.u16be(1), out.u8(header.algorithm);
        out.u8(kModulus), out.u16be(1), out.u8(header.modulus);
        break;
      case kSignature:
        write_tlv(out, tag, header.signature);
        break;
      case kFileName:
        write_name(out, tag, header.file_name.value_or(""));
        break;
      case kTime:
        out.u8(tag), out.u16be(4), out.u32be(header.time.value_or(0));
        break;
      default:
        if (other != header.others.end()) write_tlv(out, other->tag, other->value), ++other;
    }
  }
  for (std::uint8_t i = 0; i < header.pads; ++i)
    out.u8(kPad);
}

std::string to_string(const SignedHeader& header) {
  return fmt::format("signed header {}.{} of {} octets by \"{}\"{}{}", header.major, header.minor, header.length,
                     escaped(header.subject),
                     header.file_name ? fmt::format(" for \"{}\"", escaped(*header.file_name)) : "",
                     header.encrypted() ? ", encrypted" : "");
}

Result<std::size_t> signed_body_offset(Bytes octets) {
  ByteReader in(octets);
  expect(in, kVersion, 2, "version");
  const std::uint8_t major = in.u8("version");
  in.skip(1, "version");
  if (major != 1 && major != 2) in.refuse(Errc::unsupported, "version");
  expect(in, kLength, 2, "header length");
  const std::size_t length = in.u16be("header length");
  if (length < kFixedPart) in.refuse(Errc::malformed, "header length");
  if (length > octets.size()) in.refuse(Errc::truncated, "header");
  if (!in.ok()) return std::unexpected(in.error());
  return length;
}

bool is_signed(Bytes octets) {
  ByteReader in(octets);
  expect(in, kVersion, 2, "version");
  const std::uint8_t major = in.u8("version");
  in.skip(1, "version");
  expect(in, kLength, 2, "header length");
  return in.u16be("header length") >= kFixedPart && in.ok() && (major == 1 || major == 2);
}

bool is_signed_name(std::string_view file_name) {
  return ends_with_ignoring_case(file_name, ".sgn");
}

bool is_encrypted_name(std::string_view file_name) {
  return ends_with_ignoring_case(file_name, ".enc.sgn");
}

bool is_trust_list_name(std::string_view file_name) {
  const std::string_view base = base_name(file_name);
  return ends_with_ignoring_case(base, ".tlv") &&
         (starts_with_ignoring_case(base, "CTL") || starts_with_ignoring_case(base, "ITL"));
}

}  // namespace dw::provisioning
