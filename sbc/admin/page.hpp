#pragma once
#include <string>
#include <string_view>

namespace dw::admin {

/// The status page: page.html, compiled into the program. It loads nothing from anywhere else.
std::string_view page_html();

/// Its Content-Security-Policy: only the script and the style in `html` may run (by their SHA-256), and only this
/// server may be contacted.
std::string page_policy(std::string_view html);

}  // namespace dw::admin
