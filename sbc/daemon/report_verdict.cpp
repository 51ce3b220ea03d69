#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "sbc/base/text_cursor.hpp"
#include "sbc/daemon/report.hpp"
#include "sbc/daemon/report_json.hpp"

namespace dw::report {

bool is_wrong(const Json& verdict) {
  const std::string state = text_at(verdict, "state");
  return state == "trouble" || state == "failed";
}

std::string how_it_stands(const Json& verdict) {
  const std::string state = text_at(verdict, "state");
  if (state == "not_known") return "Nothing was found wrong so far. Not known yet: " + text_at(verdict, "words") + ".";
  return is_wrong(verdict) ? text_at(verdict, "words") + "." : std::string("All looks well.");
}

std::string stands(const Json& verdict) {
  const std::string state = text_at(verdict, "state"), words = text_at(verdict, "words");
  if (state == "ok") return words + ".";
  std::string out = fmt::format("{}: {}.",
                                state == "failed"    ? "Failed"
                                : state == "trouble" ? "Trouble"
                                                     : "Not known yet",
                                words);
  for (const Json& part : verdict.value("parts", Json::array())) {
    const std::string more = text_at(part, "words");
    if (text_at(part, "state") != "ok" && !more.empty() && !equal_ignoring_case(more, words))
      out += fmt::format("\n  {}", more);
  }
  return out;
}

}  // namespace dw::report
