#pragma once
#include <array>

#include "sbc/phones/finding_kind.hpp"

// Findings about who comes to this box, and who is kept out.
namespace dw::phones {

inline constexpr auto kAccessKinds = std::to_array<FindingKind>({
    {"access_refused", Severity::warning, About::box, "A phone was kept out by access.networks",
     "It gets no files and can't register here, because its address is in none of the networks of access.networks.",
     "If it is a phone of yours, add its address or network to access.networks and run sudo systemctl reload "
     "dropwire. If it is not, all is well."},
});

}  // namespace dw::phones
