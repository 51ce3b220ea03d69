#pragma once
#include <cstdint>
#include <optional>
#include <string_view>

#include "sbc/sip/bindings.hpp"
#include "sbc/sip/message.hpp"
#include "sbc/sip/output.hpp"
#include "sbc/sip/password_guesses.hpp"
#include "sbc/sip/sources.hpp"
#include "sbc/sip/transactions.hpp"

namespace dw::sip {

/// Digests that phones show, and what the server says of them. We can't check a digest; we only make sure that nobody
/// tries too many, by source and by user. Owns the counts (PasswordGuesses). Reads which users are registered; reports
/// abuse to Sources; sends nothing. No I/O.
class PasswordDoor {
 public:
  PasswordDoor(std::uint64_t seed, Sources& sources, const Bindings& bindings)
      : guesses_(seed), sources_(sources), bindings_(bindings) {}

  enum class Verdict : std::uint8_t {
    passes,
    refused,  ///< to be answered 403
    ignored,  ///< to get no answer
  };
  /// Whether what a request shows may go to the server. `user`: whose password it is, as the request names him. A
  /// request without a digest passes; for any other that passes `tried` is what to keep in its transaction. Nothing is
  /// kept of what is refused, so that whoever tries many holds nothing here.
  Verdict check(TimePoint now, const Flow& from, const Message& m, std::string_view user,
                std::optional<PasswordTry>& tried, Output& out);
  /// An answer of the server to a request of a phone.
  void settle(TimePoint now, Transaction& t, const Message& answer, Output& out);
  /// The server will say nothing of it.
  void drop(std::optional<PasswordTry>& tried);

  const PasswordGuesses& guesses() const { return guesses_; }

 private:
  PasswordGuesses guesses_;
  Sources& sources_;
  const Bindings& bindings_;
};

}  // namespace dw::sip
