#include "sbc/base/metrics.hpp"

#include <fmt/format.h>

namespace dw {

void MetricsText::gauge(std::string_view name, std::string_view help, double value, Labels labels) {
  sample(name, help, "gauge", fmt::format("{}", value), labels);
}

void MetricsText::sample(std::string_view name, std::string_view help, std::string_view type,
                         const std::string& value, Labels labels) {
  if (described_.emplace(name).second) text_ += fmt::format("# HELP {} {}\n# TYPE {} {}\n", name, help, name, type);
  text_ += name;
  char separator = '{';
  for (const auto& [key, label] : labels) {
    text_ += separator;
    text_ += key;
    text_ += "=\"";
    for (const char c : label) {  // the three escapes of the exposition format
      if (c == '\\' || c == '"') text_ += '\\';
      if (c == '\n') text_ += "\\n";
      else text_ += c;
    }
    text_ += '"';
    separator = ',';
  }
  if (separator == ',') text_ += '}';
  text_ += ' ' + value + '\n';
}

}  // namespace dw
