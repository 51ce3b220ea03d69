#pragma once
#include <string>

#include "conf/load.hpp"
#include "sbc/admin/credentials.hpp"

namespace dw {

/// Where the page keeps the password that was chosen on it: in state.dir, which alone the daemon may write.
std::string page_password_file(const conf::Config& config);

/// What stands in admin.password_file, with the page's own password over it. An admin.listen that other machines reach
/// needs a password, and a file that can be read: else an error joins the problems of `loaded`. On a loopback address a
/// file that can't be read is a warning, and counts as none.
admin::Credentials take_credentials(conf::Loaded& loaded);

/// Writes them whole or not at all: mode 0640 for root and the daemon's group when root does it, 0600 else. Below
/// state.dir they are its owner's, as all there is.
Result<void> write_credentials(const std::string& path, const admin::Credentials& credentials);

}  // namespace dw
