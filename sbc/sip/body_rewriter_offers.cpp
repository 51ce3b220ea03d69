#include "sbc/sip/body_rewriter.hpp"

// Which descriptions are offers and answers, and what becomes of them.
namespace dw::sip {
namespace {

/// What an INVITE, an UPDATE or a PRACK offers, and what an answer to INVITE offers.
std::uint64_t offer_of(const Transaction& t) {
  return 2 * t.serial;
}
std::uint64_t offer_in_answer_of(const Transaction& t) {
  return 2 * t.serial + 1;
}

bool is_reliable(const Message& m) {
  return m.status() < 200 && m.value_of(FieldName::require).find("100rel") != std::string_view::npos;
}

bool is_other_branch(const Transaction& t, const DialogSet& set, const Message& m) {
  return set.connected && t.begins_dialogs && m.to_tag() != set.taken;
}

}  // namespace

/// Before the body of a request or an answer is rewritten: what its description, if it has one, is.
BodyRewriter::Negotiation BodyRewriter::begin_negotiation(Transaction& t, DialogSet* set, const Message& m, Side from) {
  Negotiation part;
  if (!set || !set->is_call() || m.body().empty()) return part;
  part.before = set->media.descriptions();
  if (m.is_request()) {
    const auto offered = set->media.offered_in_answer(other(from));
    const bool answers = offered && (m.method() == Method::ack || m.method() == Method::prack);
    if (answers) {
      part.answers = *offered;
    } else if (m.method() == Method::invite || m.method() == Method::update || m.method() == Method::prack) {
      part.offers = offer_of(t);
    }
  } else if (t.method == Method::update || t.method == Method::prack) {
    if (t.offered && m.status() >= 200 && m.status() < 300) part.answers = offer_of(t);
  } else if (t.is_invite() && m.status() < 300 && !is_other_branch(t, *set, m)) {
    // The same once more says nothing, as what an offer has changed since stands.
    if (set->media.standing_of(offer_of(t), m.to_tag(), m.body()) == CallMedia::Standing::informs) return part;
    (t.offered ? part.answers : part.offers) = t.offered ? offer_of(t) : offer_in_answer_of(t);
  }
  if (part.answers != 0) set->media.begin_answer(part.answers, from);
  if (part.offers != 0) part.fresh = set->media.begin_offer(part.offers, from, !m.is_request());
  if (part.answers != 0 || part.offers != 0) part.standing = CallMedia::Standing::applies;
  return part;
}

/// After it.
void BodyRewriter::end_negotiation(TimePoint now, Transaction& t, DialogSet* set, const Message& m, Side from,
                                   const Negotiation& part) {
  if (!set || !set->is_call()) return;
  CallMedia& media = set->media;
  const bool described = !m.body().empty() && media.descriptions() != part.before;
  if (part.fresh && !described) media.accept(part.offers);
  if (m.is_request()) {
    t.offered = part.offers != 0 && described;
    if (described && part.answers != 0) media.accept(part.answers);
    if (const auto offered = media.offered_in_answer(other(from)); offered && m.method() == Method::ack)
      media.leave(now, *offered, broker_);
    return;
  }
  if (m.status() >= 300) return drop_offer(now, t);
  const bool applied = described && part.standing == CallMedia::Standing::applies;
  const bool success = m.status() >= 200;
  if (t.is_invite()) {
    if (applied) media.end_answer(offer_of(t), from, m.to_tag(), m.body(), is_reliable(m));
    if (success && !described && !is_other_branch(t, *set, m))
      media.take_up(now, offer_of(t), from, m.to_tag(), broker_);
  }
  if (success || (applied && t.is_invite() && is_reliable(m))) media.accept(offer_of(t));
}

void BodyRewriter::drop_offer(TimePoint now, const Transaction& t) {
  DialogSet* const set = t.dialogs != 0 ? dialogs_.by_id(t.dialogs) : nullptr;
  if (!set) return;
  set->media.refuse(now, offer_of(t), broker_);
  set->media.refuse(now, offer_in_answer_of(t), broker_);
}

}  // namespace dw::sip
