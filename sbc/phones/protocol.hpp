#pragma once
#include "sbc/base/protocol.hpp"

namespace dw::phones {

using dw::Protocol;
using dw::to_string;

}  // namespace dw::phones
