#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "sbc/base/bytes.hpp"
#include "tftp-proxy/core/line_password.hpp"
#include "tftp-proxy/core/service_links.hpp"
#include "tftp-proxy/core/splice.hpp"

namespace dw::provisioning {

/// One file size that a 79x2 console log gives as the most it takes; what is longer is passed on untouched.
inline constexpr std::size_t kMaxCnfOctets = 550'001;
inline constexpr std::size_t kMaxNotes = 64;

/// What a file is to the rewriter, by its name alone (a path in front and a `.sgn` or `.enc.sgn` behind do
/// not matter: those are passed on with a note).
enum class CnfKind {
  none,
  device_xml,   ///< SEP<MAC>.cnf.xml, ATA<MAC>.cnf.xml, any station's <name>.cnf.xml
  default_xml,  ///< XMLDefault.cnf.xml, ATADefault.cnf.xml
  text_79x0,    ///< SIPDefault.cnf, SIP<MAC>.cnf of 7940/7960 SIP loads
  wlan_xml,     ///< WLAN<MAC>.xml, WLANDefault.xml of 792x
};
CnfKind cnf_kind(std::string_view file_name);

/// What to do with one group of settings. `rewrite`: it names Dropwire (or has the value that fits it) from
/// now on. `drop`: it is emptied, or gets its neutral word ("Disable", "false"). Nothing is ever added; a
/// setting that is empty names nobody and stays empty.
enum class Action : std::uint8_t { leave, rewrite, drop };
std::string_view to_string(Action action);

/// The policy. The groups, their elements and the reasons for the defaults are in CNF.md and DECISIONS.md;
/// the defaults here are those of edge mode, `hosted()` gives the others.
struct RewriteOptions {
  std::string host;  ///< the host to put into configs: a literal address (no brackets), or a name
  std::uint16_t tftp_port = 69;
  std::uint16_t http_port = 6970;
  std::uint16_t sccp_port = 2000;
  std::uint16_t sip_port = 5060;
  std::uint16_t sips_port = 0;  ///< 0: no SIP over TLS is offered and securedSipPort stays as it is
  /// Signs where URLs lead, so that our HTTP door knows where each one was (service_links.hpp). Empty: URLs keep their
  /// paths.
  PlaceSigner sign_place{};

  /// What the central side is called: names, literals, domains ("*.example.net": all below it). None: it is not known,
  /// and every host is taken for the central side's. A SIP line that is elsewhere is left as it is.
  std::vector<std::string> central_hosts;
  /// Nothing else is the central side; without it a file's own call servers are too, and where it has none its first
  /// line's.
  bool central_hosts_only = false;

  Action call_servers = Action::rewrite;     ///< first callManager and its ports; proxyN_address
  Action spare_call_servers = Action::drop;  ///< the other members; drop takes the whole element out
  Action line_proxy = Action::rewrite;       ///< sipLines/line/proxy: the word USECALLMANAGER
  Action backup_proxy = Action::drop;        ///< backupProxy, proxy_backup
  Action emergency_proxy = Action::rewrite;  ///< emergencyProxy, proxy_emergency
  Action outbound_proxy = Action::drop;      ///< outboundProxy, outbound_proxy
  Action nat = Action::drop;                 ///< natEnabled…: rewrite = true, drop = false; natAddress empty
  Action transport = Action::leave;          ///< transportLayerProtocol: rewrite = TCP
  Action security = Action::rewrite;         ///< deviceSecurityMode 1, no TLS transport
  Action srst = Action::drop;                ///< srstInfo
  Action tvs = Action::drop;                 ///< TVS/members
  Action capf = Action::drop;                ///< capfList and encrConfig
  Action tftp_server = Action::rewrite;      ///< dyn_tftp_addr, TFTPServer1/2 of WLAN files
  Action load_server = Action::rewrite;      ///< vendorConfig/loadServer, ipv6LoadServer
  Action firmware = Action::leave;           ///< loadInformation, image_version: drop blanks it
  Action ntp = Action::leave;                ///< ntps, sntp_server
  Action urls = Action::leave;               ///< services, directory, … by HTTP; logo_url; proxyServerURL
  Action secure_urls = Action::drop;         ///< secure…URL (HTTPS)
  Action version_stamp = Action::rewrite;    ///< recomputed when anything else changed

  static RewriteOptions edge() { return {}; }
  static RewriteOptions hosted();
};

/// The groups by the names they have in settings ("call_servers"), for whoever fills options from a
/// configuration, or lists them.
struct RewriteGroup {
  std::string_view name;
  Action RewriteOptions::*action;
  std::string_view meaning;  ///< one sentence
};
const std::vector<RewriteGroup>& rewrite_groups();

enum class NoteCode {
  rewritten,          ///< `what` now names Dropwire
  dropped,            ///< `what` was emptied or neutralised
  removed,            ///< a spare call server was taken out
  emergency_route,    ///< emergency calls go through Dropwire now: the operator should know
  left_alone,         ///< a SIP server that is none of the central side's: the phone goes there past Dropwire
  vpn_present,        ///< a VPN is configured; while it is up the phone goes past Dropwire
  passed_signed,      ///< unchanged: any edit would break the signature
  passed_encrypted,   ///< unchanged: encrypted for the phone
  passed_malformed,   ///< unchanged: not well-formed, or not what the name promises
  passed_encoding,    ///< unchanged: UTF-16 and the like
  passed_unexpected,  ///< unchanged: well-formed, but a place to edit is not plain text
  too_long,           ///< longer than a phone takes: it came so and is unchanged, or rewriting made it so
};
std::string_view to_string(NoteCode code);
/// True for the notes (passed_…) that say why a file went out as it came although it should have been
/// rewritten.
bool is_passed(NoteCode code);

struct Note {
  NoteCode code{};
  std::string what;        ///< element path or key: "device/sipProfile/natEnabled"
  std::string text;        ///< a sentence, already escaped, never with a secret in it
  std::size_t offset = 0;  ///< in the original, octets
};

enum class Signalling { unknown, sccp, sip };
std::string_view to_string(Signalling signalling);

/// A firmware load that the file names (without ".loads").
struct LoadName {
  enum class Use { phone, add_on, model_default };
  std::string name;
  Use use = Use::phone;
  std::uint32_t model = 0;  ///< SCCP device type, in XMLDefault.cnf.xml only
  friend bool operator==(const LoadName&, const LoadName&) = default;
};

/// A line of a SIP phone. Host and port: its own; empty and 0: those of the call servers.
struct CnfLine {
  std::uint32_t number = 0;
  std::string user;  ///< empty: the file does not name it
  std::string host;
  std::uint16_t port = 0;
  bool left = false;  ///< its server is none of the central side's, and was left as it is
  friend bool operator==(const CnfLine&, const CnfLine&) = default;
};

struct CallServer {
  std::string host;
  std::uint32_t priority = 0;
  std::uint16_t sccp_port = 0, sip_port = 0;  ///< 0: not given
  friend bool operator==(const CallServer&, const CallServer&) = default;
};

/// What the original says, for prefetching and diagnosis. Remote text: escape before showing. Bounded lists.
struct CnfFacts {
  Signalling signalling = Signalling::unknown;
  bool is_text = false;  ///< a 7940's or 7960's, of which one says what the other does not
  std::vector<LoadName> loads;
  std::vector<CallServer> call_servers;  ///< by priority
  bool servers_left = false;             ///< none of these is the central side's, and they were left as they are
  std::vector<CnfLine> lines;  ///< of SIP, at most kMaxLines; of a text file those that it says anything of, by number
  /// Further files the phone will ask for, by name as it asks (dial plan, soft keys, feature policy, locale
  /// files of its model). Locale files are optional: not alarming when missing.
  std::vector<std::string> files;
  std::string user_locale, network_locale;  ///< directory names
  bool encrypted_config = false;            ///< encrConfig: the phone will ask .enc.sgn next
  std::vector<PasswordDoubt> passwords;     ///< of SIP lines, those that a phone may not take; at most kMaxLines
  static constexpr std::size_t kMaxLines = 64;
};

struct Rewritten {
  bool changed = false;
  Buffer octets;            ///< only when changed; else the original goes out
  std::vector<Edit> edits;  ///< what was put where, by offset in the original
  std::vector<Note> notes;  ///< at most kMaxNotes
  CnfFacts facts;
};

/// Rewrites one provisioning file for the phone. Without a usable `options.host` only the facts are read.
/// Never fails: what can't be understood, is signed or is encrypted stays unchanged and a note says why; a
/// file is changed wholly or not at all. Octets outside the edited values stay as they came. Rewriting a
/// rewritten file changes nothing.
Rewritten rewrite_cnf(std::string_view file_name, Bytes original, const RewriteOptions& options);

}  // namespace dw::provisioning
