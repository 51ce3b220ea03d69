// SIPDefault.cnf and SIP<MAC>.cnf of 7940/7960 SIP loads: "key: value" a line, "#" and ";" begin comments.
#include <algorithm>
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
  return key.size() == pattern.size() && key[n] >= '1' && key[n] <= '6' && key.substr(0, n) == pattern.substr(0, n) &&
         key.substr(n + 1) == pattern.substr(n + 1);
}

void replace(const Line& line, const std::string& to, CnfEditor& editor) {
  const std::string spelt = to.empty() && !line.quoted ? "\"\"" : to;
  std::string shown = to.empty() ? fmt::format("\"{}\" was taken out", escaped(line.value))
                                 : fmt::format("\"{}\" is now \"{}\"", escaped(line.value), escaped(to));
  if (line.key.ends_with("_url")) shown = to.empty() ? "the URL was taken out" : "the URL now leads to Dropwire";
  editor.replace(line.key, line.offset, line.value.size(), spelt, std::move(shown));
}

/// Which of the six lines a key is of, 1 to 6; 0: of none.
std::uint32_t line_of(std::string_view key, std::string_view pattern) {
  return fits(key, pattern) ? static_cast<std::uint32_t>(key[pattern.find('N')] - '0') : 0;
}

/// Of these lines the proxy is not the central side's.
using LeftLines = std::array<bool, 7>;

void apply(const Rule& rule, const Line& line, const LeftLines& left, CnfEditor& editor) {
  const Action action = editor.options().*rule.group;
  if (action == Action::leave) return;
  if (rule.group == &O::call_servers && left[std::max(line_of(line.key, rule.where), line_of(line.key, rule.port))])
    return;
  if (fits(line.key, rule.where)) {
    const auto to = changed_value(action == Action::rewrite ? rule.rewrite : rule.drop, line.value, editor.options());
    if (!to) return;
    replace(line, *to, editor);
    if (rule.group == &O::emergency_proxy && action == Action::rewrite)
      editor.note(NoteCode::emergency_route, line.key, "emergency calls now go through Dropwire", line.offset);
  } else if (!rule.port.empty() && fits(line.key, rule.port) && action == Action::rewrite) {
    const std::string port = std::to_string(editor.options().*rule.port_option);
    if (parse_number(line.value, 65535) && line.value != port) replace(line, port, editor);
  }
}

void collect_facts(const Line& line, CnfFacts& facts) {
  if (line.key == "image_version") add_load(facts, line.value, LoadName::Use::phone, 0);
  if (line.key == "dial_template" && !line.value.empty())
    add_file(facts,
             ends_with_ignoring_case(line.value, ".xml") ? std::string(line.value) : std::string(line.value) + ".xml");
  if (fits(line.key, "lineN_password") && facts.passwords.size() < CnfFacts::kMaxLines) {
    if (const auto doubt = doubt_of(static_cast<std::uint32_t>(line.key[4] - '0'), line.value, Spelling::text))
      facts.passwords.push_back(*doubt);
  }
  constexpr std::array<std::string_view, 3> kOfLines = {"lineN_name", "proxyN_address", "proxyN_port"};
  for (const std::string_view pattern : kOfLines) {
    const std::uint32_t number = line_of(line.key, pattern);
    if (number == 0 || !names_host(line.value)) continue;
    auto at = std::ranges::lower_bound(facts.lines, number, {}, &CnfLine::number);
    if (at == facts.lines.end() || at->number != number) at = facts.lines.insert(at, {number, {}, {}, 0, false});
    if (pattern == kOfLines[0]) at->user = line.value;
    if (pattern == kOfLines[1]) at->host = line.value;
    if (pattern == kOfLines[2]) at->port = static_cast<std::uint16_t>(parse_number(line.value, 65535).value_or(0));
  }
}

/// Those whose proxy is elsewhere, as the whole file says: its first line's is where the others are by default.
LeftLines left_lines(const CnfFacts& facts, const RewriteOptions& options) {
  LeftLines left{};
  const CnfLine* const first = !facts.lines.empty() && facts.lines.front().number == 1 ? &facts.lines.front() : nullptr;
  for (const CnfLine& line : facts.lines) {
    const bool as_first = first && (line.number == 1 || equal_ignoring_case(line.host, first->host));
    if (!line.host.empty() && !is_central(line.host, options) && (options.central_hosts_only || !as_first))
      left[line.number] = true;
  }
  return left;
}

template <class Visit>
void for_each_line(std::string_view text, Visit visit) {
  TextCursor cursor(text);
  cursor.skip_text("\xef\xbb\xbf");
  while (!cursor.at_end()) {
    const std::size_t offset = cursor.offset();
    if (const Line line = parse_line(cursor.take_line(), offset); !line.key.empty()) visit(line);
  }
}

}  // namespace

void rewrite_text(Bytes original, CnfEditor& editor) {
  const std::string_view text = as_text(original);
  if (text.starts_with("\xff\xfe") || text.starts_with("\xfe\xff"))
    return editor.refuse(NoteCode::passed_encoding, "", "the file is in UTF-16", 0);
  if (const auto nul = text.find('\0'); nul != text.npos)
    return editor.refuse(NoteCode::passed_malformed, "", "an octet 0 in the text", nul);
  editor.facts().signalling = Signalling::sip;
  editor.facts().is_text = true;
  for_each_line(text, [&](const Line& line) { collect_facts(line, editor.facts()); });
  for (const CnfLine& line : editor.facts().lines) {
    if (!line.host.empty()) editor.facts().call_servers.push_back({line.host, line.number - 1, 0, line.port});
  }
  const LeftLines left = left_lines(editor.facts(), editor.options());
  for_each_line(text, [&](const Line& line) {
    if (const std::uint32_t number = line_of(line.key, "proxyN_address"); left[number] && names_host(line.value))
      editor.leave_alone(line.key, number, line.value, line.offset);
    for (const Rule& rule : kTextRules)
      apply(rule, line, left, editor);
  });
}

}  // namespace dw::provisioning
