#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "conf/units.hpp"
#include "sbc/base/percent.hpp"
#include "sbc/daemon/commands.hpp"
#include "sbc/daemon/control_client.hpp"
#include "sbc/daemon/report.hpp"
#include "sbc/daemon/words.hpp"

/// `dropwire admit`: which devices may fetch their own files.
namespace dw::commands {
namespace {

constexpr unsigned kShown = 5000;  // admissions in one answer, the most that the API gives

int show(const Ask& ask) {
  const auto answer = ControlClient(socket_of(ask)).get(fmt::format("/api/admissions?limit={}", kShown));
  if (!answer) return complain(answer.error().text, answer.error().code == Errc::not_found ? kNo : kFailed);
  say(ask.json ? answer->dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n"
               : report::admissions(*answer, {wall_now(), terminal_width()}));
  return kDone;
}

}  // namespace

int admit(const Ask& ask, const Admit& what) {
  if (what.close) return post(ask, "/api/admissions/close");
  if (what.name.empty() && !what.any)
    return what.lasts.empty() ? show(ask)
                              : complain("--for needs a phone's name, or --any (\"dropwire admit --help\" helps)");
  std::string query;
  if (!what.lasts.empty()) {
    const auto lasts = conf::parse_duration(what.lasts);
    if (!lasts)
      return complain(
          fmt::format("--for {}: no time; it is a number and a unit, 15m, 2h or 7d", words::printable(what.lasts)));
    query = fmt::format("?for_s={}", std::chrono::ceil<std::chrono::seconds>(*lasts).count());
  }
  if (what.any) return post(ask, "/api/admissions/open" + query);
  return post(ask, fmt::format("/api/admissions/{}/{}{}", percent_encoded_path(what.name),
                               what.forget ? "forget" : "admit", query));
}

}  // namespace dw::commands
