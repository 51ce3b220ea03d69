#pragma once
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "sbc/base/time.hpp"

/// The answers of the API as text for people. Pure; takes any JSON, and leaves out what is missing.
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
/// Only the table, from the list in such an answer.
std::string calls_table(const nlohmann::ordered_json& list);
std::string finished_calls(const nlohmann::ordered_json& answer);
/// The address of the page of an unclaimed box, and its code; empty once the box is claimed.
std::string claim(const nlohmann::ordered_json& answer);
/// Which devices are admitted, and which asked without being so.
std::string admissions(const nlohmann::ordered_json& answer, const Look& look);
std::string log(const nlohmann::ordered_json& answer);
/// A list of findings; `none` if it is empty.
std::string findings(const nlohmann::ordered_json& list, const Look& look, std::string_view none);

/// The doctor's answer: a summary in one line, then each finding; with the running daemon's status also what to
/// enter on a phone.
std::string doctor(const nlohmann::ordered_json& list, const nlohmann::ordered_json& status, const Look& look);

/// The API's "verdict" of the box: "Trouble: 2 phones need attention.", and whatever else is not well.
std::string stands(const nlohmann::ordered_json& verdict);
/// The same in one sentence, if no finding is worse than info.
std::string how_it_stands(const nlohmann::ordered_json& verdict);
/// Trouble or failed.
bool is_wrong(const nlohmann::ordered_json& verdict);
/// True when one of them is worse than "info".
bool any_wrong(const nlohmann::ordered_json& list);
/// The text at `key`, printable; empty if it is missing or no text.
std::string text_at(const nlohmann::ordered_json& object, const char* key);

}  // namespace dw::report
