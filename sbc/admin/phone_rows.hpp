#pragma once
#include <string>
#include <string_view>

#include "sbc/admin/phone_scan.hpp"

namespace dw::admin {

// One phone of the list as one line of text.

/// As JSON (API.md).
std::string phone_row_json(const phones::Phone& phone, const doctor::PhoneVerdict& verdict);
/// As CSV (RFC 4180). A cell that a spreadsheet would take for a formula starts with "'".
std::string phone_row_csv(const phones::Phone& phone, const doctor::PhoneVerdict& verdict);
std::string_view phone_row_csv_head();

/// The members of the answer before "phones": counts and groups for the query.
std::string phone_list_head(const phones::Inventory& inventory, const doctor::VerdictBook& verdicts,
                            const PhoneScan& scan);

}  // namespace dw::admin
