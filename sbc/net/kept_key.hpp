#pragma once
#include <string>

namespace dw::net {

/// A secret of 64 hex digits that lives in a file (mode 0600) of `directory` over restarts; made when there is none.
/// When it can't be written it is good until the end of the process; `unkept` is then logged as the sentence that says
/// what follows.
std::string kept_key(const std::string& directory, const std::string& file, const std::string& unkept);

}  // namespace dw::net
