#include "sbc/daemon/box_report.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "sbc/admin/json.hpp"
#include "sbc/base/redact.hpp"
#include "sbc/daemon/report.hpp"
#include "sbc/daemon/words.hpp"

namespace dw {
namespace {

using Json = nlohmann::ordered_json;

std::string part(std::string_view title, const std::string& text) {
  return fmt::format("\n==== {} ====\n\n{}{}", title, text, text.ends_with('\n') ? "" : "\n");
}

Json parsed(const std::string& json) {
  return Json::parse(json, nullptr, false);
}

}  // namespace

std::string box_report(const admin::Sources& all, const conf::Loaded& loaded,
                       const std::vector<const phones::Phone*>& about, const std::vector<doctor::Finding>& of_box,
                       const doctor::Verdict& verdict) {
  const WallTime now = wall_now();
  const report::Look look = {now, 100};
  const Json box = parsed(admin::status_json(all.status(), &verdict));
  std::string text =
      fmt::format("Dropwire's report of {}. Passwords and keys are left out; names, numbers and addresses are in it.\n",
                  to_rfc3339(now));
  text += part("This box", report::status(box, look));
  std::string settings;
  for (const conf::Resolved& r : loaded.resolved) {
    if (r.from != "default") settings += fmt::format("{} = {}  # {}\n", r.name, r.value, r.from);
  }
  std::string phones;
  for (const phones::Phone* phone : about) {
    const admin::Now both = admin::now_by_both();
    phones += part(
        "Phone " + words::printable(phone->key()),
        report::phone(parsed(admin::phone_json(*phone, all.absences(), all.calls(), all.causes_now(), both)), look));
  }
  const std::string log = all.log ? report::log(parsed(admin::log_json(all.log->lines(0), 0))) : std::string();
  const Json list = parsed(admin::doctor_json(of_box, now)).value("findings", Json::array());
  return redacted(text + part("What is wrong with it", report::doctor(list, box, look)) + phones +
                  part("Settings that were changed", settings) + part("Log", log));
}

}  // namespace dw
