#pragma once
#include <cstdint>
#include <initializer_list>
#include <set>
#include <string>
#include <string_view>
#include <utility>

namespace dw {

/// Collects metrics as Prometheus text exposition (format 0.0.4). Each part appends its own; HELP and TYPE are
/// written once a name. Names begin "dropwire_", counters end "_total", units are in the name.
class MetricsText {
 public:
  using Labels = std::initializer_list<std::pair<std::string_view, std::string_view>>;
  void counter(std::string_view name, std::string_view help, std::uint64_t value, Labels labels = {}) {
    sample(name, help, "counter", std::to_string(value), labels);
  }
  void gauge(std::string_view name, std::string_view help, double value, Labels labels = {});
  const std::string& text() const { return text_; }

 private:
  void sample(std::string_view name, std::string_view help, std::string_view type, const std::string& value,
              Labels labels);
  std::string text_;
  std::set<std::string, std::less<>> described_;
};

}  // namespace dw
