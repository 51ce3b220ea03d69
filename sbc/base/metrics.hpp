#pragma once
#include <cstdint>
#include <initializer_list>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace dw {

/// Collects metrics as Prometheus text exposition (format 0.0.4). Each part appends its own; what has one
/// name stands together, HELP and TYPE before it. Names begin "dropwire_", counters end "_total", units are in the
/// name.
class MetricsText {
 public:
  using Labels = std::initializer_list<std::pair<std::string_view, std::string_view>>;
  void counter(std::string_view name, std::string_view help, std::uint64_t value, Labels labels = {}) {
    sample(name, help, "counter", std::to_string(value), labels);
  }
  void gauge(std::string_view name, std::string_view help, double value, Labels labels = {});
  /// Something that others can fill: how much is in it, and how much there may be at most.
  void table(std::string_view name, std::size_t entries, std::size_t bound) {
    gauge("dropwire_table_entries", "Entries of a table that others can fill.", static_cast<double>(entries),
          {{"table", name}});
    gauge("dropwire_table_bound", "How many entries it may have at most.", static_cast<double>(bound),
          {{"table", name}});
  }
  std::string text() const;

 private:
  void sample(std::string_view name, std::string_view help, std::string_view type, const std::string& value,
              Labels labels);
  std::vector<std::string> families_;  // in the order that they came
  std::map<std::string, std::size_t, std::less<>> places_;
};

}  // namespace dw
