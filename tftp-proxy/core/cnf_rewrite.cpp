#include "tftp-proxy/core/cnf_rewrite.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "sbc/base/ids.hpp"
#include "sbc/base/text_cursor.hpp"
#include "tftp-proxy/core/cnf_policy.hpp"
#include "tftp-proxy/core/file_name.hpp"
#include "tftp-proxy/core/trust_list.hpp"

namespace dw::provisioning {
namespace {

std::string_view without_signature_ending(std::string_view name) {
  for (const std::string_view ending : {".sgn", ".enc"}) {
    if (ends_with_ignoring_case(name, ending)) name.remove_suffix(ending.size());
  }
  return name;
}

/// "SIP" + MAC + ".cnf" and the like, with nothing else.
bool is_device_file(std::string_view name, std::string_view prefix, std::string_view ending) {
  constexpr std::size_t kMacDigits = 12;
  return name.size() == prefix.size() + kMacDigits + ending.size() && starts_with_ignoring_case(name, prefix) &&
         ends_with_ignoring_case(name, ending) && !DeviceName::in_file_name(name).empty();
}

}  // namespace

CnfKind cnf_kind(std::string_view file_name) {
  const std::string_view name = without_signature_ending(base_name(file_name));
  if (ends_with_ignoring_case(name, ".cnf.xml") && !DeviceName::in_file_name(name).empty()) return CnfKind::device_xml;
  if (equal_ignoring_case(name, "XMLDefault.cnf.xml") || equal_ignoring_case(name, "ATADefault.cnf.xml"))
    return CnfKind::default_xml;
  if (is_device_file(name, "SIP", ".cnf") || equal_ignoring_case(name, "SIPDefault.cnf")) return CnfKind::text_79x0;
  if (is_device_file(name, "WLAN", ".xml") || equal_ignoring_case(name, "WLANDefault.xml")) return CnfKind::wlan_xml;
  return CnfKind::none;
}

RewriteOptions RewriteOptions::hosted() {
  RewriteOptions options;
  options.nat = Action::rewrite;
  options.transport = Action::rewrite;
  return options;
}

const std::vector<RewriteGroup>& rewrite_groups() {
  using O = RewriteOptions;
  static const std::vector<RewriteGroup> kGroups = {
      {"call_servers", &O::call_servers, "the first call server and its ports (callManager, proxyN_address)"},
      {"spare_call_servers", &O::spare_call_servers, "the other call servers; drop takes their elements out"},
      {"line_proxy", &O::line_proxy,
       "each line's SIP proxy; rewrite writes USECALLMANAGER, which newer loads insist on"},
      {"backup_proxy", &O::backup_proxy, "the second SIP registrar"},
      {"emergency_proxy", &O::emergency_proxy, "the proxy for emergency calls"},
      {"outbound_proxy", &O::outbound_proxy,
       "the SIP outbound proxy; it makes a phone send each request from a new port"},
      {"nat", &O::nat, "natEnabled: rewrite turns it on, drop off; natAddress is emptied, natReceivedProcessing off"},
      {"transport", &O::transport, "transportLayerProtocol; rewrite writes TCP"},
      {"security", &O::security, "deviceSecurityMode; rewrite writes 1 (none), and TCP for TLS"},
      {"srst", &O::srst, "survivable telephony, which would go past Dropwire; drop writes Disable"},
      {"tvs", &O::tvs, "the trust verification service"},
      {"capf", &O::capf, "certificate enrolment, and encrConfig, which is always turned off unless left"},
      {"tftp_server", &O::tftp_server, "TFTP servers that a file puts in the phone (dyn_tftp_addr, TFTPServer1 and 2)"},
      {"load_server", &O::load_server, "the host that firmware alone is fetched from"},
      {"firmware", &O::firmware, "load names; drop blanks them, rewrite leaves them"},
      {"ntp", &O::ntp, "time servers"},
      {"urls", &O::urls, "services, directory and other URLs; rewrite makes them lead to Dropwire's HTTP door"},
      {"secure_urls", &O::secure_urls,
       "the HTTPS forms of those URLs, which a phone without a trust list cannot verify"},
      {"version_stamp", &O::version_stamp, "versionStamp; rewrite makes it follow the original and this policy"},
  };
  return kGroups;
}

std::string_view to_string(Action action) {
  switch (action) {
    case Action::leave:
      return "leave";
    case Action::rewrite:
      return "rewrite";
    case Action::drop:
      return "drop";
  }
  return "unknown";
}

std::string_view to_string(NoteCode code) {
  switch (code) {
    case NoteCode::rewritten:
      return "rewritten";
    case NoteCode::dropped:
      return "dropped";
    case NoteCode::removed:
      return "removed";
    case NoteCode::emergency_route:
      return "emergency_route";
    case NoteCode::left_alone:
      return "left_alone";
    case NoteCode::vpn_present:
      return "vpn_present";
    case NoteCode::passed_signed:
      return "passed_signed";
    case NoteCode::passed_encrypted:
      return "passed_encrypted";
    case NoteCode::passed_malformed:
      return "passed_malformed";
    case NoteCode::passed_encoding:
      return "passed_encoding";
    case NoteCode::passed_unexpected:
      return "passed_unexpected";
    case NoteCode::too_long:
      return "too_long";
  }
  return "unknown";
}

std::string_view to_string(Signalling signalling) {
  switch (signalling) {
    case Signalling::unknown:
      return "unknown";
    case Signalling::sccp:
      return "sccp";
    case Signalling::sip:
      return "sip";
  }
  return "unknown";
}

bool is_passed(NoteCode code) {
  switch (code) {
    case NoteCode::passed_signed:
    case NoteCode::passed_encrypted:
    case NoteCode::passed_malformed:
    case NoteCode::passed_encoding:
    case NoteCode::passed_unexpected:
      return true;
    case NoteCode::rewritten:
    case NoteCode::dropped:
    case NoteCode::removed:
    case NoteCode::emergency_route:
    case NoteCode::left_alone:
    case NoteCode::vpn_present:
    case NoteCode::too_long:
      return false;
  }
  return false;
}

Rewritten rewrite_cnf(std::string_view file_name, Bytes original, const RewriteOptions& options) {
  Rewritten out;
  CnfEditor editor(options, out);
  const CnfKind kind = cnf_kind(file_name);
  if (kind == CnfKind::none) return out;
  const auto header = is_signed(original) ? parse_signed_header(original) : fail(Errc::not_found, "");
  if (is_encrypted_name(file_name) || (header && header->encrypted())) {
    editor.refuse(NoteCode::passed_encrypted, "", "it is encrypted for the phone", 0);
  } else if (is_signed_name(file_name) || is_signed(original)) {
    editor.refuse(NoteCode::passed_signed, "", "it is signed, and any edit would break the signature", 0);
  } else if (original.size() > kMaxCnfOctets) {
    editor.refuse(NoteCode::too_long, "",
                  fmt::format("it has {} octets, a phone takes at most {}", original.size(), kMaxCnfOctets), 0);
  } else if (original.size() > 2 && original[0] == 0x1f && original[1] == 0x8b) {
    editor.refuse(NoteCode::passed_encoding, "",
                  "it is packed with gzip, and phones take plain files: unpack it on the file server", 0);
  } else if (kind == CnfKind::text_79x0) {
    rewrite_text(original, editor);
  } else {
    rewrite_xml(kind, original, editor);
  }
  if (!is_plain_host(options.host))
    editor.refuse(NoteCode::passed_unexpected, "", "there is no address to tell the phone", 0);
  editor.finish(original);
  return out;
}

}  // namespace dw::provisioning
