#pragma once
#include <cstdint>
#include <optional>

#include "sbc/sip/proxy_parts.hpp"

namespace dw::sip {

/// Asks phones by NOTIFY to read their config and register again, or to boot (cisco-provisioning §5.4). What the phone
/// says is reported as Event::asked. Owns nothing. No I/O.
class StartOver {
 public:
  explicit StartOver(ProxyParts& parts);

  /// Event::request of the report that follows; nothing: the phone can't be asked now.
  std::optional<std::uint64_t> ask(TimePoint now, const Binding& b, bool boot, Output& out);
  /// `status`: 0 it did not answer.
  void answered(const Transaction& t, std::uint16_t status, Output& out) const;

 private:
  Bindings& bindings_;
  Transactions& transactions_;
  const Connections& connections_;
  Router& router_;
  Identifiers& identifiers_;
};

}  // namespace dw::sip
