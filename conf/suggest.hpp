#pragma once
#include <string>
#include <string_view>

namespace dw::conf {

/// The setting that an unknown key most likely stands for; empty if none is similar.
std::string nearest_setting(std::string_view key);
/// The same for an unknown [table].
std::string nearest_table(std::string_view path);

}  // namespace dw::conf
