#pragma once
#include <cstddef>

#include "sbc/sip/proxy_parts.hpp"

namespace dw::sip {

/// Every 25 s: keeps our connections open, closes those that nobody uses, forgets what nothing refers to any more, and
/// asks of each call whether it still goes on. Walks whole tables. No I/O.
class Housekeeping {
 public:
  explicit Housekeeping(ProxyParts& parts) : parts_(parts) {}

  void run(TimePoint now, Output& out);
  TimePoint next() const { return next_; }
  /// Something is bound to this server or runs over it.
  bool uses_server(std::size_t server) const;

 private:
  bool uses_address(const Endpoint& peer) const;
  void close_unused(TimePoint now, Output& out);

  ProxyParts& parts_;
  TimePoint next_{};
};

}  // namespace dw::sip
