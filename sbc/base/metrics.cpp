#include "sbc/base/metrics.hpp"

#include <fmt/format.h>

namespace dw {

void MetricsText::gauge(std::string_view name, std::string_view help, double value, Labels labels) {
  sample(name, help, "gauge", fmt::format("{}", value), labels);
}

void MetricsText::sample(std::string_view name, std::string_view help, std::string_view type, const std::string& value,
                         Labels labels) {
  const auto [place, fresh] = places_.emplace(name, families_.size());
  if (fresh) families_.push_back(fmt::format("# HELP {} {}\n# TYPE {} {}\n", name, help, name, type));
  std::string& text = families_[place->second];
  text += name;
  char separator = '{';
  for (const auto& [key, label] : labels) {
    text += separator;
    text += key;
    text += "=\"";
    for (const char c : label) {  // the three escapes of the exposition format
      if (c == '\\' || c == '"') text += '\\';
      if (c == '\n')
        text += "\\n";
      else
        text += c;
    }
    text += '"';
    separator = ',';
  }
  if (separator == ',') text += '}';
  text += ' ' + value + '\n';
}

std::string MetricsText::text() const {
  std::string out;
  for (const std::string& family : families_)
    out += family;
  return out;
}

}  // namespace dw
