#pragma once
// What the load reads of a SIP message that it trusts: no parser of the program that it measures.
#include <strings.h>

#include <algorithm>
#include <string>
#include <string_view>

namespace bench {

inline bool same_name(std::string_view a, std::string_view b) {
  return a.size() == b.size() && strncasecmp(a.data(), b.data(), a.size()) == 0;
}
inline unsigned number_in(std::string_view text) {
  unsigned out = 0;
  for (char c : text) {
    if (c < '0' || c > '9') break;
    out = out * 10 + static_cast<unsigned>(c - '0');
  }
  return out;
}
inline std::string_view trimmed(std::string_view text) {
  while (!text.empty() && text.front() == ' ')
    text.remove_prefix(1);
  return text;
}

/// What the load reads of a message: views into it. The vias and routes are whole lines with their ends.
struct Message {
  std::string_view start, from, to, call_id, cseq, contact, retry_after;
  std::string vias, record_routes;
  std::string_view body;

  bool read(std::string_view octets) {
    start = from = to = call_id = cseq = contact = retry_after = body = {};
    vias.clear(), record_routes.clear();
    std::size_t at = octets.find("\r\n");
    if (at == std::string_view::npos) return false;
    start = octets.substr(0, at);
    at += 2;
    while (at < octets.size()) {
      const std::size_t end = octets.find('\n', at);
      if (end == std::string_view::npos || end == at) return false;
      const std::string_view line = octets.substr(at, end + 1 - at);
      at = end + 1;
      if (line == "\r\n") {
        body = octets.substr(at);
        return !call_id.empty() && !cseq.empty() && !vias.empty();
      }
      const std::size_t colon = line.find(':');
      if (colon == std::string_view::npos) return false;
      keep(line.substr(0, colon), trimmed(line.substr(colon + 1, line.size() - colon - 3)), line);
    }
    return false;
  }
  bool is_response() const { return start.starts_with("SIP/2.0 "); }
  unsigned status() const { return number_in(start.substr(std::min<std::size_t>(8, start.size()))); }
  std::string_view method() const {
    return is_response() ? cseq.substr(cseq.find(' ') + 1) : start.substr(0, start.find(' '));
  }
  std::string_view contact_uri() const {
    const std::size_t open = contact.find('<'), close = contact.find('>');
    return open == std::string_view::npos || close == std::string_view::npos
               ? contact
               : contact.substr(open + 1, close - open - 1);
  }

 private:
  void keep(std::string_view name, std::string_view value, std::string_view line) {
    switch (name.empty() ? 0 : name.front() | 0x20) {
      case 'v':
        if (same_name(name, "Via")) vias += line;
        break;
      case 'r':
        if (same_name(name, "Record-Route")) record_routes += line;
        if (same_name(name, "Retry-After")) retry_after = value;
        break;
      case 'f':
        if (same_name(name, "From")) from = value;
        break;
      case 't':
        if (same_name(name, "To")) to = value;
        break;
      case 'c':
        if (same_name(name, "Call-ID")) call_id = value;
        if (same_name(name, "CSeq")) cseq = value;
        if (same_name(name, "Contact") && contact.empty()) contact = value;
        break;
    }
  }
};

}  // namespace bench
