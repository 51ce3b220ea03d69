#pragma once
#include <string>
#include <vector>

#include "conf/load.hpp"
#include "sbc/admin/sources.hpp"

namespace dw {

/// One text for support: what the commands show of this box and of these phones, without secrets.
std::string box_report(const admin::Sources& all, const conf::Loaded& loaded,
                       const std::vector<const phones::Phone*>& about, const std::vector<doctor::Finding>& of_box,
                       const doctor::Verdict& verdict);

}  // namespace dw
