#pragma once
#include <doctest/doctest.h>
#include "sbc/sip/message.hpp"
#include "sbc/sip/names.hpp"
#include "sbc/sip/uri.hpp"
#include "tests/unit/sip/sip_fixtures.hpp"

/// What is read of header fields.
namespace dw::header_test {

using namespace dw::sip;

inline std::vector<std::string> values_of(std::string_view field) {
  std::vector<std::string> out;
  while (const auto value = next_value(field))
    out.emplace_back(*value);
  return out;
}

inline std::vector<std::string> params_of(std::string_view text, bool well_formed = true) {
  std::vector<std::string> out;
  Params params(text);
  while (const auto param = params.next())
    out.push_back(std::string(param->name) + (param->has_value ? "=" + std::string(param->value) : ""));
  CHECK(params.well_formed() == well_formed);
  return out;
}
using Words = std::vector<std::string>;

}  // namespace dw::header_test
