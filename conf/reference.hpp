#pragma once
#include <string>

/// The reference of all settings, generated from the table (settings_access.cpp, settings_other.cpp).
namespace dw::conf {

std::string to_toml();      ///< the shipped dropwire.toml: every setting with its default, commented out
std::string to_markdown();  ///< SETTINGS.md
std::string to_json();      ///< a list of objects: name, type, allowed, unit, default, default_hosted, meaning
std::string to_man();       ///< dropwire.toml(5), roff
std::string to_text();      ///< for a terminal

}  // namespace dw::conf
