#pragma once
#include <string>
#include <string_view>

#include "conf/load.hpp"
#include "sbc/base/result.hpp"

namespace dw {

/// The code to claim this box with. It is kept in a file of state.dir, so that the code of the first start is still
/// valid after the next. Without a file a new code is written; if it can't be written, it holds for this start.
std::string claim_code(const std::string& state_dir);
void forget_claim_code(const std::string& state_dir);

/// Writes all of state.dir/page.toml or nothing; without settings the file is removed.
Result<void> write_page_settings(const std::string& state_dir, const conf::PageSettings& page);

}  // namespace dw
