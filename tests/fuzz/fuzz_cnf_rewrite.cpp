// The first octet chooses the kind of file and the policy, the rest is the file.
#include <cstdlib>

#include <pugixml.hpp>

#include "tftp-proxy/core/cnf_rewrite.hpp"

using namespace dw;
using namespace dw::provisioning;

namespace {

RewriteOptions policy(unsigned choice) {
  RewriteOptions options = choice % 2 == 0 ? RewriteOptions::edge() : RewriteOptions::hosted();
  options.host = choice % 3 == 0 ? "2001:db8::1" : "192.0.2.1";
  if (choice % 5 < 2) {
    for (const RewriteGroup& group : rewrite_groups())
      options.*group.action = choice % 5 == 0 ? Action::rewrite : Action::drop;
  }
  if (choice % 7 < 2) options.central_hosts = {"pbx.example.net", "*.example.org", options.host};
  options.central_hosts_only = choice % 7 == 1;
  return options;
}

bool is_well_formed(Bytes octets) {
  pugi::xml_document document;
  return document.load_buffer(octets.data(), octets.size(), pugi::parse_full, pugi::encoding_utf8);
}

/// Everything outside the edits is where it was, and the edits are what is inside.
void check_edits(Bytes original, const Rewritten& out) {
  std::string rebuilt;
  std::size_t at = 0;
  for (const Edit& edit : out.edits) {
    if (edit.offset < at || edit.offset + edit.length > original.size()) std::abort();
    rebuilt += as_text(original.subspan(at, edit.offset - at));
    rebuilt += edit.text;
    at = edit.offset + edit.length;
  }
  rebuilt += as_text(original.subspan(at));
  if (rebuilt != as_text(out.octets)) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  constexpr const char* kNames[] = {"SEP001122334455.cnf.xml", "XMLDefault.cnf.xml", "SIPDefault.cnf",
                                    "WLANDefault.xml"};
  const char* name = kNames[data[0] % 4];
  const RewriteOptions options = policy(data[0] / 4U);
  const Bytes original{data + 1, size - 1};
  const Rewritten once = rewrite_cnf(name, original, options);
  if (once.notes.size() > kMaxNotes || once.changed != !once.edits.empty()) std::abort();
  if (!once.changed) return 0;
  check_edits(original, once);
  if (cnf_kind(name) != CnfKind::text_79x0 && is_well_formed(original) && !is_well_formed(once.octets)) std::abort();
  const Rewritten twice = rewrite_cnf(name, once.octets, options);
  if (twice.changed) std::abort();
  return 0;
}
