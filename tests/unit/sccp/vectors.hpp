#pragma once
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>

#include "sbc/base/bytes.hpp"
#include "sbc/sccp/message.hpp"
#include "tests/support/fixtures.hpp"

namespace dw::sccp::test {

struct Vector {
  std::string name;
  Direction direction{};
  Buffer octets;
  unsigned negotiated = 0;  // 0: it carries no address
  AddressForm form{};
  Endpoint address;
};

/// tests/fixtures/sccp/vectors.txt.
inline std::vector<Vector> vectors() {
  std::vector<Vector> out;
  std::ifstream in(fixtures_folder() + "/sccp/vectors.txt");
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with('#')) continue;
    std::istringstream words(line);
    std::string sender, hex, form, address;
    Vector v;
    words >> v.name >> sender >> hex >> v.negotiated >> form >> address;
    v.direction = sender == "P" ? Direction::from_phone : Direction::from_server;
    for (std::size_t i = 0; i + 1 < hex.size(); i += 2)
      v.octets.push_back(static_cast<std::uint8_t>(std::stoul(hex.substr(i, 2), nullptr, 16)));
    v.form = form == "tagged" ? AddressForm::tagged : AddressForm::flat;
    if (!address.empty()) v.address = Endpoint::parse(address).value();
    out.push_back(std::move(v));
  }
  return out;
}

inline Vector vector_named(const std::string& name) {
  for (auto& v : vectors()) {
    if (v.name == name) return v;
  }
  throw std::runtime_error("no vector " + name);
}

}  // namespace dw::sccp::test
