#pragma once
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <vector>

#include "sbc/base/bytes.hpp"
#include "tests/support/fixtures.hpp"

namespace dw::sip::test {

struct Fixture {
  std::string name;  ///< "wsinv"
  std::string text;
};

/// All of tests/fixtures/sip/`folder`, by name.
inline std::vector<Fixture> fixtures(const std::string& folder) {
  std::vector<Fixture> out;
  for (const auto& entry : std::filesystem::directory_iterator(fixtures_folder() + "/sip/" + folder)) {
    if (entry.path().extension() != ".sip") continue;
    std::ifstream in(entry.path(), std::ios::binary);
    out.push_back({entry.path().stem().string(),
                   std::string(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>())});
  }
  std::ranges::sort(out, {}, &Fixture::name);
  return out;
}

inline std::vector<Fixture> all_fixtures() {
  std::vector<Fixture> out;
  for (const char* folder : {"rfc4475", "rfc5118", "cisco", "servers"})
    std::ranges::move(fixtures(folder), std::back_inserter(out));
  return out;
}

inline Fixture fixture(const std::string& name) {
  for (auto& one : all_fixtures()) {
    if (one.name == name) return one;
  }
  throw std::runtime_error("no message " + name);
}

/// A line of torture.txt.
struct Torture {
  std::string name, what, why;
};

inline std::vector<Torture> torture() {
  std::vector<Torture> out;
  std::ifstream in(fixtures_folder() + "/sip/torture.txt");
  for (std::string line; std::getline(in, line);) {
    if (line.empty() || line.starts_with('#')) continue;
    const auto first = line.find(" | ");
    const auto second = line.find(" | ", first + 3);
    if (second == line.npos) throw std::runtime_error("torture.txt: " + line);
    out.push_back({line.substr(0, first), line.substr(first + 3, second - first - 3), line.substr(second + 3)});
  }
  return out;
}

}  // namespace dw::sip::test
