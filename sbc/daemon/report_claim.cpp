#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "sbc/daemon/report.hpp"
#include "sbc/daemon/report_json.hpp"
#include "sbc/daemon/words.hpp"

namespace dw::report {

std::string claim(const Json& answer) {
  if (!answer.is_object() || answer.value("open", false) != true) return {};
  std::string where;
  for (const Json& address : answer.value("addresses", Json::array())) {
    if (!address.is_string()) continue;
    where += (where.empty() ? "" : " or ") + words::printable(address.get<std::string>());
  }
  std::string out = "This box has no password yet. To take it into use, ";
  out +=
      where.empty() ? "open its page on this machine" : fmt::format("open {}\nin a browser on the same network", where);
  out += fmt::format(", and enter the code {}\n", text_at(answer, "code"));
  if (const auto until = words::parse_rfc3339(text_at(answer, "until")))
    out += fmt::format("The page waits for it until {}, {}.\n", words::local_day(*until), words::local_clock(*until));
  return out + "\n";
}

}  // namespace dw::report
