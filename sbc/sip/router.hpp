#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sbc/sip/bindings.hpp"
#include "sbc/sip/connections.hpp"
#include "sbc/sip/dialogs.hpp"
#include "sbc/sip/hop.hpp"
#include "sbc/sip/message.hpp"
#include "sbc/sip/output.hpp"
#include "sbc/sip/proxy_options.hpp"
#include "sbc/sip/servers.hpp"
#include "sbc/sip/sources.hpp"
#include "sbc/sip/transactions.hpp"

namespace dw::sip {

/// Where a message goes next, and how we name ourselves there: which phone, which address of which server, over which
/// flow. A server's name may have many addresses, and a trusted peer is no server of ours. Owns what the home's router
/// has mapped, and where servers see us. Reads servers, bindings and sources; opens connections. No I/O.
class Router {
 public:
  /// A port of ours that the home's router has mapped.
  struct Mapped {
    Transport transport = Transport::udp;
    Endpoint local, external;
    friend bool operator==(const Mapped&, const Mapped&) = default;
  };
  /// Where a server sees a port of ours by UDP, as the last response that said so had it.
  struct Outside {
    Endpoint local, seen;
    friend bool operator==(const Outside&, const Outside&) = default;
  };
  Router(const ProxyOptions& options, Servers& servers, Bindings& bindings, Connections& connections,
         const Sources& sources)
      : options_(options), servers_(servers), bindings_(bindings), connections_(connections), sources_(sources) {}

  // ---- toward the central side ----

  /// How a server is reached: by UDP from our own port, or by the connection that `owner` has to it, opened if there is
  /// none. Nothing: its address is not known.
  std::optional<Flow> to_server(TimePoint now, std::size_t server, const Endpoint& owner, Transport transport,
                                Output& out);
  /// The flow to a place: the same for any address of the central side.
  Flow to_place(TimePoint now, std::size_t server, const Flow& place, const Endpoint& owner, Output& out);
  Hop hop_to_central(std::size_t server, const Flow& flow, const Flow& phone, std::string_view token,
                     std::string_view domain) const;
  /// One of a server's addresses as a place; nothing: it has no such address.
  std::optional<Flow> place_of_server(std::size_t server, const Endpoint& peer) const;
  /// Where the next request of a phone in this dialog goes, without the addresses that were tried already: where the
  /// dialog runs, then its server's others. Nothing: none is left.
  std::optional<Flow> next_place(std::size_t server, const std::vector<Endpoint>& tried, const Party* party) const;

  // ---- toward phones ----

  /// The phone that a request of the central side outside of any dialog is for: by token, else by a user that is one
  /// phone's alone (sip-sbc §2.8). Never guessed.
  Binding* target_of(const Message& m, const Flow& from, std::size_t server);
  /// Nothing: its connection is gone.
  std::optional<Hop> hop_to_phone(const Reach& reach, bool maps_host, std::string_view domain) const;
  /// Our address and port as the phone of this binding knows them.
  std::string us_for(const Binding& b) const;

  // ---- where a dialog runs ----

  /// Whether the phone's end of these dialogs is at the address of this flow.
  bool is_phone_of(const DialogSet& set, const Flow& from) const;
  /// A request of the central side, by the party that sent it. One from elsewhere takes the dialog there once its own
  /// Contact or route set says so too.
  void note_request_place(Party& party, const Message& m, const Flow& from, std::size_t server) const;
  /// The same for the request that began the dialog.
  Flow place_of_sender(const Message& m, const Flow& from, std::size_t server) const;
  /// A response to a phone's request: the dialog runs over the address that the request went to, or over the one that
  /// answered and says that it is there.
  void note_answer_place(DialogSet& set, const Transaction& t, const Message& m, const Flow& from) const;
  /// The party that a request in this dialog is for; nullptr: it has not been heard yet.
  static const Party* other_party(const DialogSet& set, const Dialogs::Match& match);

  // ---- what is learnt ----

  /// Whoever was asked may answer, and beside it any other address of the central side: a cluster's node answers for
  /// its common address. A branch is no secret to whoever sees it pass, so nobody else may.
  bool may_answer(const Transaction& t, const Flow& from) const;
  struct Seen {
    bool translated = false;  ///< something between us and the server translates our address
    bool changed = false;     ///< what the server has of us is wrong from now on
  };
  /// A response of a server may say where it sees us.
  Seen note_seen(const Transaction& t, const Message& answer);
  const std::optional<Outside>& outside() const { return outside_; }
  /// From now on servers get these where they would get our own. Not with `central_advertise`. False: as before.
  bool set_mapped(std::vector<Mapped> mapped);

 private:
  Endpoint us_toward_central(Transport transport, const Endpoint& local, const std::optional<Endpoint>& seen) const;
  std::optional<Endpoint> seen_by(std::size_t server, Transport transport, const Flow& flow) const;
  static void note_place(Party& party, const Flow& place);

  const ProxyOptions& options_;
  Servers& servers_;
  Bindings& bindings_;
  Connections& connections_;
  const Sources& sources_;
  std::vector<Mapped> mapped_;
  std::optional<Outside> outside_;
};

}  // namespace dw::sip
