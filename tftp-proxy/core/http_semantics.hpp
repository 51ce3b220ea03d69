#pragma once
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "sbc/base/result.hpp"
#include "tftp-proxy/core/content.hpp"

namespace dw::provisioning {

/// Longest request target that is looked at, octets as sent. A file name is at most 255 octets, each of which
/// may be written as three.
inline constexpr std::size_t kMaxTarget = 1024;

/// The file name in a request target: origin-form ("/SEP….cnf.xml") or absolute-form ("http://box:6970/…",
/// RFC 9112 §3.2), without its query, percent-decoded once, then held to the rules of `parse_file_name`.
/// Errc::malformed for a broken escape, else what `parse_file_name` says.
Result<std::string> name_in_target(std::string_view target);

/// What identifies one state of a file. Empty strings where there is none.
struct Validators {
  std::string etag;           ///< quotes included, may be weak: W/"…"
  std::string last_modified;  ///< HTTP date
};

/// The header fields of a request that decide which octets are sent, as they came; empty when absent.
struct SelectionFields {
  std::string_view if_match{}, if_none_match{}, if_modified_since{}, if_unmodified_since{}, if_range{}, range{};
};

/// What a GET or HEAD comes to: 200 (all), 206 (`count` octets from `first`), 304, 412 or 416.
struct Selection {
  unsigned status = 200;
  std::uint64_t first = 0;
  std::uint64_t count = 0;
};

/// Weighs conditions in the order of RFC 9110 §13.2.2, then Range (§14.2). A Range that is malformed, of
/// another unit or of several parts is ignored, as the RFC allows; so is one on anything but GET.
Selection select_octets(bool is_get, const SelectionFields& fields, const Validators& validators, std::uint64_t size);

/// What of `content`, from `offset` on, may be sent to a client that was promised `size`: all but the last
/// octet until the whole is known to be good. Empty: wait. Nothing: it can't be completed.
std::optional<Bytes> sendable(const Content& content, std::uint64_t offset, std::uint64_t size);

/// IMF-fixdate, and the two obsolete forms that a recipient must take (RFC 9110 §5.6.7). Nothing when it is
/// none.
std::optional<std::chrono::sys_seconds> parse_http_date(std::string_view text);

/// Whether `text` is an entity tag (RFC 9110 §8.8.3): it may be put into a header as it is.
bool is_entity_tag(std::string_view text);

/// By the name's end: text/xml, image/png, text/plain for the 79x0's text files; text/xml also where the octets begin
/// as XML does (a menu that a script wrote); else application/octet-stream.
std::string_view content_type_of(std::string_view name, Bytes start);

}  // namespace dw::provisioning
