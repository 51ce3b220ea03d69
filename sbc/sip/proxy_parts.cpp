#include "sbc/sip/proxy_parts.hpp"

#include <utility>

namespace dw::sip {
namespace {

std::size_t max_dialogs(const ProxyOptions& options) {
  return options.max_calls + 4 * options.max_bindings;
}
Connections::Options connections_of(const ProxyOptions& options) {
  return {options.connections, options.max_bindings};
}
Transactions::Options transactions_of(const ProxyOptions& options) {
  return {options.max_transactions, options.max_transactions_per_source};
}

}  // namespace

ProxyParts::ProxyParts(ProxyOptions with, MediaBroker& media_broker, KnownSources& known_sources,
                       std::function<std::uint64_t()> random)
    : options(std::move(with)),
      broker(media_broker),
      known(known_sources),
      identifiers(std::move(random)),
      servers(options.servers, options.register_rate),
      bindings(options.max_bindings, identifiers.random()),
      dialogs(max_dialogs(options), identifiers.random()),
      transactions(transactions_of(options), identifiers.random(),
                   [this](TimePoint now, const Transaction& t) {
                     // What is sent again to a silent server counts too: else it would get all of it once it returns.
                     return !t.registering || servers[t.central_server].registers.take(now);
                   }),
      connections(connections_of(options), identifiers.random(), identifiers.random()),
      rewriter(options, servers, bindings),
      calls(options, dialogs, bindings, broker, counters, identifiers.random()),
      bodies({options, servers, dialogs, calls, broker, counters}),
      sources(options, servers, bindings, connections, known, identifiers.random()),
      homes(options, servers, bindings),
      router(options, servers, bindings, connections, sources),
      registrar({options, servers, bindings, connections, sources, transactions, known, identifiers, counters}),
      watch({options, servers, bindings, transactions, router, identifiers, homes}),
      passwords(identifiers.random(), sources, bindings),
      responder({sources, bindings, transactions, passwords, bodies, identifiers, counters}),
      admission({options, bindings, dialogs, calls, homes, identifiers, sources, responder, counters}) {}

ProxyParts::~ProxyParts() {
  dialogs.for_each([this](DialogSet& set) { set.media.close(broker, MediaEnd::lost); });
}

bool ProxyParts::configure(ProxyOptions with, const Servers::Used& used) {
  if (!servers.configure(with.servers, with.register_rate, used)) return false;
  options = std::move(with);
  homes.configure();
  sources.configure();
  bindings.set_max(options.max_bindings);
  dialogs.set_max(max_dialogs(options));
  calls.configure();
  connections.configure(connections_of(options));
  transactions.configure(transactions_of(options));
  return true;
}

void ProxyParts::append_tables(MetricsText& out) const {
  out.table("sip_transactions", transactions.size(), options.max_transactions);
  out.table("sip_request_octets", transactions.octets(), Transactions::kMaxOctets);
  out.table("sip_bindings", bindings.size(), bindings.max());
  out.table("sip_dialogs", dialogs.size(), dialogs.max() + Dialogs::kBeyond);
  out.table("sip_guard_sources", sources.guard().sources(),
            Guard::kMaxSources + Guard::kMaxSources / 8 + Guard::kMaxStreamSources + Guard::kMaxStreamSources / 8);
  responder.append_tables(out);
  registrar.append_tables(out);
  connections.append_tables(out);
}

}  // namespace dw::sip
