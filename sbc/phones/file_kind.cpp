#include "sbc/phones/file_kind.hpp"

#include <algorithm>
#include <array>

#include "sbc/base/ids.hpp"
#include "sbc/base/text_cursor.hpp"

namespace dw::phones {
namespace {

template <std::size_t N>
bool ends_with_any(std::string_view text, const std::array<std::string_view, N>& ends) {
  return std::ranges::any_of(ends, [&](std::string_view end) { return ends_with_ignoring_case(text, end); });
}

FileKind kind_of_device_file(std::string_view base) {
  if (ends_with_ignoring_case(base, ".enc.sgn")) return FileKind::config_encrypted;
  if (ends_with_ignoring_case(base, ".sgn")) return FileKind::config_signed;
  if (ends_with_ignoring_case(base, ".cnf.xml") || starts_with_ignoring_case(base, "SEP")) return FileKind::config;
  if (starts_with_ignoring_case(base, "SIP")) return FileKind::sip_config;
  if (starts_with_ignoring_case(base, "WLAN")) return FileKind::wlan;
  return FileKind::profile;  // gk, ld, ff, ata, spa
}

bool is_default_profile(std::string_view base) {
  return equal_ignoring_case(base, "gkdefault.cfg") || equal_ignoring_case(base, "lddefault.cfg") ||
         equal_ignoring_case(base, "ffdefault.cfg");
}

bool is_locale(std::string_view base) {
  if (ends_with_ignoring_case(base, ".jar")) return !starts_with_ignoring_case(base, "tzupdater");
  return contains_ignoring_case(base, "-tones.") || contains_ignoring_case(base, "dictionary") ||
         contains_ignoring_case(base, "-kate") || contains_ignoring_case(base, "-font.");
}

}  // namespace

FileKind kind_of(std::string_view file) {
  constexpr std::array<std::string_view, 5> kFirmware = {".sbn", ".sb2", ".sbin", ".bin", ".zup"};
  constexpr std::array<std::string_view, 2> kRings = {".raw", ".rwb"};
  constexpr std::array<std::string_view, 2> kImages = {".png", ".bmp"};
  const auto slash = file.rfind('/');
  std::string_view base = slash == file.npos ? file : file.substr(slash + 1);

  if (ends_with_ignoring_case(base, ".tlv") && starts_with_ignoring_case(base, "CTL")) return FileKind::ctl;
  if (ends_with_ignoring_case(base, ".tlv") && starts_with_ignoring_case(base, "ITL")) return FileKind::itl;
  if (!DeviceName::in_file_name(base).empty()) return kind_of_device_file(base);
  if (ends_with_ignoring_case(base, ".sgn")) base.remove_suffix(4);
  if (equal_ignoring_case(base, "XMLDefault.cnf.xml") || equal_ignoring_case(base, "ATADefault.cnf.xml") ||
      equal_ignoring_case(base, "SEPDefault.cnf"))
    return FileKind::config_default;
  if (equal_ignoring_case(base, "SIPDefault.cnf")) return FileKind::sip_default;
  if (equal_ignoring_case(base, "OS79XX.TXT")) return FileKind::os_name;
  if (equal_ignoring_case(base, "WLANDefault.xml")) return FileKind::wlan;
  if (is_default_profile(base)) return FileKind::profile;
  if (starts_with_ignoring_case(base, "term") && ends_with_ignoring_case(base, ".default.loads"))
    return FileKind::recovery_loads;
  if (ends_with_ignoring_case(base, ".loads")) return FileKind::loads;
  if (ends_with_any(base, kFirmware)) return FileKind::firmware;
  if (is_locale(base)) return FileKind::locale;
  if (contains_ignoring_case(base, "ringlist")) return FileKind::ring_list;
  if (ends_with_any(base, kRings)) return FileKind::ring;
  if (starts_with_ignoring_case(file, "Desktops/") || equal_ignoring_case(base, "List.xml") ||
      ends_with_any(base, kImages))
    return FileKind::wallpaper;
  return FileKind::other;
}

bool is_config(FileKind kind) {
  return kind == FileKind::config || kind == FileKind::config_signed || kind == FileKind::config_encrypted ||
         kind == FileKind::config_default || kind == FileKind::sip_config;
}

bool is_optional(FileKind kind) {
  switch (kind) {
    case FileKind::config:
    case FileKind::config_signed:
    case FileKind::config_encrypted:
    case FileKind::sip_config:
    case FileKind::loads:
    case FileKind::recovery_loads:
    case FileKind::firmware:
    case FileKind::locale:
      return false;
    default:
      return true;
  }
}

std::string_view to_string(Stage stage) {
  switch (stage) {
    case Stage::lists:
      return "lists";
    case Stage::config:
      return "config";
    case Stage::recovery:
      return "recovery";
    case Stage::firmware:
      return "firmware";
    case Stage::extras:
      return "extras";
  }
  return "?";
}

Stage stage_of(FileKind kind) {
  switch (kind) {
    case FileKind::ctl:
    case FileKind::itl:
      return Stage::lists;
    case FileKind::config:
    case FileKind::config_signed:
    case FileKind::config_encrypted:
    case FileKind::config_default:
    case FileKind::sip_default:
    case FileKind::sip_config:
    case FileKind::os_name:
    case FileKind::wlan:
    case FileKind::profile:
      return Stage::config;
    case FileKind::recovery_loads:
      return Stage::recovery;
    case FileKind::loads:
    case FileKind::firmware:
      return Stage::firmware;
    case FileKind::locale:
    case FileKind::ring_list:
    case FileKind::ring:
    case FileKind::wallpaper:
    case FileKind::other:
      return Stage::extras;
  }
  return Stage::extras;
}

}  // namespace dw::phones
