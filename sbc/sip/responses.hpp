#pragma once
#include <cstdint>
#include <optional>

#include "sbc/sip/fail_over.hpp"
#include "sbc/sip/start_over.hpp"

namespace dw::sip {

/// Responses of both sides: what they mean for the registration, the call and the dialog of their request, and what
/// goes on of them to its sender. Owns nothing. No I/O.
class Responses {
 public:
  Responses(ProxyParts& parts, Forwarder& forwarder, FailOver& fail_over, StartOver& start_over);

  void on_response(TimePoint now, const Flow& from, const Message& m, Output& out);

 private:
  void note_seen(const Transaction& t, const Message& answer);
  std::optional<Hop> hop_back(const Transaction& t, const DialogSet* set) const;
  void forward(TimePoint now, Transaction& t, const Message& m, Output& out);
  void edit_header(TimePoint now, const Transaction& t, const Message& m, const Hop& hop, Edits& edits,
                   Output& out) const;
  void note_answer(TimePoint now, Transaction& t, const Message& m, Output& out);
  void on_register_answer(TimePoint now, Transaction& t, const Message& m, Output& out);
  void refuse(TimePoint now, Transaction& t, const Message& m, const Hop& back, std::uint16_t status, Output& out);
  void hang_up(TimePoint now, Transaction& t, const Message& m, const Hop& back, Output& out);

  ProxyCounters& counters_;
  Identifiers& identifiers_;
  Bindings& bindings_;
  Dialogs& dialogs_;
  Transactions& transactions_;
  const Rewriter& rewriter_;
  BodyRewriter& bodies_;
  Calls& calls_;
  Router& router_;
  Registrar& registrar_;
  Watch& watch_;
  PasswordDoor& passwords_;
  Responder& responder_;
  Forwarder& forwarder_;
  FailOver& fail_over_;
  StartOver& start_over_;
  Message stored_;  ///< a request of a transaction, parsed again
};

}  // namespace dw::sip
