#pragma once
#include <cstdint>
#include <initializer_list>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace dw {

/// Collects metrics in Prometheus text format (version 0.0.4). Each part appends its own; samples of one name are
/// grouped under one HELP and TYPE. Names begin with "dropwire_", counters end in "_total", and the name includes the
/// unit.
class MetricsText {
 public:
  using Labels = std::initializer_list<std::pair<std::string_view, std::string_view>>;
  void counter(std::string_view name, std::string_view help, std::uint64_t value, Labels labels = {}) {
    sample(name, help, "counter", std::to_string(value), labels);
  }
  void gauge(std::string_view name, std::string_view help, double value, Labels labels = {});
  /// A table that others can fill: its entries, and its bound.
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
  std::vector<std::string> families_;  // in order of first appearance
  std::map<std::string, std::size_t, std::less<>> places_;
};

}  // namespace dw
