#pragma once
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "sbc/sip/edits.hpp"
#include "sbc/sip/message.hpp"

namespace dw::sip {

/// Which header fields about identity, diversion and charging a phone may send to the central side. Servers believe
/// them from members of their trust domain (RFC 3325 §5); we are one, phones are not. Which field
/// is which, and why: FORMAT.md.
struct IdentityRules {
  bool trust = false;               ///< all of it passes
  std::vector<std::string> remove;  ///< further names that never pass, in any case

  /// Whether a user is that of the phone itself, for fields in which it may name nobody else.
  using IsOwn = std::function<bool(std::string_view user)>;
  /// Whether this field of a phone's message is left out.
  bool removes(const Message& m, const Field& field, const IsOwn& is_own) const;
  /// Takes those out of a URI's headers ("?Replaces=…&P-Asserted-Identity=…") that would be removed as fields, or that
  /// nobody may set by a URI (RFC 3261 §19.1.5).
  void edit_uri_headers(const Uri& uri, Edits& edits) const;
  friend bool operator==(const IdentityRules&, const IdentityRules&) = default;
};

/// The caller wants no phone to see his P-Asserted-Identity (RFC 3325 §7).
bool wants_no_identity(const Message& m);

}  // namespace dw::sip
