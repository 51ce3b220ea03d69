#pragma once
#include <cstddef>
#include <string>

#include "sbc/doctor/finding_code.hpp"

namespace dw::phones {
struct Phone;
}
namespace dw::doctor {

/// Findings that are not about a single phone.
Finding finding_of_many(std::size_t phones);
Finding finding_of_shared_address(std::size_t registered, std::size_t refused);

/// Makes a finding with the table's texts: `means` as it is, `remedy` with the keys of this phone's family.
Finding make_finding(Code code, Severity severity, std::string seen, const phones::Phone& phone);
/// Of this box.
Finding make_finding(Code code, Severity severity, std::string seen);

}  // namespace dw::doctor
