#include "conf/suggest.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "conf/settings.hpp"
#include "sbc/base/edit_distance.hpp"

namespace dw::conf {
namespace {

constexpr std::size_t kMaxCompared = 64;  // characters; the longest name is far shorter

/// Whether `tail` consists of the last parts of `name`: "tftp.port" of "access.tftp.port".
bool is_tail(std::string_view tail, std::string_view name) {
  return name.size() > tail.size() && name.ends_with(tail) && name[name.size() - tail.size() - 1] == '.';
}

std::size_t limit_for(std::string_view key) {
  return std::max<std::size_t>(2, key.size() / 5);
}

std::string_view last_part(std::string_view key) {
  return key.substr(key.rfind('.') + 1);
}

}  // namespace

std::string nearest_setting(std::string_view key) {
  if (key.empty() || key.size() > kMaxCompared) return {};
  std::string_view best;
  std::size_t best_distance = limit_for(key) + 1;
  for (const Setting& setting : settings()) {
    if (const std::size_t d = edit_distance(key, setting.name); d < best_distance) {
      best = setting.name;
      best_distance = d;
    }
  }
  if (!best.empty()) return std::string(best);
  for (const Setting& setting : settings()) {
    if (is_tail(key, setting.name) || is_tail(setting.name, key)) return std::string(setting.name);
  }
  const std::string_view parent = key.substr(0, std::min(key.rfind('.'), key.size()));
  if (parent != key && find_setting(parent) != nullptr) return std::string(parent);
  std::string_view same_last;
  for (const Setting& setting : settings()) {
    if (last_part(setting.name) != last_part(key)) continue;
    if (!same_last.empty()) return {};
    same_last = setting.name;
  }
  return std::string(same_last);
}

std::string nearest_table(std::string_view path) {
  if (path.empty() || path.size() > kMaxCompared) return {};
  std::string_view best;
  std::size_t best_distance = limit_for(path) + 1;
  for (const Section& section : sections()) {
    if (section.prefix.empty()) continue;
    const std::size_t d = is_tail(path, section.prefix) ? 0 : edit_distance(path, section.prefix);
    if (d >= best_distance) continue;
    best = section.prefix;
    best_distance = d;
  }
  return best.empty() ? nearest_setting(path) : fmt::format("[{}]", best);
}

}  // namespace dw::conf
