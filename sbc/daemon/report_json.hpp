#pragma once
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "sbc/base/time.hpp"
#include "sbc/daemon/report.hpp"

/// Reads answers of the API: what is missing or of another type is nothing, false, 0 or empty.
namespace dw::report {

using Json = nlohmann::ordered_json;

const Json& at(const Json& object, const char* key);
bool flag_at(const Json& object, const char* key);
std::uint64_t number_at(const Json& object, const char* key);
std::optional<WallTime> time_at(const Json& object, const char* key);
/// "5 minutes ago"; `never` if there is no time.
std::string ago_at(const Json& object, const char* key, const Look& look, std::string_view never);
/// The texts of an array, printable, separated by commas.
std::string joined_at(const Json& object, const char* key);

std::string or_dash(std::string text);
/// "1 phone", "41 phones"
std::string counted(std::uint64_t number, std::string_view what, std::string_view plural = "s");

}  // namespace dw::report
