#include <doctest/doctest.h>

#include <algorithm>
#include <vector>

#include "sbc/admin/credentials.hpp"

using namespace dw;
using namespace dw::admin;

namespace {

net::ScryptCost cheap() {
  net::ScryptCost cost;
  cost.n = net::kMinScryptN;
  return cost;
}

}  // namespace

TEST_CASE("scrypt: RFC 7914 §12, the third vector") {
  std::array<std::uint8_t, 64> out{};
  net::ScryptCost cost;
  cost.n = 16384;
  REQUIRE(net::scrypt("pleaseletmein", as_bytes("SodiumChloride"), cost, out));
  CHECK(net::to_hex(out) ==
        "7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2"
        "d5432955613f0fcf62d49705242a9af9e61e85dc0d651e40dfcf017b45575887");
}

TEST_CASE("scrypt: a cost out of bounds is refused, so that no file makes the daemon starve") {
  std::array<std::uint8_t, 32> out{};
  const std::vector<net::ScryptCost> bad = {{8192, 8, 1},   {32767, 8, 1}, {1U << 20, 8, 1}, {32768, 0, 1},
                                            {32768, 64, 1}, {32768, 8, 0}, {32768, 8, 9}};
  for (const net::ScryptCost& cost : bad)
    CHECK_FALSE(net::scrypt("password", as_bytes("salt"), cost, out));
  CHECK(net::check_cost({.n = std::uint64_t{1} << 17}));
}

TEST_CASE("credentials: the reader's stand beside the operator's, and are nobody else's") {
  Credentials credentials;
  const std::string token = new_token();
  credentials.reader_password = hash_password("only looking", cheap()).value();
  credentials.reader_token = net::sha256(as_bytes(token));
  const auto read = parse_credentials(to_text(credentials));
  REQUIRE(read);
  CHECK(*read == credentials);
  CHECK_FALSE(read->password_of(Account::full));
  CHECK(is_password("only looking", *read->password_of(Account::reader)));
  CHECK(account_of_token(token, *read) == Account::reader);
  CHECK_FALSE(parse_credentials(to_text(credentials) + to_text(credentials)));
}

TEST_CASE("credentials: what is written reads back, and the password is known by it") {
  Credentials credentials;
  credentials.password = hash_password("correct horse", cheap()).value();
  const std::string token = new_token();
  credentials.token = net::sha256(as_bytes(token));
  const std::string text = to_text(credentials);
  CHECK(text.find("correct") == std::string::npos);
  CHECK(text.find(token) == std::string::npos);
  const auto read = parse_credentials(text);
  REQUIRE(read);
  CHECK(*read == credentials);
  CHECK(is_password("correct horse", *read->password));
  CHECK_FALSE(is_password("correct horsf", *read->password));
  CHECK_FALSE(is_password("", *read->password));
  CHECK(account_of_token(token, *read) == Account::full);
  CHECK_FALSE(account_of_token(new_token(), *read));
  CHECK_FALSE(account_of_token("", *read));
  CHECK_FALSE(account_of_token(token, Credentials{}));
  CHECK(hash_password("correct horse", cheap())->salt != credentials.password->salt);
}

TEST_CASE("credentials: lines that make no sense, comments, both line ends") {
  const std::string salt(32, '0'), hash(64, 'a');
  const std::string password = "password scrypt 32768 8 1 " + salt + " " + hash;
  CHECK(parse_credentials("")->password == std::nullopt);
  CHECK(parse_credentials("# nothing\r\n\r\n" + password + "\r\n")->password.has_value());
  CHECK(parse_credentials("  " + password + "  ")->password->cost == net::ScryptCost{});
  const std::string token_line = "token sha256 " + hash;
  CHECK(parse_credentials(token_line)->token.has_value());
  for (const std::string& bad :
       {password + " more", password + "\n" + password, token_line + "\n" + token_line, std::string("password"),
        std::string("user x"), "password bcrypt 32768 8 1 " + salt + " " + hash,
        "password scrypt 32769 8 1 " + salt + " " + hash, "password scrypt 32768 8 1 " + salt + "0 " + hash,
        "password scrypt 32768 8 1 " + salt + " " + hash.substr(1) + "g", std::string("token sha256 abc")})
    CHECK(parse_credentials(bad).error().code == Errc::malformed);
  for (std::size_t i = 1; i < password.size(); ++i)
    CHECK_FALSE(parse_credentials(password.substr(0, i)));
  CHECK(parse_credentials(std::string(kMaxCredentials + 1, '#')).error().code == Errc::too_long);
}

TEST_CASE("credentials: which passwords are taken") {
  CHECK(hash_password("1234567", cheap()).error().code == Errc::invalid);
  CHECK(hash_password(std::string(kMaxPassword + 1, 'x'), cheap()).error().code == Errc::invalid);
  CHECK(hash_password("tab\tin it", cheap()).error().code == Errc::invalid);
  CHECK(hash_password("grüße aus köln", cheap()));
  CHECK(hash_password("12345678", cheap()));
}

TEST_CASE("credentials: tokens are 256 bits and differ") {
  const std::string a = new_token(), b = new_token();
  CHECK(a.size() == 64);
  CHECK(a.find_first_not_of("0123456789abcdef") == std::string::npos);
  CHECK(a != b);
}
