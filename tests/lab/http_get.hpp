#pragma once
#include <optional>
#include <string_view>

#include "tests/lab/tftp_get.hpp"

namespace dw::lab {

/// A phone's HTTP: one connection for the file, a request line and `Host:` without a blank, nothing else. It
/// wants a Content-Length and nothing clever in the answer. Nothing when no connection could be made.
std::optional<Got> http_get(const Server& server, std::string_view name);

}  // namespace dw::lab
