// SIPDefault.cnf and SIP<MAC>.cnf of 7940/7960 SIP loads: "key: value" a line, "#" and ";" begin comments.
#include <array>

#include <fmt/format.h>

#include "sbc/base/escape.hpp"
#include "sbc/base/text_cursor.hpp"
#include "tftp-proxy/core/cnf_policy.hpp"

namespace dw::provisioning {
namespace {

using enum Becomes;
using O = RewriteOptions;

/// cisco-provisioning §3.3. "N" stands for a digit 1 to 6.
constexpr std::array kTextRules = {
    Rule{"proxyN_address", &O::call_servers, {host}, {no_host}, "proxyN_port", &O::sip_port},
    Rule{"proxy_backup", &O::backup_proxy, {host}, {no_host}, "proxy_backup_port", &O::sip_port},
    Rule{"proxy_emergency", &O::emergency_proxy, {host}, {no_host}, "proxy_emergency_port", &O::sip_port},
    Rule{"outbound_proxy", &O::outbound_proxy, {host}, {no_host}, "outbound_proxy_port", &O::sip_port},
    Rule{"nat_enable", &O::nat, {flag, "true"}, {flag, "false"}},
    Rule{"nat_address", &O::nat, {no_host}, {no_host}},
    Rule{"nat_received_processing", &O::nat, {flag, "false"}, {flag, "false"}},
    Rule{"dyn_tftp_addr", &O::tftp_server, {host}, {no_host}},
    Rule{"sntp_server", &O::ntp, {host}, {no_host}},
    Rule{"image_version", &O::firmware, {same}, {empty}},
    Rule{"services_url", &O::urls, {url}, {no_url}},
    Rule{"directory_url", &O::urls, {url}, {no_url}},
    Rule{"logo_url", &O::urls, {url}, {no_url}},
    Rule{"http_proxy_addr", &O::urls, {host}, {no_host}, "http_proxy_port", &O::http_port},
};

/// One line: where its value is, quotes left out.
struct Line {
  std::string key;  ///< lower case, as the tables have it
  std::string_view value;
  std::size_t offset = 0;  ///< of the value
  bool quoted = false;
};

Line parse_line(std::string_view line, std::size_t line_offset) {
  Line out;
  TextCursor cursor(line);
  cursor.skip_blanks();
  if (cursor.peek() == '#' || cursor.peek() == ';') return out;
  const std::string_view key = trim(cursor.take_until(":"));
  if (!cursor.skip_char(':')) return out;
  cursor.skip_blanks();
  out.quoted = cursor.skip_char('"');
  out.offset = line_offset + cursor.offset();
  out.value = cursor.take_until(out.quoted ? "\"" : " \t;#");
  if (out.quoted && cursor.peek() != '"') return out;  // no closing quote: nobody knows where it ends
  for (const char c : key)
    out.key += lower(c);
  return out;
}

/// "proxy3_port" fits "proxyN_port".
bool fits(std::string_view key, std::string_view pattern) {
  const auto n = pattern.find('N');
  if (n == pattern.npos) return key == pattern;
  return key.size() == pattern.size() && key[n] >= '1' && key[n] <= '6' &&
         key.substr(0, n) == pattern.substr(0, n) && key.substr(n + 1) == pattern.substr(n + 1);
}

void replace(const Line& line, const std::string& to, CnfEditor& editor) {
  const std::string spelt = to.empty() && !line.quoted ? "\"\"" : to;
  std::string shown = to.empty() ? fmt::format("\"{}\" was taken out", escaped(line.value))
                                 : fmt::format("\"{}\" is now \"{}\"", escaped(line.value), escaped(to));
  if (line.key.ends_with("_url"))
    shown = to.empty() ? "the URL was taken out" : "the URL now leads to Dropwire";
  editor.replace(line.key, line.offset, line.value.size(), spelt, std::move(shown));
}

void apply(const Rule& rule, const Line& line, CnfEditor& editor) {
  const Action action = editor.options().*rule.group;
  if (action == Action::leave) return;
  if (fits(line.key, rule.where)) {
    const auto to =
        changed_value(action == Action::rewrite ? rule.rewrite : rule.drop, line.value, editor.options());
    if (!to) return;
    replace(line, *to, editor);
    if (rule.group == &O::emergency_proxy && action == Action::rewrite)
      editor.note(NoteCode::emergency_route, line.key, "emergency calls now go through Dropwire",
                  line.offset);
  } else if (!rule.port.empty() && fits(line.key, rule.port) && action == Action::rewrite) {
    const std::string port = std::to_string(editor.options().*rule.port_option);
    if (parse_number(line.value, 65535) && line.value != port) replace(line, port, editor);
  }
}

void collect_facts(const Line& line, CnfFacts& facts) {
  if (line.key == "image_version") add_load(facts, line.value, LoadName::Use::phone, 0);
  if (line.key == "dial_template" && !line.value.empty())
    add_file(facts, ends_with_ignoring_case(line.value, ".xml") ? std::string(line.value)
                                                                : std::string(line.value) + ".xml");
  if (fits(line.key, "lineN_password") && facts.passwords.size() < CnfFacts::kMaxLines) {
    if (const auto doubt = doubt_of(static_cast<std::uint32_t>(line.key[4] - '0'), line.value, Spelling::text))
      facts.passwords.push_back(*doubt);
  }
  const bool port = fits(line.key, "proxyN_port");
  if (!port && !fits(line.key, "proxyN_address")) return;
  const auto number = static_cast<std::uint32_t>(line.key[5] - '1');
  for (CallServer& server : facts.call_servers) {
    if (server.priority != number) continue;
    if (port) server.sip_port = static_cast<std::uint16_t>(parse_number(line.value, 65535).value_or(0));
    return;
  }
  if (!port && names_host(line.value)) facts.call_servers.push_back({std::string(line.value), number, 0, 0});
}

}  // namespace

void rewrite_text(Bytes original, CnfEditor& editor) {
  const std::string_view text = as_text(original);
  if (text.starts_with("\xff\xfe") || text.starts_with("\xfe\xff"))
    return editor.refuse(NoteCode::passed_encoding, "", "the file is in UTF-16", 0);
  if (const auto nul = text.find('\0'); nul != text.npos)
    return editor.refuse(NoteCode::passed_malformed, "", "an octet 0 in the text", nul);
  editor.facts().signalling = Signalling::sip;
  TextCursor cursor(text);
  cursor.skip_text("\xef\xbb\xbf");
  while (!cursor.at_end()) {
    const std::size_t offset = cursor.offset();
    const Line line = parse_line(cursor.take_line(), offset);
    if (line.key.empty()) continue;
    collect_facts(line, editor.facts());
    for (const Rule& rule : kTextRules)
      apply(rule, line, editor);
  }
}

}  // namespace dw::provisioning
