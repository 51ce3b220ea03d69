#include "tftp-proxy/core/trust_list.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "sbc/base/byte_reader.hpp"
#include "sbc/base/escape.hpp"

namespace dw::provisioning {
namespace {

constexpr std::uint8_t kRecordLength = 1, kRecordSubject = 3, kRecordRole = 4, kRecordIssuer = 5, kRecordSerial = 6,
                       kRecordPublicKey = 7;
constexpr std::uint8_t kRecordSignature = 8, kRecordCertificate = 9;
constexpr std::size_t kRecordHead = 5;  // tag 1 with its length and value
constexpr std::size_t kMaxRecordValue = 16 * 1024;

void parse_field(ByteReader& in, std::uint8_t tag, TrustRecord& out) {
  const std::size_t length = in.u16be("length");
  switch (tag) {
    case kRecordLength:
      in.refuse(Errc::malformed, "tag");
      break;
    case kRecordSubject:
      out.subject = take_name(in, length, kMaxSignerName, "subject");
      break;
    case kRecordIssuer:
      out.issuer = take_name(in, length, kMaxSignerName, "issuer");
      break;
    case kRecordRole:
      if (length != 2) in.refuse(Errc::malformed, "role");
      out.role = static_cast<TrustRole>(in.u16be("role"));
      break;
    case kRecordSerial:
      out.serial = take_value(in, length, kMaxSerial, "serial");
      break;
    case kRecordPublicKey:
      out.public_key = take_value(in, length, kMaxRecordValue, "public key");
      break;
    case kRecordSignature:
      out.signature = take_value(in, length, kMaxRecordValue, "signature");
      break;
    case kRecordCertificate:
      out.certificate = take_value(in, length, kMaxRecordValue, "certificate");
      break;
    default:
      out.others.push_back({tag, take_value(in, length, kMaxRecordValue, "value")});
  }
}

Result<TrustRecord> parse_record(Bytes octets) {
  TrustRecord out;
  ByteReader in(octets);
  in.skip(kRecordHead, "record length");
  while (in.ok() && !in.at_end()) {
    const std::uint8_t tag = in.u8("tag");
    if (std::ranges::find(out.order, tag) != out.order.end()) in.refuse(Errc::malformed, "tag");
    if (out.order.size() == kMaxTlvs) in.refuse(Errc::exhausted, "tags");
    out.order.push_back(tag);
    parse_field(in, tag, out);
  }
  for (const std::uint8_t needed : {kRecordSubject, kRecordRole}) {
    if (std::ranges::find(out.order, needed) == out.order.end()) in.refuse(Errc::truncated, "record");
  }
  if (!in.ok()) return std::unexpected(in.error());
  return out;
}

void write(ByteWriter& out, const TrustRecord& record) {
  Buffer value;
  ByteWriter fields(value);
  auto other = record.others.begin();
  for (const std::uint8_t tag : record.order) {
    switch (tag) {
      case kRecordSubject:
        write_name(fields, tag, record.subject);
        break;
      case kRecordIssuer:
        write_name(fields, tag, record.issuer);
        break;
      case kRecordRole:
        write_u16(fields, tag, static_cast<std::uint16_t>(record.role));
        break;
      case kRecordSerial:
        write_tlv(fields, tag, record.serial);
        break;
      case kRecordPublicKey:
        write_tlv(fields, tag, record.public_key);
        break;
      case kRecordSignature:
        write_tlv(fields, tag, record.signature);
        break;
      case kRecordCertificate:
        write_tlv(fields, tag, record.certificate);
        break;
      default:
        if (other != record.others.end()) write_tlv(fields, other->tag, other->value), ++other;
    }
  }
  write_u16(out, kRecordLength, static_cast<std::uint16_t>(value.size() + kRecordHead));
  out.octets(value);
}

}  // namespace

std::string_view to_string(TrustRole role) {
  switch (role) {
    case TrustRole::sast:
      return "SAST";
    case TrustRole::ccm:
      return "CCM";
    case TrustRole::ccm_tftp:
      return "CCM+TFTP";
    case TrustRole::tftp:
      return "TFTP";
    case TrustRole::capf:
      return "CAPF";
    case TrustRole::app_server:
      return "app server";
    case TrustRole::tvs:
      return "TVS";
  }
  return "unknown";
}

bool TrustList::has_tftp_role() const {
  return std::ranges::any_of(
      records, [](const TrustRecord& r) { return r.role == TrustRole::ccm_tftp || r.role == TrustRole::tftp; });
}

Result<TrustList> parse_trust_list(Bytes octets) {
  if (octets.size() > kMaxTrustListOctets)
    return fail(Errc::too_long,
                fmt::format("a trust list of {} octets, at most {} are read", octets.size(), kMaxTrustListOctets));
  TrustList out;
  auto header = parse_signed_header(octets);
  if (!header) return std::unexpected(header.error());
  out.header = std::move(*header);
  ByteReader in(octets.subspan(out.header.length));
  while (in.ok() && !in.at_end()) {
    if (out.records.size() == kMaxTrustRecords) in.refuse(Errc::exhausted, "records");
    const std::size_t start = out.header.length + in.offset();
    if (in.u8("record") != kRecordLength) in.refuse(Errc::malformed, "record");
    if (in.u16be("record") != 2) in.refuse(Errc::malformed, "record");
    const std::size_t length = in.u16be("record length");
    if (length < kRecordHead) in.refuse(Errc::malformed, "record length");
    in.skip(length - std::min(length, kRecordHead), "record");
    if (!in.ok()) break;
    auto record = parse_record(octets.subspan(start, length));
    if (!record) return fail(record.error().code, std::move(record.error().text), start + record.error().offset);
    out.records.push_back(std::move(*record));
  }
  if (!in.ok()) return fail(in.error().code, in.error().text, out.header.length + in.error().offset);
  return out;
}

void write(ByteWriter& out, const TrustList& list) {
  write(out, list.header);
  for (const TrustRecord& record : list.records)
    write(out, record);
}

std::string to_string(const TrustList& list) {
  std::string out = fmt::format("{}, {} records:", to_string(list.header), list.records.size());
  for (const TrustRecord& record : list.records) {
    out += fmt::format(" {} \"{}\"", to_string(record.role), escaped(record.subject));
  }
  return out;
}

}  // namespace dw::provisioning
