#pragma once
#include <string>
#include <string_view>

#include "conf/load.hpp"
#include "sbc/base/result.hpp"

namespace dw {

/// The file of state.dir that holds the code by which this box is claimed, so that one that was noted at the first
/// start is right after the next. Made with a fresh code when there is none; a code alone, when it can't be kept.
std::string claim_code(const std::string& state_dir);
void forget_claim_code(const std::string& state_dir);

/// Writes state.dir/page.toml whole or not at all; without anything in it the file goes.
Result<void> write_page_settings(const std::string& state_dir, const conf::PageSettings& page);

}  // namespace dw
