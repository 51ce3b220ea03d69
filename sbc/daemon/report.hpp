#pragma once
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "sbc/base/time.hpp"

/// What the API answers, as text for people. Pure; takes any JSON, and leaves out what is not there.
namespace dw::report {

struct Look {
  WallTime now{};           ///< what "ago" counts from
  std::size_t width = 100;  ///< of the terminal, characters
};

std::string status(const nlohmann::ordered_json& answer, const Look& look);
std::string phones(const nlohmann::ordered_json& answer, const Look& look);
/// One phone: who it is, its story as a timeline, what is wrong and what to do.
std::string phone(const nlohmann::ordered_json& answer, const Look& look);
/// A table, and below each call the four ends of its streams, from the phone to the far end.
std::string calls(const nlohmann::ordered_json& answer);
/// The table alone, of the list in such an answer.
std::string calls_table(const nlohmann::ordered_json& list);
std::string finished_calls(const nlohmann::ordered_json& answer);
/// Where the page of a box that nobody has a password of is opened, and the code; empty once it is somebody's.
std::string claim(const nlohmann::ordered_json& answer);
/// Who may have a phone's own files, and who asked in vain.
std::string admissions(const nlohmann::ordered_json& answer, const Look& look);
std::string log(const nlohmann::ordered_json& answer);
/// A list of findings; `none` when it is empty.
std::string findings(const nlohmann::ordered_json& list, const Look& look, std::string_view none);

/// What the doctor says: how it stands in one line, then each finding; with the running daemon's status also what to
/// type into a phone.
std::string doctor(const nlohmann::ordered_json& list, const nlohmann::ordered_json& status, const Look& look);

/// "Trouble: 2 phones need attention.", with what else is not well after it: of the API's "verdict" of the box.
std::string stands(const nlohmann::ordered_json& verdict);
/// The same in one sentence, where no finding is worse than info.
std::string how_it_stands(const nlohmann::ordered_json& verdict);
/// Trouble or failed.
bool is_wrong(const nlohmann::ordered_json& verdict);
/// True when one of them is worse than "info".
bool any_wrong(const nlohmann::ordered_json& list);
/// The text at `key`, printable; empty when it is not there or no text.
std::string text_at(const nlohmann::ordered_json& object, const char* key);

}  // namespace dw::report
