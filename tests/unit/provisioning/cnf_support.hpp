#pragma once
#include <doctest/doctest.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <string>

#include "tests/support/fixtures.hpp"
#include "tftp-proxy/core/cnf_rewrite.hpp"

namespace dw::provisioning {

inline std::string fixture(const std::string& name) {
  std::ifstream in(fixtures_folder() + "/provisioning/" + name, std::ios::binary);
  REQUIRE_MESSAGE(in.good(), name);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

struct Case {
  const char* fixture;
  const char* asked_as;
};

/// Every fixture that a phone could ask for, under the name it would have.
inline constexpr Case kCases[] = {
    {"cucm_7965_sccp.cnf.xml", "SEP001122334455.cnf.xml"},
    {"cucm_7965_sccp.crlf.cnf.xml", "SEP001122334456.cnf.xml"},
    {"chan_sccp_7945.cnf.xml", "SEP001122334457.cnf.xml"},
    {"usecallmanager_7961_sip.cnf.xml", "SEP00AABBCCDDEE.cnf.xml"},
    {"xmldefault.cnf.xml", "XMLDefault.cnf.xml"},
    {"sipdefault.cnf", "SIPDefault.cnf"},
    {"sip_mac.cnf", "SIP001122334466.cnf"},
    {"wlan.xml", "WLAN001122334477.xml"},
};

inline const char* name_of(const std::string& fixture_name) {
  for (const Case& c : kCases) {
    if (fixture_name == c.fixture) return c.asked_as;
  }
  FAIL("no case of that fixture: ", fixture_name);
  return "";
}

inline RewriteOptions edge_at(std::string host = "192.0.2.1") {
  RewriteOptions options = RewriteOptions::edge();
  options.host = std::move(host);
  options.http_port = 6970;
  options.sccp_port = 2000;
  options.sip_port = 5060;
  return options;
}

/// Everything left but one group.
inline RewriteOptions only(Action RewriteOptions::*group, Action action) {
  RewriteOptions options = edge_at();
  for (const RewriteGroup& g : rewrite_groups())
    options.*g.action = Action::leave;
  options.*group = action;
  return options;
}

inline std::string text_of(const Rewritten& rewritten, const std::string& original) {
  return rewritten.changed ? std::string(as_text(rewritten.octets)) : original;
}

inline Rewritten rewritten_fixture(const std::string& name, const RewriteOptions& options) {
  const std::string original = fixture(name);
  return rewrite_cnf(name_of(name), as_bytes(original), options);
}

inline bool has_note(const Rewritten& rewritten, NoteCode code) {
  return std::ranges::find(rewritten.notes, code, &Note::code) != rewritten.notes.end();
}

}  // namespace dw::provisioning
