#pragma once
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "sbc/sip/edits.hpp"
#include "sbc/sip/message.hpp"

namespace dw::sip {

/// What of a phone's word on who it is, how a call came to it and who pays goes on to the central side. Servers believe
/// such header fields of whoever stands in their trust domain (RFC 3325 §5), which we do and phones don't. Which field
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

/// RFC 3325 §7: a P-Asserted-Identity that whoever calls wants no phone to see.
bool wants_no_identity(const Message& m);

}  // namespace dw::sip
