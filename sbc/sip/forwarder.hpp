#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "sbc/sip/proxy_parts.hpp"

namespace dw::sip {

/// Sends requests on: builds what the next hop gets, chooses transport by size, and sends it by the request's own
/// transaction. Owns nothing; what is to be done when there is no next hop is for its callers. No I/O.
class Forwarder {
 public:
  explicit Forwarder(ProxyParts& parts);

  // Each returns false when there is no server left to ask, and nothing was said to the sender yet. A request that
  // can't go on for another reason was refused.

  /// A phone's request to the first central server that may have it, or within a dialog to `party`.
  bool to_central(TimePoint now, Transaction& t, const Message& m, const Party* party, Output& out);
  /// A REGISTER. `named`: the server that a redirection named.
  bool to_registrar(TimePoint now, Transaction& t, const Message& m, Output& out,
                    std::optional<std::size_t> named = std::nullopt);

  /// A request of the central side to its phone.
  void to_phone(TimePoint now, Transaction& t, const Message& m, const Party* party, Output& out);
  /// The ACK of a 2xx goes end to end and has no transaction; that of any other answer ends here (RFC 3261 §17.1.1.3).
  /// Some phones leave its To tag out, so what counts is the branch (cisco-provisioning §5.4).
  void ack(TimePoint now, const Flow& from, Side side, const Message& m, Output& out);
  /// A CANCEL that came. It is answered here; ours goes once the next hop has said something.
  void cancel(TimePoint now, const Flow& from, const Message& m, Output& out);
  /// Sends the CANCEL of an INVITE.
  void send_cancel(TimePoint now, Transaction& t, Output& out);
  /// Answers a request that can't go on, and ends what it began. `m`: the request; not to be used afterwards.
  void refuse(TimePoint now, Transaction& t, const Message& m, std::uint16_t status, Output& out,
              std::string_view lines);

 private:
  static Endpoint owner_of(const Transaction& t);
  std::optional<Hop> hop_of_ack(TimePoint now, const Flow& from, Side side, const Message& m, const DialogSet& set,
                                const Party& party, Output& out);
  /// What a request says at its next hop, beside what the hop says.
  struct Toward {
    std::string_view target{}, routes{};  ///< Party's
    DialogSet* set = nullptr;
  };
  std::optional<std::uint16_t> send_to_central(TimePoint now, Transaction& t, const Message& m, Hop hop,
                                               const Toward& toward, Duration answer_within, Output& out);
  std::uint16_t build(TimePoint now, Transaction& t, const Message& m, const Hop& hop, const Toward& toward,
                      std::string& text, Output& out);

  const ProxyOptions& options_;
  ProxyCounters& counters_;
  Identifiers& identifiers_;
  Servers& servers_;
  Bindings& bindings_;
  Dialogs& dialogs_;
  Transactions& transactions_;
  Connections& connections_;
  const Rewriter& rewriter_;
  BodyRewriter& bodies_;
  Calls& calls_;
  const Sources& sources_;
  const Homes& homes_;
  Router& router_;
  Registrar& registrar_;
  Responder& responder_;
  Message sent_;  ///< a request of ours, parsed again
};

}  // namespace dw::sip
