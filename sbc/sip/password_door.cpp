#include "sbc/sip/password_door.hpp"

#include <utility>

#include "sbc/base/text_cursor.hpp"
#include "sbc/sip/auth.hpp"

namespace dw::sip {
namespace {

bool shows_digest(const Field& field) {
  return field.name == FieldName::authorization || field.name == FieldName::proxy_authorization;
}

bool is_challenge(const Field& field) {
  return field.name == FieldName::www_authenticate || field.name == FieldName::proxy_authenticate;
}

}  // namespace

PasswordDoor::Verdict PasswordDoor::check(TimePoint now, const Flow& from, const Message& m, std::string_view user,
                                          std::optional<PasswordTry>& tried, Output& out) {
  std::size_t shown = 0;
  for (const Field& field : m.fields()) {
    if (!shows_digest(field)) continue;
    if (++shown > PasswordTry::kMaxCredentials) {  // some servers try each
      sources_.abuse(now, from, "many digests in one request", out);
      return Verdict::ignored;
    }
    if (!tried) {
      tried.emplace();
      tried->source = from.peer.address;
      tried->blind = from.transport == Transport::udp;
      guesses_.add_user(*tried, user);
      const Binding* const own = bindings_.of_user_at(from, user);
      tried->own = own != nullptr;
      tried->port = own && own->reach.flow.peer == from.peer ? from.peer.port : std::uint16_t{0};
    }
    const std::string_view value = m.value(field), username = auth_param(value, "username");
    if (!username.empty()) guesses_.add_user(*tried, username);
    if (guesses_.knows_nonce(from.peer.address, auth_param(value, "nonce"))) tried->blind = false;
  }
  if (!tried) return Verdict::passes;
  switch (guesses_.begin(now, *tried)) {
    case PasswordGuesses::Verdict::passes:
      return Verdict::passes;
    case PasswordGuesses::Verdict::refused:
      return Verdict::refused;
    case PasswordGuesses::Verdict::hammers:
      sources_.abuse(now, from, "passwords are tried", out);
      return Verdict::ignored;
  }
  return Verdict::ignored;
}

void PasswordDoor::settle(TimePoint now, Transaction& t, const Message& m, Output& out) {
  const bool challenged = m.status() == 401 || m.status() == 407;
  if (t.from_side != Side::access || m.status() < 200) return;
  bool stale = false;
  if (challenged) {
    const bool known = bindings_.knows_source(t.server.from.peer.address);
    for (const Field& field : m.fields()) {
      if (!is_challenge(field)) continue;
      const std::string_view value = m.value(field);
      // A nonce that has grown old is no wrong password (RFC 7616 §3.3).
      stale = stale || equal_ignoring_case(auth_param(value, "stale"), "true");
      guesses_.sent_nonce(now, t.server.from.peer.address, auth_param(value, "nonce"),
                          known ? Standing::registered : Standing::stranger);
    }
  }
  const auto tried = std::exchange(t.password, std::nullopt);
  if (!tried) return;
  if (m.status() < 300) return guesses_.right(now, *tried);
  const bool wrong = (challenged && !stale) || (m.status() == 403 && t.registering);
  if (!wrong) return guesses_.unknown(*tried);
  // One phone with a wrong password is no reason to ban its household.
  if (guesses_.wrong(now, *tried)) return sources_.abuse(now, t.server.from, "a wrong password", out);
  sources_.note_abuse(t.server.from, "a wrong password", out);
}

void PasswordDoor::drop(std::optional<PasswordTry>& tried) {
  if (tried) guesses_.unknown(*tried);
  tried.reset();
}

}  // namespace dw::sip
