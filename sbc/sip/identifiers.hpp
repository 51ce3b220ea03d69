#pragma once
#include <cstdint>
#include <functional>
#include <string>
#include <utility>

#include "sbc/sip/flow.hpp"
#include "sbc/sip/message.hpp"

namespace dw::sip {

/// Makes the names that nobody else can guess: branches, tags, Call-IDs and the tokens of bindings. Owns the source of
/// random bits, and the secret that lets us know a branch or a tag of ours again without keeping it.
class Identifiers {
 public:
  /// `random` gives 64 unguessable bits.
  explicit Identifiers(std::function<std::uint64_t()> random) : random_(std::move(random)), secret_(random_()) {}

  std::uint64_t random() { return random_(); }
  /// As many letters as a binding's token has; good for a tag and a Call-ID too.
  std::string token();
  std::string branch() { return "z9hG4bK" + token(); }
  /// Of a request that goes on: is_loop() knows it again.
  std::string branch_for(const Message& m, Side to);
  /// Its Vias show that the same request has been here on its way to the same side (RFC 3261 §16.3 step 4). One whose
  /// Request-URI has changed since is a spiral, and goes on.
  bool is_loop(const Message& m, Side to) const;
  /// To tag of a response of which nothing is kept: the same each time (RFC 3261 §16.7).
  std::string tag_for(const Message& m) const;

 private:
  std::string loop_hash(const Message& m, Side to) const;

  std::function<std::uint64_t()> random_;
  std::uint64_t secret_;
};

}  // namespace dw::sip
