#include "sbc/sip/password_door.hpp"

#include "tests/unit/sip/sip_parts.hpp"

using namespace dw;
using namespace dw::sip;
using dw::sip::test::Parts;
using DoorVerdict = PasswordDoor::Verdict;

namespace {

constexpr std::string_view kDigest = "Authorization: Digest username=\"1001\", nonce=\"n\", response=\"r\"\r\n";

std::string register_with(std::string_view lines) {
  return Parts::request("REGISTER", "sip:192.168.1.2", lines);
}

struct DoorCase : Parts {
  DoorVerdict shows(const std::string& octets, std::optional<PasswordTry>& tried) {
    return passwords.check(now, Parts::phone(), read(octets), "1001", tried, out);
  }
  /// The server's answer to a REGISTER that tried so.
  void answered(const std::optional<PasswordTry>& tried, unsigned status, std::string_view lines = {}) {
    Transaction t;
    t.method = Method::register_;
    t.from_side = Side::access;
    t.server.from = Parts::phone();
    t.registering = std::make_unique<Registering>();
    t.password = tried;
    passwords.settle(now, t, read(Parts::response(status, "REGISTER", lines)), out);
    CHECK_FALSE(t.password);
  }
};

}  // namespace

TEST_CASE("sip password door: a request without a digest passes and is not counted") {
  DoorCase c;
  std::optional<PasswordTry> tried;
  CHECK(c.shows(register_with({}), tried) == DoorVerdict::passes);
  CHECK_FALSE(tried);
}

TEST_CASE("sip password door: after ten wrong passwords in a row there is 403, and no answer to whoever goes on") {
  DoorCase c;
  for (int i = 0; i < 10; ++i) {
    std::optional<PasswordTry> tried;
    REQUIRE(c.shows(register_with(kDigest), tried) == DoorVerdict::passes);
    c.answered(tried, 403);
  }
  CHECK(c.passwords.guesses().wrong() == 10);
  std::optional<PasswordTry> tried;
  CHECK(c.shows(register_with(kDigest), tried) == DoorVerdict::refused);
  for (int i = 0; i < 30; ++i)
    c.shows(register_with(kDigest), tried);
  CHECK(c.shows(register_with(kDigest), tried) == DoorVerdict::ignored);
  CHECK(c.events(Event::Kind::abuse) != 0);
}

TEST_CASE("sip password door: a stale nonce, and a server that says nothing, are no wrong password") {
  DoorCase c;
  for (int i = 0; i < 30; ++i) {
    std::optional<PasswordTry> tried;
    REQUIRE(c.shows(register_with(kDigest), tried) == DoorVerdict::passes);
    if (i % 2 == 0) {
      c.answered(tried, 401, "WWW-Authenticate: Digest realm=\"r\", nonce=\"m\", stale=true\r\n");
    } else {
      c.passwords.drop(tried);
      CHECK_FALSE(tried);
    }
  }
  CHECK(c.passwords.guesses().wrong() == 0);
}

TEST_CASE("sip password door: more digests in one request than any phone has are abuse") {
  DoorCase c;
  std::string lines;
  for (std::size_t i = 0; i < PasswordTry::kMaxCredentials; ++i)
    lines += kDigest;
  std::optional<PasswordTry> tried;
  CHECK(c.shows(register_with(lines), tried) == DoorVerdict::passes);
  CHECK(c.shows(register_with(lines + std::string(kDigest)), tried) == DoorVerdict::ignored);
  CHECK(c.events(Event::Kind::abuse) == 1);
}
