#pragma once
#include "sbc/net/descriptor.hpp"

namespace dw::nat::fast {

/// Descriptors of the program's maps. Their holder can enter and read flows without any capability.
struct Maps {
  net::Descriptor ports, flows, beat;
};

}  // namespace dw::nat::fast
