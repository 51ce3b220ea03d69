#pragma once
#include "sbc/net/descriptor.hpp"

namespace dw::nat::fast {

/// Descriptors of the program's maps. Who holds them can enter and read flows without any right of its own.
struct Maps {
  net::Descriptor ports, flows, beat;
};

}  // namespace dw::nat::fast
