#pragma once
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "sbc/base/bytes.hpp"
#include "sbc/base/endpoint.hpp"
#include "tests/support/fixtures.hpp"

namespace dw::test {

/// One frame, and where an address that it carries is.
struct SccpVector {
  std::string name;
  bool by_phone = false;
  Buffer octets;
  unsigned negotiated = 0;  ///< protocol version; 0: it carries no address
  bool tagged = false;
  Endpoint address;
};

/// tests/fixtures/sccp/vectors.txt.
inline std::vector<SccpVector> sccp_vectors() {
  std::vector<SccpVector> out;
  std::ifstream in(fixtures_folder() + "/sccp/vectors.txt");
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with('#')) continue;
    std::istringstream words(line);
    std::string sender, hex, form, address;
    SccpVector v;
    words >> v.name >> sender >> hex >> v.negotiated >> form >> address;
    v.by_phone = sender == "P";
    for (std::size_t i = 0; i + 1 < hex.size(); i += 2)
      v.octets.push_back(static_cast<std::uint8_t>(std::stoul(hex.substr(i, 2), nullptr, 16)));
    v.tagged = form == "tagged";
    if (!address.empty()) v.address = Endpoint::parse(address).value();
    out.push_back(std::move(v));
  }
  return out;
}

inline SccpVector sccp_vector_named(const std::string& name) {
  for (auto& v : sccp_vectors()) {
    if (v.name == name) return v;
  }
  throw std::runtime_error("no vector " + name);
}

}  // namespace dw::test
