#include "nat/port_mapper.hpp"
#include "sbc/net/kept_key.hpp"

namespace dw::nat {

std::string mapping_key(const std::string& directory) {
  return net::kept_key(directory, "port-mapping.key",
                       "after a crash the router may refuse to map the same ports until they have run out there");
}

}  // namespace dw::nat
