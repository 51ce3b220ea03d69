#include "sbc/sip/responder.hpp"

#include <fmt/format.h>

#include "sbc/sip/events.hpp"
#include "sbc/sip/response.hpp"

namespace dw::sip {
namespace {

constexpr unsigned kRepeatsBeforeOtherPort = 3;  // sip-sbc §2.4

void over_central_budget(const Flow& from, Output& out) {
  out.events.push_back(
      event_of(Event::Kind::dropped, from, "more requests in the name of a central server than servers send"));
}

}  // namespace

Responder::Responder(const Parts& parts)
    : sources_(parts.sources),
      bindings_(parts.bindings),
      transactions_(parts.transactions),
      passwords_(parts.passwords),
      bodies_(parts.bodies),
      identifiers_(parts.identifiers),
      counters_(parts.counters),
      answer_ports_(identifiers_.random()) {}

Transaction* Responder::begin(TimePoint now, const Flow& from, Side side, const Message& m, std::string key,
                              bool emergency, Output& out) {
  Transaction* const t =
      side == Side::access
          ? transactions_.begin_for(m, from, sources_.standing(now, from.peer.address), std::move(key), emergency)
          : transactions_.begin(m.method(), std::move(key));
  if (!t) {
    ++counters_.refused;
    answer(now, m, from, 503, out, "Retry-After: 10\r\n");
    return nullptr;
  }
  t->from_side = side;
  t->emergency = emergency;
  t->server.from = from;
  t->server.answer_to = answer_ports_.of(now, sources_.standing(now, from.peer.address), m, from);
  if (side == Side::central) t->server.request = m.text();
  return t;
}

void Responder::trying(TimePoint now, Transaction& t, const Message& m, Output& out) {
  transactions_.respond(now, t, make_response(m, t.server.from, 100, "Trying", {}), 100, out);
}

bool Responder::takes_central(TimePoint now, const Flow& from, std::size_t server, Output& out) {
  if (from.transport != Transport::udp || central_budget_.admits(now, server)) return true;
  over_central_budget(from, out);
  return false;
}

/// RFC 3261 §16.7: a tag of ours, the same each time, as we keep nothing of what we answer like this.
void Responder::answer(TimePoint now, const Message& m, const Flow& from, std::uint16_t status, Output& out,
                       std::string_view lines, std::string_view reason) {
  if (m.method() == Method::ack) return;
  if (from.transport == Transport::udp) {
    const auto server = sources_.server_of(from);
    if (server && !central_budget_.admits_answer(now, *server)) return over_central_budget(from, out);
  }
  if (status >= 300) ++counters_.refused;
  Flow to = from;
  if (to.transport == Transport::udp)
    to.peer = answer_ports_.of(now, sources_.standing(now, from.peer.address), m, from);
  out.send(to, make_response(m, from, status, reason.empty() ? reason_phrase(status) : reason, identifiers_.tag_for(m),
                             lines));
}

void Responder::refuse(TimePoint now, Transaction& t, std::uint16_t status, Output& out, std::string_view lines) {
  if (t.server.status >= 200) return;  // it has its answer
  if (!stored_.parse(as_bytes(t.server.request))) return transactions_.forget(t);
  ++counters_.refused;
  passwords_.drop(t.password);
  bodies_.drop_offer(now, t);
  t.server.brief = !t.is_invite() && t.client.state == ClientHalf::State::none;
  transactions_.respond(
      now, t,
      make_response(stored_, t.server.from, status, reason_phrase(status), "dw" + std::to_string(t.serial), lines),
      status, out);
}

/// A phone that listens elsewhere than we answer repeats its request until it gives up (sip-sbc §2.4); so does one that
/// can't take an answer as large as it is.
void Responder::repeat(TimePoint now, Transaction& t, const Message& m, Output& out) {
  ++counters_.repeated;
  const bool unheard = t.server.on_repeat(now) && t.server.repeats % kRepeatsBeforeOtherPort == 0 &&
                       t.server.from.transport == Transport::udp && t.from_side == Side::access;
  const auto report = [&](std::string text) {
    const Binding* const b = bindings_.of_phone(t.server.from, words_of(m));
    out.events.push_back(unheard_event(t.server.from, m, b, std::move(text)));
  };
  if (unheard && t.server.response.size() > kMaxPhoneOctets) {
    report(
        fmt::format("an answer of {} bytes is more than phones take by UDP; TCP takes it", t.server.response.size()));
  } else if (const Endpoint before = t.server.answer_to; unheard) {
    const Standing standing = sources_.standing(now, t.server.from.peer.address);
    if (const auto other = answer_ports_.try_other(now, standing, m, t.server.from, before)) {
      t.server.answer_to = *other;
      report(fmt::format("answers went to port {}, now to port {}", before.port, other->port));
    }
  }
  t.server.respond_again(out);
}

}  // namespace dw::sip
