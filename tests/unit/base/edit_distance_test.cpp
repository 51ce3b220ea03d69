#include "sbc/base/edit_distance.hpp"

#include <doctest/doctest.h>

using namespace dw;

TEST_CASE("edit distance: what it takes to make one word of the other") {
  CHECK(edit_distance("", "") == 0);
  CHECK(edit_distance("status", "status") == 0);
  CHECK(edit_distance("statsu", "status") == 1);
  CHECK(edit_distance("statu", "status") == 1);
  CHECK(edit_distance("xstatus", "status") == 1);
  CHECK(edit_distance("", "abc") == 3);
}

TEST_CASE("nearest: the word that was meant, and none where nothing is near") {
  const std::vector<std::string_view> names = {"run", "status", "phones", "phone", "reset", "restart", "refresh"};
  CHECK(nearest("statsu", names) == "status");
  CHECK(nearest("phnoe", names) == "phone");
  CHECK(nearest("stat", names) == "status");
  CHECK(nearest("rn", names) == "run");
  CHECK(nearest("restrat", names) == "restart");
  CHECK(nearest("telephone-exchange", names).empty());
  CHECK(nearest("xyz", names).empty());
  CHECK(nearest("", names).empty());
}
