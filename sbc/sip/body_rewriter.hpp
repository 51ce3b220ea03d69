#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "sbc/base/media_broker.hpp"
#include "sbc/sip/call_media.hpp"
#include "sbc/sip/calls.hpp"
#include "sbc/sip/dialogs.hpp"
#include "sbc/sip/edits.hpp"
#include "sbc/sip/hop.hpp"
#include "sbc/sip/message.hpp"
#include "sbc/sip/output.hpp"
#include "sbc/sip/proxy_options.hpp"
#include "sbc/sip/servers.hpp"
#include "sbc/sip/transactions.hpp"

namespace dw::sip {

/// What is changed in a body on its way, and which descriptions in it are offers and answers (RFC 3264, RFC 3262 §5,
/// RFC 3311 §5, RFC 6337 §2): the others change no media. Fails closed: an address of one side that is not found would
/// be given to the other. Owns the host names that are being looked up, and which calls wait for them; the media of a
/// call stand in its DialogSet. No I/O.
class BodyRewriter {
 public:
  /// What it reads and writes; all of it outlives it.
  struct Parts {
    const ProxyOptions& options;
    const Servers& servers;
    Dialogs& dialogs;
    Calls& calls;
    MediaBroker& broker;
    ProxyCounters& counters;
  };
  explicit BodyRewriter(const Parts& parts);

  /// For the next hop of `m`, a request of `t` or a response to it. 0: it goes on. Else the status that its request is
  /// answered with: 500 there are no ports, 415 it is encoded, 488 (to a phone) or 502 (to the central side) it can't
  /// be read. An ACK, or a response that ends no negotiation, goes on without a body then, as nobody
  /// could answer it.
  std::uint16_t edit(TimePoint now, Transaction& t, const Message& m, const Hop& hop, DialogSet* set, Edits& edits,
                     Output& out);
  /// Its offer is refused, or nobody will answer it any more.
  void drop_offer(TimePoint now, const Transaction& t);
  /// Further lines of a response with such a status.
  static std::string_view refusal_lines(std::uint16_t status);
  /// The addresses of a name in Output::lookups; none: it can't be found.
  void on_addresses(TimePoint now, const std::string& name, const std::vector<IpAddress>& addresses, Output& out);

 private:
  struct Negotiation {
    CallMedia::Standing standing = CallMedia::Standing::informs;
    std::uint64_t offers = 0, answers = 0;  ///< the offer that it makes or answers
    bool fresh = false;                     ///< it was not under way before
    std::uint64_t before = 0;               ///< CallMedia::descriptions()
  };
  // body_rewriter_offers.cpp
  Negotiation begin_negotiation(Transaction& t, DialogSet* set, const Message& m, Side from);
  void end_negotiation(TimePoint now, Transaction& t, DialogSet* set, const Message& m, Side from,
                       const Negotiation& part);
  // body_rewriter.cpp
  std::uint16_t edit_body(TimePoint now, const Transaction& t, const Message& m, const Hop& hop,
                          const Negotiation& part, DialogSet* set, Edits& edits, Output& out);
  Disclosure disclosure(const Message& m, const Hop& hop, const DialogSet* set) const;
  MediaRequest media_request(const DialogSet& set) const;
  void look_up_names(DialogSet& set, Output& out);

  const ProxyOptions& options_;
  const Servers& servers_;
  Dialogs& dialogs_;
  Calls& calls_;
  MediaBroker& broker_;
  ProxyCounters& counters_;
  std::unordered_map<std::string, std::vector<std::uint64_t>> lookups_;  // names, and the dialog sets that wait
};

}  // namespace dw::sip
