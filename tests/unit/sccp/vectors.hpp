#pragma once
#include <fstream>
#include <stdexcept>
#include <string>

#include "sbc/base/bytes.hpp"
#include "sbc/sccp/address_fields.hpp"
#include "tests/support/fixtures.hpp"

namespace dw::sccp::test {

struct Vector {
  std::string name;
  Direction direction{};
  Buffer octets;
};

/// tests/fixtures/sccp/vectors.txt.
inline std::vector<Vector> vectors() {
  std::vector<Vector> out;
  std::ifstream in(fixtures_folder() + "/sccp/vectors.txt");
  std::string name, sender, hex;
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with('#')) continue;
    const auto first = line.find(' ');
    const auto second = line.find(' ', first + 1);
    Vector v{line.substr(0, first), line[first + 1] == 'P' ? Direction::from_phone : Direction::from_server, {}};
    for (std::size_t i = second + 1; i + 1 < line.size(); i += 2)
      v.octets.push_back(static_cast<std::uint8_t>(std::stoul(line.substr(i, 2), nullptr, 16)));
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
