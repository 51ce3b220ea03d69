#pragma once
#include <string>

#include "conf/load.hpp"
#include "sbc/admin/credentials.hpp"

namespace dw {

/// Where a password that was chosen on the page is kept: in state.dir, the only directory that the daemon may write.
std::string page_password_file(const conf::Config& config);

/// The credentials of admin.password_file; a password chosen on the page replaces that one. If other machines reach
/// admin.listen, a password and a readable file are required, or an error is added to the problems of `loaded`. On a
/// loopback address an unreadable file is a warning, and counts as none.
admin::Credentials take_credentials(conf::Loaded& loaded);

/// Writes all or nothing. As root: mode 0640, for root and the daemon's group; else 0600. A file below state.dir gets
/// that directory's owner, like everything there.
Result<void> write_credentials(const std::string& path, const admin::Credentials& credentials);

}  // namespace dw
