#include "sbc/sip/auth.hpp"

#include <doctest/doctest.h>

#include <vector>

using namespace dw::sip;

TEST_CASE("the parameters of a challenge: quotes, blanks, folds, commas within, several schemes") {
  std::vector<std::string> all;
  AuthParams params(
      "Digest realm=\"a, b\",\r\n  nonce = \"x\\\"y\" ,qop=\"auth,auth-int\" , , stale=TRUE, Basic realm=c");
  while (const auto param = params.next())
    all.push_back(std::string(param->name) + "|" + std::string(param->value));
  CHECK(all == std::vector<std::string>{"realm|a, b", "nonce|x\\\"y", "qop|auth,auth-int", "stale|TRUE", "realm|c"});
  CHECK(auth_param("Digest NONCE=n", "nonce") == "n");
  CHECK(auth_param("Digest nonce=n", "non") == "");
}

TEST_CASE("a challenge that makes no sense ends there") {
  for (const char* const text :
       {"", "Digest", "Digest ,,,", "Digest realm=\"no end", "Digest =x", "\"a\"=b", "Digest realm=\"x\\"})
    CHECK(auth_param(text, "realm") == "");
  const std::string whole = "Digest realm=\"a\", nonce=\"n\", qop=\"auth\", stale=true";
  for (std::size_t n = 0; n <= whole.size(); ++n) {
    AuthParams params(std::string_view(whole).substr(0, n));
    while (params.next()) {
    }
  }
}

TEST_CASE("auth-int is left out of a qop that has another word") {
  CHECK(without_auth_int("auth,auth-int") == "auth");
  CHECK(without_auth_int("AUTH-INT , auth") == "auth");
  CHECK(without_auth_int("x,auth-int,auth") == "x,auth");
  CHECK_FALSE(without_auth_int("auth"));
  CHECK_FALSE(without_auth_int("auth-int"));
  CHECK_FALSE(without_auth_int(""));
  CHECK(offers_auth_int(" auth-int"));
  CHECK_FALSE(offers_auth_int("auth-integrity"));
}
