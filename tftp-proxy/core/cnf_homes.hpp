#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "tftp-proxy/core/cnf_rewrite.hpp"

namespace dw::provisioning {

/// Where a line of a SIP phone is registered, as its own config says.
struct CnfHome {
  std::string user;        ///< of the line; empty: of all others
  std::string host;        ///< in lower case
  std::uint16_t port = 0;  ///< 0: not given
  friend bool operator==(const CnfHome&, const CnfHome&) = default;
};

/// By the facts of the phone's own file and, for a 7940 or 7960, of SIPDefault.cnf, which says what the own file does
/// not. The phone's first server comes first, under no user; then each line whose server is another. Lines that were
/// left alone are not among them. Empty: it names none. Where two lines have one user the first of them counts.
std::vector<CnfHome> homes_of(const CnfFacts& own, const CnfFacts& defaults);

}  // namespace dw::provisioning
