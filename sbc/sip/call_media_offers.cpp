#include <algorithm>
#include <functional>

#include "sbc/sip/call_media.hpp"

// Offers that are under way, and what is to be again when they are refused.
namespace dw::sip {
namespace {

std::size_t hash_of(std::string_view text) {
  return std::hash<std::string_view>{}(text);
}

}  // namespace

CallMedia::Said CallMedia::said_by(Side side) const {
  Said said;
  for (const Stream& s : streams_)
    said.lines.push_back(
        {s.phone_stated, s.far_end, s.codec, s.opaque, s.far_name, s.far_port, s.phone_rtcp, s.far_rtcp});
  said.held = side == Side::access ? held_by_phone_ : held_by_far_end_;
  return said;
}

void CallMedia::apply(TimePoint now, Side side, const Said& said, MediaBroker& broker) {
  (side == Side::access ? held_by_phone_ : held_by_far_end_) = said.held;
  for (std::size_t i = 0; i < streams_.size(); ++i) {
    Stream& stream = streams_[i];
    if (stream.ports.id == MediaId::none) continue;
    const Said::Line line = i < said.lines.size() ? said.lines[i] : Said::Line{};
    if (stream.opaque != line.opaque) broker.set_opaque(stream.ports.id, stream.opaque = line.opaque);
    stream.codec = line.codec;
    if (side == Side::central) {
      stream.far_name = line.far_name;
      stream.far_port = line.far_port;
    }
    if (side == Side::central && stream.far_end != line.far_end) {
      stream.far_end = line.far_end;
      stream.toward_phone = broker.set_far_end(stream.ports.id, stream.far_end);
      broker.set_rtcp(stream.ports.id, MediaSide::central, stream.far_rtcp = line.far_rtcp);
    }
    if (side == Side::access && stream.phone_stated != line.phone_stated) {
      stream.phone_stated = line.phone_stated;
      if (stream.phone_stated.port != 0) {
        broker.set_phone_stated(stream.ports.id, stream.phone_stated);
        broker.set_rtcp(stream.ports.id, MediaSide::phone, stream.phone_rtcp = line.phone_rtcp);
        broker.reopen(stream.ports.id);
      }
    }
    note_both(now, stream);
  }
}

bool CallMedia::begin_offer(std::uint64_t key, Side by, bool in_answer) {
  if (std::ranges::find(offers_, key, &Offer::key) != offers_.end()) return false;  // it goes by another way
  if (offers_.size() >= kMaxOffers) offers_.erase(offers_.begin());
  offers_.push_back({key, by, in_answer, said_by(by), std::nullopt});
  return true;
}

CallMedia::Standing CallMedia::standing_of(std::uint64_t key, std::string_view tag, std::string_view body) const {
  if (key < answers_key_) return Standing::informs;
  if (key > answers_key_ || answers_.empty()) return Standing::applies;
  const Answer& last = answers_.back();
  const bool again = last.tag == hash_of(tag) && (last.reliable || last.body == hash_of(body));
  return again ? Standing::informs : Standing::applies;
}

void CallMedia::begin_answer(std::uint64_t key, Side by) {
  const auto offer = std::ranges::find(offers_, key, &Offer::key);
  if (offer != offers_.end() && !offer->answerer_before) offer->answerer_before = said_by(by);
}

void CallMedia::end_answer(std::uint64_t key, Side by, std::string_view tag, std::string_view body, bool reliable) {
  if (key != answers_key_) answers_.clear();
  answers_key_ = key;
  std::erase_if(answers_, [&](const Answer& a) { return a.tag == hash_of(tag); });
  if (answers_.size() >= kMaxAnswers) answers_.erase(answers_.begin());
  answers_.push_back({hash_of(tag), hash_of(body), reliable, said_by(by)});
}

void CallMedia::take_up(TimePoint now, std::uint64_t key, Side by, std::string_view tag, MediaBroker& broker) {
  if (key != answers_key_ || answers_.empty() || answers_.back().tag == hash_of(tag)) return;
  const auto answer = std::ranges::find(answers_, hash_of(tag), &Answer::tag);
  if (answer == answers_.end()) return;
  apply(now, by, answer->said, broker);
  std::rotate(answer, answer + 1, answers_.end());
}

std::optional<std::uint64_t> CallMedia::offered_in_answer(Side by) const {
  const auto offer = std::ranges::find_if(offers_, [&](const Offer& o) { return o.in_answer && o.by == by; });
  return offer == offers_.end() ? std::nullopt : std::optional(offer->key);
}

void CallMedia::leave(TimePoint now, std::uint64_t key, MediaBroker& broker) {
  const auto offer = std::ranges::find(offers_, key, &Offer::key);
  if (offer == offers_.end()) return;
  offer->before.lines.empty() ? accept(key) : refuse(now, key, broker);
}

void CallMedia::accept(std::uint64_t key) {
  std::erase_if(offers_, [&](const Offer& offer) { return offer.key == key; });
}

void CallMedia::refuse(TimePoint now, std::uint64_t key, MediaBroker& broker) {
  const auto at = std::ranges::find(offers_, key, &Offer::key);
  if (at == offers_.end()) return;
  const Offer refused = std::move(*at);
  const auto after = offers_.erase(at);
  const auto later = std::find_if(after, offers_.end(), [&](const Offer& o) { return o.by == refused.by; });
  if (later != offers_.end()) {
    later->before = refused.before;  // what is under way now was said after it
  } else {
    apply(now, refused.by, refused.before, broker);
  }
  if (refused.answerer_before) apply(now, other(refused.by), *refused.answerer_before, broker);
}

}  // namespace dw::sip
