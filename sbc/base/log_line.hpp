#pragma once
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sbc/base/bytes.hpp"

namespace dw {

/// One line of our log, `event=… key=value key="quoted, with \" and \\" words for people`, taken apart. Fields stand
/// anywhere between the words; a key is lower-case letters, digits and underscores. What is no field is a word.
struct LogLine {
  static constexpr std::size_t kMaxFields = 32;  ///< what comes after is among the words
  /// Keys are views into the line.
  std::vector<std::pair<std::string_view, std::string>> fields;  ///< values without their quotes; `\x1b` stays as it is
  std::vector<bool> quoted;                                      ///< for each field: its value stood in quotes
  std::string words;
};
LogLine parse_log_line(std::string_view line);

/// One JSON object without a line end: time, level, then the line's fields (the first of a name) as strings (of
/// event=call_down, numbers and true and false that stand without quotes as what they are), then its words as "text".
/// Octets that are not UTF-8 become U+FFFD.
std::string log_json(std::string_view time, std::string_view level, std::string_view line);

/// One datagram of journald's native protocol (systemd's "Native Journal Protocol"): MESSAGE is the whole line,
/// PRIORITY as syslog(3) counts, SYSLOG_IDENTIFIER=dropwire, and of the line's fields those that are asked for most:
/// EVENT, DEVICE, PEER, CALL, REASON, SERVICE, SERVER, FILE.
Buffer journal_entry(int priority, std::string_view line);

}  // namespace dw
