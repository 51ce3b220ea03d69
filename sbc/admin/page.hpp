#pragma once
#include <string>
#include <string_view>

namespace dw::admin {

/// The status page: page.html, put into the program at build time. It needs nothing from anywhere else.
std::string_view page_html();

/// Its Content-Security-Policy: only the script and the style that stand in `html` run, told by their
/// SHA-256, and only this server is asked for data.
std::string page_policy(std::string_view html);

}  // namespace dw::admin
