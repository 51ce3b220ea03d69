#include "sbc/sip/fail_over.hpp"

#include <fmt/format.h>

#include "sbc/base/text_cursor.hpp"
#include "sbc/sip/events.hpp"

namespace dw::sip {

FailOver::FailOver(ProxyParts& parts, Forwarder& forwarder)
    : counters_(parts.counters),
      servers_(parts.servers),
      bindings_(parts.bindings),
      dialogs_(parts.dialogs),
      transactions_(parts.transactions),
      homes_(parts.homes),
      registrar_(parts.registrar),
      watch_(parts.watch),
      forwarder_(forwarder) {}

bool FailOver::try_next(TimePoint now, Transaction& t, Output& out) {
  if (t.from_side != Side::access || t.purpose != Transaction::Purpose::forward || t.client.cancelled ||
      t.client.cancel_sent)
    return false;
  const DialogSet* const set = t.dialogs != 0 ? dialogs_.by_id(t.dialogs) : nullptr;
  if (!stored_.parse(as_bytes(t.server.request))) return false;
  if (!stored_.to_tag().empty()) {  // within a dialog: the next address of its server
    if (!set || t.registering) return false;
    const bool moved = forward_again(now, t, stored_, out);
    counters_.fail_overs += moved ? 1 : 0;
    return moved;
  }
  if (set && !set->dialogs.empty()) return false;
  ++counters_.fail_overs;
  return forward_again(now, t, stored_, out);
}

bool FailOver::go_back_to_udp(TimePoint now, Transaction& t, Output& out) {
  return stored_.parse(as_bytes(t.server.request)) && forward_again(now, t, stored_, out);
}

/// A phone's request once more: to the next server or address, or by the other transport. `m` is what the phone sent.
bool FailOver::forward_again(TimePoint now, Transaction& t, const Message& m, Output& out) {
  if (t.registering) return forwarder_.to_registrar(now, t, m, out);
  DialogSet* const set = t.dialogs != 0 && !t.begins_dialogs ? dialogs_.by_id(t.dialogs) : nullptr;
  const Party* const party = set ? Router::other_party(*set, Dialogs::match_in(*set, m, Side::access)) : nullptr;
  return forwarder_.to_central(now, t, m, party, out);
}

bool FailOver::follow_redirect(TimePoint now, Transaction& t, const Message& answer, Output& out) {
  for (const Field& field : answer.fields()) {
    if (field.name != FieldName::contact) continue;
    std::string_view left = answer.value(field);
    while (const auto value = next_value(left)) {
      const auto address = parse_name_addr(*value);
      const auto uri = address ? parse_uri(address->uri) : fail(Errc::malformed, {});
      const auto server = uri && uri->is_sip() ? servers_.named(uri->host, uri->port) : std::nullopt;
      if (!server || (t.tried >> *server & 1U) != 0 || !servers_[*server].address()) continue;
      return stored_.parse(as_bytes(t.server.request)) && forwarder_.to_registrar(now, t, stored_, out, server);
    }
  }
  return false;
}

void FailOver::server_failed(TimePoint now, Transaction& t, std::string why, Output& out) {
  const std::size_t server = t.central_server;
  watch_.server_failed(now, server, std::move(why), out);
  if (servers_[server].up) t.tried &= ~(1U << server);
}

void FailOver::no_server_left(TimePoint now, Transaction& t, const Message& m, Output& out) {
  ++counters_.no_server;
  Event event = event_of(Event::Kind::no_server, t.server.from,
                         servers_.configured() == 0 ? "none is configured (central.sip.servers)" : "");
  const Home home =
      t.registering ? t.registering->home : homes_.of(m.from_uri(), t.server.from, bindings_.by_id(t.binding));
  const auto choice = servers_.choose(home.host, home.port);
  for (std::size_t i = 0; i < servers_.all().size(); ++i) {
    const auto& server = servers_.all()[i];
    if ((choice.may >> i & 1U) != 0 && !server.last_error.empty())
      event.text = server.name.to_string() + ": " + server.last_error;
  }
  if (const auto& uri = m.from_uri()) event.aor = plain_user(uri->user);
  event.user_agent = m.value_of(FieldName::user_agent).substr(0, 128);
  if (t.registering) event.device = t.registering->device;
  out.events.push_back(std::move(event));
  forwarder_.refuse(now, t, m, 503, out, fmt::format("Retry-After: {}\r\n", registrar_.retry_after()));
}

void FailOver::give_up(TimePoint now, Transaction& t, Output& out) {
  if (!stored_.parse(as_bytes(t.server.request))) return transactions_.forget(t);
  if (t.is_invite()) {
    t.client.resend = kNever;
    t.client.cancelled = true;
    transactions_.arm(t);
  } else {
    transactions_.end_client(t);
  }
  const auto slot = t.slot;
  const auto serial = t.serial;
  no_server_left(now, t, stored_, out);
  transactions_.forget_if_over(slot, serial);
}

}  // namespace dw::sip
