#include <doctest/doctest.h>

#include "sbc/doctor/how_to.hpp"

using namespace dw::doctor;
using namespace dw::phones;

TEST_CASE(
    "how to: every model that is known belongs to one kind of phone, and each kind says how it is "
    "connected") {
  for (const HowTo& how : how_tos()) {
    CAPTURE(how.name);
    const Models here = Models::parse(how.models);
    CHECK(here.to_string() == how.models);
    CHECK(how.connect.size() >= 3);
    CHECK_FALSE(how.restart.empty());
    bool says_address = false;
    for (const auto step : how.connect)
      says_address |= step.find("{address}") != step.npos;
    CHECK(says_address);
    Phone phone;
    phone.model = how.models;
    CHECK(family_of(phone) == how.family);
    CHECK(&how_to(how.family) == &how);
  }
  for (const unsigned type : {6U, 7U, 8U, 9U, 115U, 307U, 348U, 365U, 404U, 431U, 437U, 484U, 577U, 20000U, 30008U}) {
    CAPTURE(type);
    CHECK(how_to_for(models_of_device_type(type).to_string()) != nullptr);
  }
}

TEST_CASE("how to: by what a person types") {
  REQUIRE(how_to_for("7965"));
  CHECK(how_to_for("7965")->family == Family::java);
  CHECK(how_to_for("CP-7960G")->family == Family::classic);
  CHECK(how_to_for("7925G")->family == Family::wifi);
  CHECK(how_to_for("7941/7961")->family == Family::java);
  CHECK(how_to_for("8861") == nullptr);
  CHECK(how_to_for("7940/7965") == nullptr);
  CHECK(how_to_for("") == nullptr);
}

TEST_CASE("how to: the address is filled in, or spoken of") {
  CHECK(with_address("Set it to {address}.", "192.0.2.1") == "Set it to 192.0.2.1.");
  CHECK(with_address("Set it to {address}.", "") == "Set it to this box's address.");
  CHECK(with_address("Save.", "192.0.2.1") == "Save.");
}

TEST_CASE("how to: models without lists have no steps to erase one") {
  CHECK(how_to(Family::simple).trust_list.empty());
  CHECK(as_paragraph(how_to(Family::java).trust_list).find("* * #") != std::string::npos);
}
