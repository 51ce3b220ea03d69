#include <algorithm>

#include <fmt/format.h>

#include "sbc/sip/proxy.hpp"

// What ICMP says of datagrams that did not arrive (RFC 3261 §18.4).
namespace dw::sip {
namespace {

constexpr std::size_t kMaxBranch = 128;

/// Of the topmost Via, as far as it is there whole.
std::string_view branch_in(std::string_view text) {
  constexpr std::string_view kBefore = ";branch=";
  const auto begin = text.find(kBefore);
  if (begin == text.npos) return {};
  text = text.substr(begin + kBefore.size(), kMaxBranch);
  const auto end = text.find_first_of(";, \r\n");
  return end == text.npos ? std::string_view() : text.substr(0, end);
}

}  // namespace

/// Ports and addresses of servers are no secret, so anybody can make such a message up. One that shows the branch of a
/// transaction that goes there ends it; any other makes us ask the server, and whatever it does not answer then is its
/// own fault. Registrations and calls stay: a router or a phone that starts over says the same for a moment.
void Proxy::on_undelivered(TimePoint now, const Endpoint& peer, Bytes quoted, std::string_view why, Output& out) {
  ++counters_.undelivered;
  const std::string_view branch = branch_in(as_text(quoted));
  Transaction* const t = branch.empty() ? nullptr : transactions_.find_client(branch);
  if (!t || t->client.to.transport != Transport::udp || t->client.to.peer != peer || !t->client.pending()) {
    if (const auto server = servers_.at(peer); server && branch.empty()) watch_.suspect(now, *server);
    return;
  }
  const bool to_central = t->purpose == Transaction::Purpose::server_ping ||
                          (t->purpose == Transaction::Purpose::forward && t->from_side == Side::access);
  if (!to_central) return undelivered_to_phone(now, *t, out);
  const Servers::Address* const address = servers_[t->central_server].address();
  if (address && address->peer == peer) server_failed_for(now, *t, std::string(why), out);
  undelivered_to_central(now, *t, out);
}

void Proxy::undelivered_to_central(TimePoint now, Transaction& t, Output& out) {
  if (t.purpose == Transaction::Purpose::server_ping) return transactions_.forget(t);
  if (t.client.silent && try_next_server(now, t, out)) return;
  const auto slot = t.slot;
  const auto serial = t.serial;
  transactions_.end_client(t);
  if (!other_.parse(as_bytes(t.server.request))) return transactions_.forget_if_over(slot, serial);
  DialogSet* const set = t.dialogs != 0 ? dialogs_.by_id(t.dialogs) : nullptr;
  if (other_.to_tag().empty()) {
    no_server_left(now, t, other_, out);
  } else if (t.method == Method::bye && set) {
    const std::string tag(set->responder_tag_of(other_, t.from_side));
    refuse(now, t, 503, out);
    calls_.end_dialog(now, *set, tag, out);
  } else {
    refuse(now, t, 503, out, fmt::format("Retry-After: {}\r\n", registrar_.retry_after()));
  }
  transactions_.forget_if_over(slot, serial);
}

/// The phone is not there, or not at that port: the other one is asked soon.
void Proxy::undelivered_to_phone(TimePoint now, Transaction& t, Output& out) {
  if (t.purpose != Transaction::Purpose::forward) {
    if (t.purpose == Transaction::Purpose::start_over) {
      on_start_over_answer(t, 0, out);
    } else {
      watch_.unanswered(now, t, out);
    }
    return transactions_.forget(t);
  }
  if (Binding* const b = bindings_.by_id(t.binding); b && !b->stale_connection) {
    watch_.suspect(now, *b, t.client.to.peer);
  }
  const auto slot = t.slot;
  const auto serial = t.serial;
  DialogSet* const set = t.dialogs != 0 ? dialogs_.by_id(t.dialogs) : nullptr;
  std::string tag;
  if (t.method == Method::bye && set && other_.parse(as_bytes(t.server.request)))
    tag = set->responder_tag_of(other_, t.from_side);
  transactions_.end_client(t);
  refuse(now, t, t.client.cancelled && t.is_invite() ? 487 : 480, out);
  if (set && !tag.empty()) {
    calls_.end_dialog(now, *set, tag, out);
  } else if (set && t.begins_dialogs && !set->connected) {
    calls_.end(now, *set, out);
  }
  transactions_.forget_if_over(slot, serial);
}

}  // namespace dw::sip
