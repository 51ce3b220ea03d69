#include "sbc/daemon/report_json.hpp"

#include <fmt/format.h>

#include "sbc/daemon/words.hpp"

namespace dw::report {

const Json& at(const Json& object, const char* key) {
  static const Json kNothing;
  if (!object.is_object()) return kNothing;
  const auto it = object.find(key);
  return it == object.end() ? kNothing : *it;
}

bool flag_at(const Json& object, const char* key) {
  const Json& value = at(object, key);
  return value.is_boolean() && value.get<bool>();
}

std::uint64_t number_at(const Json& object, const char* key) {
  const Json& value = at(object, key);
  return value.is_number_integer() && value >= 0 ? value.get<std::uint64_t>() : 0;
}

std::optional<WallTime> time_at(const Json& object, const char* key) {
  return words::parse_rfc3339(text_at(object, key));
}

std::string ago_at(const Json& object, const char* key, const Look& look, std::string_view never) {
  const auto then = time_at(object, key);
  return then ? words::ago(*then, look.now) : std::string(never);
}

std::string joined_at(const Json& object, const char* key) {
  std::string out;
  for (const Json& one : at(object, key)) {
    if (!one.is_string()) continue;
    if (!out.empty()) out += ", ";
    out += words::printable(one.get<std::string>());
  }
  return out;
}

std::string or_dash(std::string text) {
  return text.empty() ? "-" : text;
}

std::string counted(std::uint64_t number, std::string_view what, std::string_view plural) {
  return fmt::format("{} {}{}", number, what, number == 1 ? "" : plural);
}

std::string text_at(const Json& object, const char* key) {
  const Json& value = at(object, key);
  return value.is_string() ? words::printable(value.get<std::string>()) : std::string();
}

}  // namespace dw::report
