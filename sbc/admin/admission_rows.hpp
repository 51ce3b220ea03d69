#pragma once
#include <vector>

#include "sbc/store/database.hpp"
#include "tftp-proxy/core/admissions.hpp"

namespace dw::admin {

/// The table "admission" in phones.db, which PhoneStore owns.
inline constexpr std::string_view kAdmissionTable =  ///< SQL that creates it
    "CREATE TABLE admission("
    " device TEXT NOT NULL, source TEXT NOT NULL, how TEXT NOT NULL, user TEXT NOT NULL, admitted INTEGER NOT NULL,"
    " used INTEGER NOT NULL, PRIMARY KEY(device, source)) STRICT, WITHOUT ROWID";

Result<void> load_admissions(store::Database& database, provisioning::Admissions& admissions);
/// Runs within the caller's transaction.
Result<void> write_admissions(store::Database& database, const std::vector<provisioning::Admissions::Change>& changes);

}  // namespace dw::admin
