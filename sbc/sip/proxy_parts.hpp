#pragma once
#include <cstddef>
#include <cstdint>
#include <functional>

#include "sbc/base/known_sources.hpp"
#include "sbc/base/media_broker.hpp"
#include "sbc/base/metrics.hpp"
#include "sbc/sip/admission.hpp"
#include "sbc/sip/bindings.hpp"
#include "sbc/sip/body_rewriter.hpp"
#include "sbc/sip/calls.hpp"
#include "sbc/sip/connections.hpp"
#include "sbc/sip/dialogs.hpp"
#include "sbc/sip/homes.hpp"
#include "sbc/sip/identifiers.hpp"
#include "sbc/sip/password_door.hpp"
#include "sbc/sip/proxy_options.hpp"
#include "sbc/sip/registrar.hpp"
#include "sbc/sip/responder.hpp"
#include "sbc/sip/rewriter.hpp"
#include "sbc/sip/router.hpp"
#include "sbc/sip/servers.hpp"
#include "sbc/sip/sources.hpp"
#include "sbc/sip/transactions.hpp"
#include "sbc/sip/watch.hpp"

namespace dw::sip {

/// All that a Proxy keeps: its tables, and the parts that each know one subject. It makes them, in an order in which
/// each gets those that it reads and writes, and does nothing else. The ways that a message takes through the parts
/// (PhoneRequests, CentralRequests, Responses, Failures …) name those that they use.
struct ProxyParts {
  /// `random`: 64 unguessable bits. The broker and the known sources outlive it.
  ProxyParts(ProxyOptions with, MediaBroker& media_broker, KnownSources& known_sources,
             std::function<std::uint64_t()> random);
  ~ProxyParts();
  ProxyParts(const ProxyParts&) = delete;
  ProxyParts& operator=(const ProxyParts&) = delete;

  /// Gives each part its share of new options. False, and nothing is changed, when more servers than Servers::kMaxKept
  /// are in the settings or in use.
  bool configure(ProxyOptions with, const Servers::Used& used);
  void append_tables(MetricsText& out) const;  ///< those that others can fill

  ProxyOptions options;
  ProxyCounters counters;
  MediaBroker& broker;
  KnownSources& known;
  // Tables.
  Identifiers identifiers;  ///< branches, tags, tokens
  Servers servers;
  Bindings bindings;
  Dialogs dialogs;
  Transactions transactions;
  Connections connections;
  // Each knows one subject.
  Rewriter rewriter;       ///< headers
  Calls calls;             ///< for people
  BodyRewriter bodies;     ///< offers and answers
  Sources sources;         ///< who sent it
  Homes homes;             ///< which domain is meant
  Router router;           ///< where it goes
  Registrar registrar;     ///< REGISTER
  Watch watch;             ///< who is there
  PasswordDoor passwords;  ///< who may try a password
  Responder responder;     ///< what we answer ourselves
  Admission admission;     ///< what may go on
};

}  // namespace dw::sip
