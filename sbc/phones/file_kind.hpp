#pragma once
#include <cstdint>
#include <string_view>

namespace dw::phones {

/// What a file is to a phone, by its name alone (cisco-provisioning §2.1, §1.6).
enum class FileKind : std::uint8_t {
  ctl,               ///< CTLSEP<MAC>.tlv, CTLFile.tlv
  itl,               ///< ITLSEP<MAC>.tlv, ITLFile.tlv
  config,            ///< SEP<MAC>.cnf.xml
  config_signed,     ///< SEP<MAC>.cnf.xml.sgn
  config_encrypted,  ///< SEP<MAC>.cnf.xml.enc.sgn
  config_default,    ///< XMLDefault.cnf.xml
  sip_default,       ///< SIPDefault.cnf
  sip_config,        ///< SIP<MAC>.cnf
  os_name,           ///< OS79XX.TXT
  wlan,              ///< WLAN<MAC>.xml, WLANDefault.xml
  profile,           ///< gk/ld/ff<mac>, and the three defaults
  loads,             ///< a firmware manifest
  recovery_loads,    ///< termNN.default.loads, asked by the boot loader
  firmware,          ///< a part of a load
  locale,            ///< jar, tones, dictionary, kate, font
  ring_list,
  ring,
  wallpaper,  ///< List.xml, images
  other,      ///< dial plans, soft keys and whatever a config names
};

FileKind kind_of(std::string_view file);

/// A phone's own settings, in whatever form, or the ones for every phone.
bool is_config(FileKind kind);

/// The files a phone does without: nothing is wrong when they are missing.
bool is_optional(FileKind kind);

/// The steps of a boot, in the order phones take them (cisco-provisioning §7).
enum class Stage : std::uint8_t { lists, config, recovery, firmware, extras };
std::string_view to_string(Stage stage);
Stage stage_of(FileKind kind);

}  // namespace dw::phones
