#pragma once
#include <string>

// The reference of all findings, made from the one table (finding_kind.hpp).
namespace dw::doctor {

std::string catalogue_text();
std::string catalogue_markdown();
std::string catalogue_json();
std::string catalogue_man();  ///< dropwire-findings(7)

}  // namespace dw::doctor
