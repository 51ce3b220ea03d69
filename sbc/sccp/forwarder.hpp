#pragma once
#include <string_view>

#include "sbc/sccp/message.hpp"
#include "sbc/sccp/session_types.hpp"

namespace dw::sccp {

/// The one place where a session's messages pass, so that none passes with an address that nobody thought of. Owns
/// nothing; options and counters outlive it.
class Forwarder {
 public:
  Forwarder(const SessionOptions& options, SessionCounters& counters) : options_(options), counters_(counters) {}

  /// Appends the message with `ours` in place of its addresses, and its text blank where it is to be; its payload, for
  /// what else is to change in it.
  MutableBytes pass(Buffer& to, const Message& message, const StandIns& ours);
  void drop(const Message& message, std::string_view why, Output& out);
  void send(Buffer& to, const Draft& draft, std::uint32_t header_version);  ///< a message of our own

 private:
  const SessionOptions& options_;
  SessionCounters& counters_;
};

}  // namespace dw::sccp
