#include "tests/support/fixtures.hpp"

std::string fixtures_folder() {
  return DW_FIXTURES;
}
