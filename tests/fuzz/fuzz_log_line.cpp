#include <cstdint>
#include <cstdlib>

#include "sbc/base/log_line.hpp"

/// No line breaks the formats: a JSON object stays one line, fields stay within their bound.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view line = dw::as_text({data, size});
  if (dw::parse_log_line(line).fields.size() > dw::LogLine::kMaxFields) std::abort();
  const std::string json = dw::log_json("t", "info", line);
  if (json.find('\n') != json.npos || json.front() != '{' || json.back() != '}') std::abort();
  const dw::Buffer entry = dw::journal_entry(6, line);
  if (entry.empty() || entry.back() != '\n') std::abort();
  return 0;
}
