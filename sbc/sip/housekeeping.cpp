#include "sbc/sip/housekeeping.hpp"

#include <string>
#include <string_view>
#include <unordered_set>

namespace dw::sip {
namespace {

constexpr Duration kEvery = std::chrono::seconds(25);
constexpr std::string_view kPing = "\r\n\r\n";

}  // namespace

void Housekeeping::run(TimePoint now, Output& out) {
  next_ = now + kEvery;
  close_unused(now, out);
  parts_.connections.for_each([&](ConnectionId id, const Connection& c) {
    if (!c.accepted) {
      out.send(c.flow, std::string(kPing));
    } else if (c.side == Side::access && now - c.last_heard > parts_.options.idle_timeout &&
               !parts_.bindings.uses(id, c.flow.peer.address)) {
      out.closes.push_back(id);
    }
  });
  parts_.servers.forget_unused([this](std::size_t server) { return uses_server(server); });
  parts_.servers.forget_former([this](const Endpoint& peer) { return uses_address(peer); });
  parts_.registrar.forget_unbound();
  parts_.watch.forget_old(now);
  parts_.dialogs.for_each([&](DialogSet& set) {
    if (set.is_call() && !set.over && set.connected) parts_.calls.look_at(now, set, out);
  });
}

/// A connection that we made for one phone, over which nothing runs and nothing is registered, goes.
void Housekeeping::close_unused(TimePoint now, Output& out) {
  std::unordered_set<ConnectionId> unused = parts_.connections.unused_since(now - kTransactionTimeout);
  if (unused.empty()) return;
  parts_.bindings.for_each([&](const Binding& b) { unused.erase(b.central); });
  parts_.transactions.for_each([&](const Transaction& t) {
    unused.erase(t.client.to.connection);
    unused.erase(t.server.from.connection);
  });
  parts_.dialogs.for_each([&](const DialogSet& set) {
    if (set.over) return;
    unused.erase(set.central);
    if (set.initiator_party.place) unused.erase(set.initiator_party.place->connection);
    for (const auto& dialog : set.dialogs) {
      if (dialog.responder.place) unused.erase(dialog.responder.place->connection);
    }
  });
  for (const ConnectionId id : unused)
    out.closes.push_back(id);
}

bool Housekeeping::uses_server(std::size_t server) const {
  bool used = false;
  parts_.bindings.for_each([&](const Binding& b) { used = used || b.server == server; });
  parts_.dialogs.for_each([&](const DialogSet& set) { used = used || set.server == server; });
  parts_.transactions.for_each([&](const Transaction& t) { used = used || t.central_server == server; });
  parts_.connections.for_each(
      [&](ConnectionId, const Connection& c) { used = used || (!c.accepted && c.server == server); });
  return used;
}

bool Housekeeping::uses_address(const Endpoint& peer) const {
  bool used = false;
  const auto look = [&](const Party& party) {
    used = used || (party.place && party.place->peer.address == peer.address);
  };
  parts_.dialogs.for_each([&](const DialogSet& set) {
    look(set.initiator_party);
    for (const DialogSet::Dialog& dialog : set.dialogs)
      look(dialog.responder);
  });
  parts_.transactions.for_each([&](const Transaction& t) { used = used || t.client.to.peer == peer; });
  return used;
}

}  // namespace dw::sip
