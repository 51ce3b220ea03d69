#pragma once
#include <cstddef>
#include <optional>
#include <string_view>

namespace dw::sim {

// How tests and benches read SIP: shares nothing with the proxy's own parser.

/// Letters of any case; other characters of a field name differ in that bit as well.
inline bool same_sip_name(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if ((a[i] | 0x20) != (b[i] | 0x20)) return false;
  }
  return true;
}

inline std::string_view trimmed_sip(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t'))
    text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t'))
    text.remove_suffix(1);
  return text;
}

/// The number at the beginning; 0: there is none.
inline unsigned number_at(std::string_view text) {
  unsigned out = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') break;
    out = out * 10 + static_cast<unsigned>(c - '0');
  }
  return out;
}

struct SipFrame {
  std::string_view start;  ///< request line or status line
  std::string_view body;   ///< all behind the empty line
};

/// Cuts a message into its lines as views, without a copy: `take(line)` gets each header line with its CR LF, and says
/// whether it can be read. Nothing: there is no empty line, or one can't be read.
template <class Take>
std::optional<SipFrame> read_sip_lines(std::string_view octets, Take take) {
  std::size_t at = octets.find("\r\n");
  if (at == std::string_view::npos) return std::nullopt;
  SipFrame frame{octets.substr(0, at), {}};
  at += 2;
  while (at < octets.size()) {
    const std::size_t end = octets.find('\n', at);
    if (end == std::string_view::npos || end == at || octets[end - 1] != '\r') return std::nullopt;
    const std::string_view line = octets.substr(at, end + 1 - at);
    at = end + 1;
    if (line.size() == 2) {
      frame.body = octets.substr(at);
      return frame;
    }
    if (!take(line)) return std::nullopt;
  }
  return std::nullopt;
}

/// A header line of read_sip_lines() in two.
struct SipLine {
  std::string_view name, value;
};
/// Nothing: it has no name.
inline std::optional<SipLine> split_sip_line(std::string_view line) {
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos || colon == 0) return std::nullopt;
  return SipLine{line.substr(0, colon), trimmed_sip(line.substr(colon + 1, line.size() - colon - 3))};
}

}  // namespace dw::sim
