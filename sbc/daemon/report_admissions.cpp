#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <vector>

#include "sbc/daemon/report.hpp"
#include "sbc/daemon/report_json.hpp"
#include "sbc/daemon/words.hpp"

namespace dw::report {
namespace {

using Rows = std::vector<std::vector<std::string>>;

std::string moment_at(const Json& object, const char* key, const Look& look) {
  const auto then = words::parse_rfc3339(text_at(object, key));
  return then ? words::ago(*then, look.now) : "-";
}
std::string count_at(const Json& object, const char* key) {
  const auto found = object.is_object() ? object.find(key) : object.end();
  return found != object.end() && found->is_number_integer() ? found->dump() : "0";
}
Json list_at(const Json& object, const char* key) {
  const auto found = object.is_object() ? object.find(key) : object.end();
  return found != object.end() && found->is_array() ? *found : Json::array();
}

std::string_view who(std::string_view phones) {
  if (phones == "known") return "a phone's own files go where it is admitted";
  if (phones == "listed") return "a phone's own files go to phones of the list, and where the operator admitted one";
  return "everybody gets every phone's files, admitted or not";
}

std::string windows(const Json& list, const Look& look) {
  std::string out;
  for (const Json& w : list) {
    const std::string device = text_at(w, "device");
    out += fmt::format("{} is let in from anywhere; that ends {}\n", device.empty() ? "Every phone" : device,
                       moment_at(w, "until", look));
  }
  return out.empty() ? "Nobody is let in by hand now\n" : out;
}

std::string table(const char* title, const Rows& rows) {
  return rows.size() < 2 ? "" : fmt::format("\n{}\n{}", title, words::table(rows));
}

}  // namespace

std::string admissions(const Json& answer, const Look& look) {
  const std::string phones = text_at(answer, "phones");
  std::string out = fmt::format("access.provisioning.phones is \"{}\": {}\n{} of the list, {} admitted\n", phones,
                                who(phones), count_at(answer, "listed"), count_at(answer, "total"));
  out += windows(list_at(answer, "windows"), look);
  Rows admitted = {{"PHONE", "AT", "BY", "SINCE", "LAST USED"}};
  for (const Json& a : list_at(answer, "admitted"))
    admitted.push_back({text_at(a, "device"), text_at(a, "source"), text_at(a, "by"), moment_at(a, "admitted", look),
                        moment_at(a, "used", look)});
  Rows refused = {{"PHONE", "FROM", "TIMES", "LAST"}};
  for (const Json& r : list_at(answer, "refused"))
    refused.push_back({text_at(r, "device"), text_at(r, "source"), count_at(r, "times"), moment_at(r, "last", look)});
  return out + table("Admitted", admitted) + table("Asked in vain", refused);
}

}  // namespace dw::report
