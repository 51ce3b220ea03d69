#include "conf/settings.hpp"

#include <algorithm>
#include <array>
#include <cassert>

#include "conf/setting_rows.hpp"
#include "conf/toml_text.hpp"
#include "conf/value.hpp"

namespace dw::conf {
namespace {

constexpr Section kSections[] = {
    {"", "Place"},
    {"access", "The phones' side"},
    {"access.tftp", "TFTP to phones"},
    {"access.http", "HTTP to phones"},
    {"access.sccp", "SCCP to phones"},
    {"access.sip", "SIP to phones"},
    {"access.stun", "STUN to edges"},
    {"central.provisioning", "Where files come from"},
    {"central.sccp", "SCCP to the central server"},
    {"central.sip", "SIP to the central server"},
    {"central.media", "Media to the central side"},
    {"media", "Media"},
    {"nat", "The routers on the way"},
    {"cache", "Files kept"},
    {"state", "What is known of phones"},
    {"rewrite", "Phones' configs: what is changed in them"},
    {"phones", "Phones"},
    {"log", "Log"},
    {"drain", "Stopping"},
    {"admin", "Status page and control socket"},
};

Config defaults_of(Mode mode) {
  Config config{};
  for (const Setting& setting : settings()) {
    [[maybe_unused]] const auto complaint = assign(setting, value_from_toml(setting.default_for(mode)), config);
    assert(!complaint);
  }
  config.mode = mode;
  return config;
}

}  // namespace

std::span<const Setting> settings() {
  static const std::vector<Setting> kAll = [] {
    std::vector<Setting> all;
    for (const auto rows : {access_settings(), other_settings()})
      all.insert(all.end(), rows.begin(), rows.end());
    return all;
  }();
  return kAll;
}
std::span<const Section> sections() {
  return kSections;
}

const Section& section_of(const Setting& setting) {
  const Section* best = &kSections[0];
  for (const Section& section : kSections) {
    const bool fits =
        setting.name.starts_with(section.prefix) && setting.name.substr(section.prefix.size()).starts_with('.');
    if (fits && section.prefix.size() > best->prefix.size()) best = &section;
  }
  return *best;
}

const Setting* find_setting(std::string_view name) {
  const auto it = std::ranges::find(settings(), name, &Setting::name);
  return it == settings().end() ? nullptr : &*it;
}

Config default_config(Mode mode) {
  static const std::array<Config, 2> kDefaults = {defaults_of(Mode::edge), defaults_of(Mode::hosted)};
  return kDefaults[mode == Mode::hosted ? 1 : 0];
}

}  // namespace dw::conf
