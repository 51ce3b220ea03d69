#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sbc/admin/call_history.hpp"
#include "sbc/admin/credentials.hpp"
#include "sbc/admin/sources.hpp"
#include "sbc/phones/call_record.hpp"

namespace dw::admin {

/// One moment on both clocks: media times are measured on the steady clock and shown as wall time.
struct Now {
  WallTime wall{};
  TimePoint steady{};
};
inline Now now_by_both() {
  return {wall_now(), Clock::now()};
}

// Bodies of the API as JSON text (API.md): snake_case keys, RFC 3339 times. Octets that are not UTF-8 become U+FFFD.

/// `verdict` may be null.
std::string status_json(const Status& status, const doctor::Verdict* verdict = nullptr);
/// Includes those of `calls` that are the phone's; `history` may be null.
std::string phone_json(const phones::Phone& phone, const std::vector<phones::Absence>& absences,
                       const std::vector<phones::Call>& calls, const doctor::BoxCauses& causes, const Now& now,
                       const CallHistory* history = nullptr);
/// At most `limit` calls.
std::string calls_json(const std::vector<phones::Call>& calls, const Now& now, std::size_t limit,
                       const CallHistory* history = nullptr);
/// One finished call as one line (API.md).
std::string record_json(const phones::CallRecord& record);
/// `records` are such lines.
std::string finished_json(std::uint64_t total, const std::vector<std::string>& records);
/// `verdict`, `network`: null when nothing is known.
std::string doctor_json(const std::vector<doctor::Finding>& findings, WallTime now,
                        const doctor::Verdict* verdict = nullptr, const doctor::NetworkFacts* network = nullptr);
/// Includes files that phones requested but did not get, from `inventory` (may be null).
std::string files_json(const FilesReport& report, const phones::Inventory* inventory);
/// How to set up phones of each model; `addresses` are what a person enters as TFTP Server 1.
std::string connect_json(const std::vector<std::string>& addresses);
std::string log_json(const std::vector<LogLine>& lines, std::uint64_t after);
std::string reload_json(const ReloadOutcome& outcome);
std::string error_json(std::string_view text);
std::string outcome_json(const Outcome& outcome);

/// The body of POST /api/login.
struct Login {
  std::string password;
  Account account = Account::full;
};
/// Nothing if the body is not valid.
std::optional<Login> login_in(std::string_view body);

}  // namespace dw::admin
