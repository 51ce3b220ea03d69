#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "sbc/sip/answer_ports.hpp"
#include "sbc/sip/body_rewriter.hpp"
#include "sbc/sip/central_budget.hpp"
#include "sbc/sip/identifiers.hpp"
#include "sbc/sip/message.hpp"
#include "sbc/sip/output.hpp"
#include "sbc/sip/password_door.hpp"
#include "sbc/sip/proxy_options.hpp"
#include "sbc/sip/sources.hpp"
#include "sbc/sip/transactions.hpp"

namespace dw::sip {

/// Our side toward whoever sends a request: begins its transaction, answers what goes no further, and answers again
/// when the request is repeated. Owns the ports at which phones hear answers (AnswerPorts), and how many answers go to
/// an address that may be a forged server's (CentralBudget). No I/O.
class Responder {
 public:
  /// What it reads and writes; all of it outlives it.
  struct Parts {
    Sources& sources;
    Bindings& bindings;
    Transactions& transactions;
    PasswordDoor& passwords;
    BodyRewriter& bodies;
    Identifiers& identifiers;
    ProxyCounters& counters;
  };
  explicit Responder(const Parts& parts);

  /// The transaction of a request that goes on. nullptr: there is no room, and 503 was said. `emergency`: there is
  /// always room for it.
  Transaction* begin(TimePoint now, const Flow& from, Side side, const Message& m, std::string key, bool emergency,
                     Output& out);
  /// 100, to an INVITE that goes on. Over a stream too: whoever has heard nothing may not give up (RFC 3261 §9.1), and
  /// the 100 of the next hop goes no further.
  void trying(TimePoint now, Transaction& t, const Message& m, Output& out);
  /// Answers a request that has no transaction; nothing is kept of it. `lines`: whole header lines.
  void answer(TimePoint now, const Message& m, const Flow& from, std::uint16_t status, Output& out,
              std::string_view lines = {}, std::string_view reason = {});
  /// The final answer of a request that has a transaction, unless it has one already.
  void refuse(TimePoint now, Transaction& t, std::uint16_t status, Output& out, std::string_view lines = {});
  /// A request came again. A phone that does not hear the answers gets them at its other port, if it has one.
  void repeat(TimePoint now, Transaction& t, const Message& m, Output& out);
  /// Whether a request that claims to be this server's may go on to a phone; false: reported, and not to be answered.
  bool takes_central(TimePoint now, const Flow& from, std::size_t server, Output& out);

  const CentralBudget& central_budget() const { return central_budget_; }
  void append_tables(MetricsText& out) const { answer_ports_.append_tables(out); }

 private:
  Sources& sources_;
  Bindings& bindings_;
  Transactions& transactions_;
  PasswordDoor& passwords_;
  BodyRewriter& bodies_;
  Identifiers& identifiers_;
  ProxyCounters& counters_;
  AnswerPorts answer_ports_;
  CentralBudget central_budget_;
  Message stored_;  ///< a request of a transaction, parsed again
};

}  // namespace dw::sip
