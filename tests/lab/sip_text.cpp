#include "tests/lab/sip_text.hpp"

#include <fmt/core.h>
#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <random>

namespace dw::lab {

namespace {

bool same_name(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, [](unsigned char x, unsigned char y) { return std::tolower(x) == std::tolower(y); });
}

std::string_view long_name(std::string_view name) {
  struct Form {
    char letter;
    std::string_view name;
  };
  static constexpr std::array<Form, 11> kForms{{{'v', "Via"},
                                                {'f', "From"},
                                                {'t', "To"},
                                                {'i', "Call-ID"},
                                                {'m', "Contact"},
                                                {'l', "Content-Length"},
                                                {'c', "Content-Type"},
                                                {'k', "Supported"},
                                                {'r', "Refer-To"},
                                                {'b', "Referred-By"},
                                                {'o', "Event"}}};
  if (name.size() != 1) return name;
  const auto letter = static_cast<char>(std::tolower(static_cast<unsigned char>(name[0])));
  const auto found = std::ranges::find(kForms, letter, &Form::letter);
  return found == kForms.end() ? name : found->name;
}

bool is_header(const SipHeader& header, std::string_view name) {
  return same_name(long_name(header.name), name);
}

std::string_view trimmed(std::string_view text) {
  const auto blank = [](char c) { return c == ' ' || c == '\t'; };
  while (!text.empty() && blank(text.front()))
    text.remove_prefix(1);
  while (!text.empty() && blank(text.back()))
    text.remove_suffix(1);
  return text;
}

template <class Number>
std::optional<Number> number_of(std::string_view text) {
  Number value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

/// Splits at a separator that is neither in quotes nor in angle brackets.
std::vector<std::string_view> split_outside(std::string_view text, char separator) {
  std::vector<std::string_view> out;
  bool quoted = false, angled = false;
  std::size_t begin = 0;
  for (std::size_t i = 0; i <= text.size(); ++i) {
    if (i == text.size() || (text[i] == separator && !quoted && !angled)) {
      out.push_back(trimmed(text.substr(begin, i - begin)));
      begin = i + 1;
    } else if (text[i] == '\\' && quoted) {
      ++i;
    } else if (text[i] == '"') {
      quoted = !quoted;
    } else if (!quoted && (text[i] == '<' || text[i] == '>')) {
      angled = text[i] == '<';
    }
  }
  return out;
}

std::optional<std::string> find_param(std::string_view params, std::string_view name) {
  for (const std::string_view part : split_outside(params, ';')) {
    const std::size_t equals = std::min(part.find('='), part.size());
    if (!same_name(trimmed(part.substr(0, equals)), name)) continue;
    std::string_view value = equals < part.size() ? trimmed(part.substr(equals + 1)) : std::string_view{};
    if (value.size() >= 2 && value.front() == '"' && value.back() == '"') value = value.substr(1, value.size() - 2);
    return std::string(value);
  }
  return std::nullopt;
}

bool split_host_port(std::string_view text, std::string& host, std::uint16_t& port) {
  std::size_t colon = text.find(':');
  if (text.starts_with('[')) {
    const std::size_t end = text.find(']');
    if (end == std::string_view::npos) return false;
    host = text.substr(1, end - 1);
    colon = end + 1 < text.size() ? end + 1 : std::string_view::npos;
  } else {
    host = text.substr(0, colon);
  }
  if (colon == std::string_view::npos) return !host.empty();
  const auto number = number_of<std::uint16_t>(text.substr(colon + 1));
  port = number.value_or(0);
  return number && *number != 0 && !host.empty();
}

std::string unescaped(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    unsigned value = 0;
    if (text[i] == '%' && i + 2 < text.size() &&
        std::from_chars(text.data() + i + 1, text.data() + i + 3, value, 16).ptr == text.data() + i + 3) {
      out.push_back(static_cast<char>(value));
      i += 2;
    } else {
      out.push_back(text[i]);
    }
  }
  return out;
}

std::string md5(const std::string& text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_md5(), nullptr);
  std::string out;
  for (unsigned i = 0; i < size; ++i)
    out += fmt::format("{:02x}", digest[i]);
  return out;
}

}  // namespace

std::string SipText::method() const {
  if (is_request()) return start.substr(0, start.find(' '));
  const std::string value = get("CSeq");
  return value.substr(std::min(value.find(' '), value.size() - 1) + 1);
}

std::string SipText::target() const {
  const std::size_t first = start.find(' '), last = start.rfind(' ');
  return first < last ? start.substr(first + 1, last - first - 1) : std::string{};
}

int SipText::status() const {
  return is_request() || start.size() < 11 ? 0 : number_of<int>(std::string_view(start).substr(8, 3)).value_or(0);
}

unsigned SipText::cseq() const {
  const std::string value = get("CSeq");
  return number_of<unsigned>(std::string_view(value).substr(0, value.find(' '))).value_or(0);
}

std::string SipText::get(std::string_view name) const {
  const auto found = std::ranges::find_if(headers, [&](const SipHeader& h) { return is_header(h, name); });
  return found == headers.end() ? std::string{} : found->value;
}

bool SipText::has(std::string_view name) const {
  return std::ranges::any_of(headers, [&](const SipHeader& h) { return is_header(h, name); });
}

std::vector<std::string> SipText::values(std::string_view name) const {
  std::vector<std::string> out;
  for (const SipHeader& header : headers) {
    if (!is_header(header, name)) continue;
    for (const std::string_view value : split_outside(header.value, ','))
      out.emplace_back(value);
  }
  return out;
}

void SipText::set(std::string_view name, const std::string& value) {
  const auto found = std::ranges::find_if(headers, [&](const SipHeader& h) { return is_header(h, name); });
  if (found == headers.end()) {
    add(std::string(name), value);
  } else {
    found->value = value;
  }
}

void SipText::drop(std::string_view name) {
  std::erase_if(headers, [&](const SipHeader& h) { return is_header(h, name); });
}

std::string SipText::to_string() const {
  std::string out = start + "\r\n";
  for (const SipHeader& header : headers)
    out += header.name + ": " + header.value + "\r\n";
  return out + "\r\n" + body;
}

std::optional<SipText> parse_sip(std::string_view octets, std::string& why) {
  SipText out;
  const std::size_t end = octets.find("\r\n\r\n");
  if (end == std::string_view::npos) return why = "no empty line after the headers", std::nullopt;
  for (std::string_view rest = octets.substr(0, end + 2); !rest.empty();) {
    const std::size_t stop = rest.find("\r\n");
    const std::string_view line = rest.substr(0, stop);
    rest.remove_prefix(stop + 2);
    if (line.find_first_of(std::string_view("\r\n\0", 3)) != std::string_view::npos) {
      return why = "a line with a CR, LF or NUL in it", std::nullopt;
    }
    if (out.start.empty()) {
      out.start = line;
      continue;
    }
    if ((line.starts_with(' ') || line.starts_with('\t')) && !out.headers.empty()) {
      out.headers.back().value += " " + std::string(trimmed(line));
      continue;
    }
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos || colon == 0) {
      return why = "a header without a name: " + std::string(line), std::nullopt;
    }
    out.add(std::string(trimmed(line.substr(0, colon))), std::string(trimmed(line.substr(colon + 1))));
  }
  out.body = octets.substr(end + 4);
  if (out.is_request() ? !out.start.ends_with(" SIP/2.0") || out.target().empty() : out.status() < 100) {
    return why = "a start line that is none: " + out.start, std::nullopt;
  }
  return out;
}

std::optional<std::size_t> sip_length(std::string_view octets) {
  std::size_t begin = 0;
  while (octets.substr(begin).starts_with("\r\n"))
    begin += 2;
  const std::size_t end = octets.find("\r\n\r\n", begin);
  if (end == std::string_view::npos) return 0;
  std::string why;
  const auto head = parse_sip(octets.substr(begin, end + 4 - begin), why);
  if (!head) return std::nullopt;
  const auto length = number_of<std::size_t>(head->get("Content-Length"));
  if (!length) return std::nullopt;
  const std::size_t size = end + 4 + *length;
  return size <= octets.size() ? size : 0;
}

std::optional<SipUri> parse_uri(std::string_view text) {
  SipUri out;
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos) return std::nullopt;
  out.scheme = text.substr(0, colon);
  if (!same_name(out.scheme, "sip") && !same_name(out.scheme, "sips")) return std::nullopt;
  text.remove_prefix(colon + 1);
  if (const std::size_t at = text.find('@'); at != std::string_view::npos) {
    out.user = text.substr(0, at);
    text.remove_prefix(at + 1);
  }
  if (const std::size_t mark = text.find('?'); mark != std::string_view::npos) {
    out.headers = text.substr(mark + 1);
    text = text.substr(0, mark);
  }
  if (const std::size_t mark = text.find(';'); mark != std::string_view::npos) {
    out.params = text.substr(mark);
    text = text.substr(0, mark);
  }
  if (!split_host_port(text, out.host, out.port)) return std::nullopt;
  return out;
}

std::string SipUri::param(std::string_view name) const {
  return find_param(params, name).value_or("");
}

std::string SipUri::header(std::string_view name) const {
  for (const std::string_view part : split_outside(headers, '&')) {
    const std::size_t equals = std::min(part.find('='), part.size());
    if (same_name(part.substr(0, equals), name)) {
      return unescaped(part.substr(std::min(equals + 1, part.size())));
    }
  }
  return {};
}

std::string SipUri::without_headers() const {
  return scheme + ":" + (user.empty() ? "" : user + "@") + host + (port == 0 ? "" : ":" + std::to_string(port)) +
         params;
}

NameAddr parse_name_addr(std::string_view text) {
  NameAddr out;
  const auto parts = split_outside(text, ';');
  std::string_view first = parts[0];
  // The first semicolon outside quotes and brackets, when there is one.
  const auto after = static_cast<std::size_t>(first.data() + first.size() - text.data());
  out.params = text.substr(std::min(after, text.size()));
  if (const std::size_t open = first.find('<'); open != std::string_view::npos) {
    out.display = trimmed(first.substr(0, open));
    out.uri = first.substr(open + 1, first.rfind('>') - open - 1);
  } else {
    out.uri = first;
  }
  return out;
}

std::string NameAddr::param(std::string_view name) const {
  return find_param(params, name).value_or("");
}

Via parse_via(std::string_view text) {
  Via out;
  const std::size_t blank = text.find(' ');
  if (blank == std::string_view::npos) return out;
  out.transport = text.substr(0, blank);
  text = trimmed(text.substr(blank));
  const std::size_t mark = std::min(text.find(';'), text.size());
  out.params = text.substr(mark);
  (void)split_host_port(trimmed(text.substr(0, mark)), out.host, out.port);
  return out;
}

std::string Via::param(std::string_view name) const {
  return find_param(params, name).value_or("");
}
bool Via::has_param(std::string_view name) const {
  return find_param(params, name).has_value();
}

std::string digest_answer(const std::string& challenge, const std::string& method, const std::string& uri,
                          const std::string& user, const std::string& password, bool with_qop) {
  if (!challenge.starts_with("Digest ")) return {};
  std::string realm, nonce, qop, opaque, algorithm;
  for (const std::string_view part : split_outside(std::string_view(challenge).substr(7), ',')) {
    const auto take = [&](std::string_view name, std::string& into) {
      if (const auto value = find_param(part, name)) into = *value;
    };
    take("realm", realm);
    take("nonce", nonce);
    take("qop", qop);
    take("opaque", opaque);
    take("algorithm", algorithm);
  }
  if (nonce.empty() || (!algorithm.empty() && !same_name(algorithm, "MD5"))) return {};
  const bool auth = with_qop && qop.find("auth") != std::string::npos;
  const std::string ha1 = md5(user + ":" + realm + ":" + password), ha2 = md5(method + ":" + uri);
  const std::string cnonce = random_hex(8);
  const std::string response =
      auth ? md5(ha1 + ":" + nonce + ":00000001:" + cnonce + ":auth:" + ha2) : md5(ha1 + ":" + nonce + ":" + ha2);
  std::string out = fmt::format(R"(Digest username="{}",realm="{}",uri="{}",response="{}",nonce="{}")", user, realm,
                                uri, response, nonce);
  if (auth) out += fmt::format(R"(,cnonce="{}",qop=auth,nc=00000001)", cnonce);
  if (!opaque.empty()) out += fmt::format(R"(,opaque="{}")", opaque);
  return out + ",algorithm=MD5";
}

std::string random_hex(std::size_t digits) {
  static std::mt19937_64 chance{std::random_device{}()};
  std::string out;
  for (std::size_t i = 0; i < digits; ++i)
    out.push_back("0123456789abcdef"[chance() % 16]);
  return out;
}

std::string percent_encode(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '.' || c == '_') {
      out.push_back(c);
    } else {
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return out;
}

}  // namespace dw::lab
