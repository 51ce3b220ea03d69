#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sbc/base/bytes.hpp"
#include "sbc/base/result.hpp"

namespace dw::provisioning {

inline constexpr std::size_t kMaxManifestOctets = 64 * 1024;
inline constexpr std::size_t kMaxManifestParts = 64;

/// One file of a firmware load.
struct ManifestPart {
  std::string name;                   ///< passed parse_file_name
  std::optional<std::uint64_t> size;  ///< octets; only the 792x manifests have it
  bool optional = false;              ///< marked "#+": the phone can do without
  friend bool operator==(const ManifestPart&, const ManifestPart&) = default;
};

/// What a `.loads` file lists, in its order, each name once.
struct Manifest {
  std::vector<ManifestPart> parts;
  friend bool operator==(const Manifest&, const Manifest&) = default;
};

/// "SCCP45.9-4-2SR4-3S.loads", in either case ("CP7921G-1.4.6.3.LOADS").
bool is_manifest_name(std::string_view file_name);

/// Reads a manifest, with or without Cisco's signature header (cisco-provisioning §1.3). Only lines whose
/// first word ends in .sbn, .sb2, .bin or .sbin name a part, so a manifest never leads to another manifest.
/// Errors: truncated/malformed (a header that does not hold together), too_long (more than 64 KiB), exhausted
/// (more than 64 parts). A manifest without parts is not an error.
Result<Manifest> parse_manifest(Bytes octets);

/// The text of a manifest without a header: one line a part. What parse_manifest reads back as the same.
Buffer write_manifest(const Manifest& manifest);
std::string to_string(const Manifest& manifest);

}  // namespace dw::provisioning
