#pragma once
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sbc/base/bytes.hpp"

namespace dw {

/// One line of our log, `event=… key=value key="quoted, with \" and \\" words for people`, parsed. Fields may stand
/// anywhere between the words; a key is lower-case letters, digits and underscores. Anything else is a word.
struct LogLine {
  static constexpr std::size_t kMaxFields = 32;  ///< further fields are kept among the words
  /// Keys are views into the line.
  std::vector<std::pair<std::string_view, std::string>> fields;  ///< values without quotes; `\x1b` stays as it is
  std::vector<bool> quoted;                                      ///< for each field: whether its value was quoted
  std::string words;
};
LogLine parse_log_line(std::string_view line);

/// One JSON object without a line end: time, level, the line's fields (the first of each name) as strings (those of
/// event=call_down: unquoted numbers, true and false keep their type), then the words as "text". Octets that are not
/// UTF-8 become U+FFFD.
std::string log_json(std::string_view time, std::string_view level, std::string_view line);

/// One datagram of journald's native protocol (systemd's "Native Journal Protocol"): MESSAGE is the whole line,
/// PRIORITY as in syslog(3), SYSLOG_IDENTIFIER=dropwire, and the fields that people filter by most: EVENT, DEVICE,
/// PEER, CALL, REASON, SERVICE, SERVER, FILE.
Buffer journal_entry(int priority, std::string_view line);

}  // namespace dw
