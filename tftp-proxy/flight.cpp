#include "tftp-proxy/flight.hpp"

#include <algorithm>
#include <utility>

#include "tftp-proxy/core/spelling.hpp"

namespace dw::provisioning {
namespace {

/// A live file that nobody waits for is still fetched to its end when it is no larger: the next phone has a
/// copy to fall back on.
constexpr std::uint64_t kKeepLive = 1ULL << 20;

}  // namespace

bool is_confirmed(const CacheEntry& entry, CacheClass kept_as, const FetchLimits& limits) {
  if (kept_as == CacheClass::resource && !(entry.etag.empty() && entry.last_modified.empty())) return false;
  const auto age = wall_now() - entry.fetched;
  return age >= age.zero() && age < limits.revalidate;
}

Flight::Flight(const FlightContext& context, std::string name, CacheClass cache_class, bool whole_first)
    : context_(context),
      name_(std::move(name)),
      class_(cache_class),
      whole_first_(whole_first),
      content_(std::make_shared<Content>()),
      slots_(context.origins),
      patience_(context.loop, [this] { on_impatient(); }),
      deadline_(context.loop, [this] { on_deadline(); }) {
  std::ranges::stable_partition(slots_, [](const auto& s) { return s->has_answered || s->failures == 0; });
}

Flight::~Flight() {
  drop_fetch(true);
  context_.load.octets -= received_;
  if (orphan_) --context_.load.orphans;
}

void Flight::start() {
  const auto self = shared_from_this();
  if (is_common(class_)) {
    if (const auto copy = copy_at_hand(); copy && is_confirmed(*copy, class_, context_.limits)) {
      load_copy(*copy, "cache", [this] {
        ignore_copy_ = true;
        ask_origins();
      });
      return;
    }
  }
  ask_origins();
}

void Flight::start_over() {
  const auto self = shared_from_this();
  entry_ = copy_at_hand();
  ignore_copy_ = true;
  ++context_.counters.misses;
  next();
}

ContentPtr Flight::lease() {
  if (ContentPtr held = lease_.lock()) return held;
  // The count of this pointer is the count of those who want the file; the deleter runs when it is none. It
  // keeps the content itself, whatever becomes of the flight.
  const std::weak_ptr<Flight> weak = weak_from_this();
  net::Loop* loop = &context_.loop;
  ContentPtr lease(content_.get(), [inner = content_, weak, loop](Content*) {
    if (weak.expired()) return;
    loop->post([weak] {
      if (const auto flight = weak.lock()) flight->on_unwanted();
    });
  });
  lease_ = lease;
  if (content_->state() == Content::State::waiting && !deadline_.armed())
    deadline_.arm_after(context_.limits.answer_within);
  if (orphan_) {
    orphan_ = false;
    --context_.load.orphans;
  }
  return lease;
}

std::optional<CacheEntry> Flight::copy_at_hand() const {
  if (context_.cache == nullptr || ignore_copy_) return std::nullopt;
  if (auto exact = context_.cache->find(name_)) return exact;
  return context_.cache->find_ignoring_case(name_);
}

void Flight::fill(const ContentPtr& content, Bytes octets, const CacheEntry& entry, const std::string& how) {
  if (content->state() != Content::State::waiting) return;
  content->begin({octets.size(), entry.etag, entry.last_modified, how + " (" + entry.origin + ")"});
  content->append(octets);
  content->finish();
}

/// Fills the content as it is now with the kept copy. It may have become another one's when the copy comes.
void Flight::load_copy(const CacheEntry& entry, std::string how, std::function<void()> otherwise) {
  const ContentPtr content = content_;
  if (const ContentPtr same = context_.memory.find(entry.name);
      same && same->meta().etag == entry.etag && same->octets().size() == entry.size) {
    if (content->state() == Content::State::waiting) {
      content->begin({entry.size, entry.etag, entry.last_modified, how + " (" + entry.origin + ")"});
      content->share(*same);
      content->finish();
    }
    context_.on_arrived(*this, entry.name, content, false);
    end();
    return;
  }
  context_.cache->load(entry.name, [weak = weak_from_this(), content, entry, how, otherwise](Result<Buffer> octets) {
    const auto self = weak.lock();
    if (octets) fill(content, *octets, entry, how);
    if (!self || self->over_) return;
    if (!octets) {
      otherwise();
    } else if (self->content_ == content) {
      self->context_.on_arrived(*self, entry.name, content, false);
      self->end();
    }
  });
}

void Flight::ask_origins() {
  entry_ = copy_at_hand();
  ++context_.counters.misses;
  next();
}

/// Asks the next origin, or the same one for the next spelling; settles when none is left.
void Flight::next() {
  const TimePoint now = context_.loop.now();
  for (; at_ < slots_.size(); ++at_, spelling_ = 0) {
    OriginSlot& s = slot();
    if (!s.url.covers(name_)) continue;
    if (spelling_ == 0) {
      if (s.health.try_ask(now)) return ask(s, name_);
      findings_.add_unasked(s.label, s.health.last_error(), s.has_answered);
      continue;
    }
    if (s.origin->finds_any_case()) continue;
    if (!candidates_) {
      std::vector<std::string> hints;
      if (const auto known = context_.spellings.find(name_)) hints.push_back(*known);
      if (entry_) hints.insert(hints.begin(), entry_->name);
      candidates_ = other_spellings(name_, hints);
    }
    if (spelling_ <= candidates_->size() && extra_requests_ < kMaxSpellings) {
      ++extra_requests_;
      return ask(s, (*candidates_)[spelling_ - 1]);
    }
  }
  settle();
}

void Flight::ask(OriginSlot& s, const std::string& spelling) {
  OriginRequest request;
  request.name = spelling;
  request.for_stranger = place && place->standing == Standing::stranger;
  // A validator means something only to the origin that gave it.
  if (entry_ && !ignore_copy_ && entry_->name == spelling && entry_->origin == s.label) {
    request.etag = entry_->etag;
    request.last_modified = entry_->last_modified;
  }
  ++s.requests;
  asked_at_ = context_.loop.now();
  real_ = spelling;
  if (another_is_left()) patience_.arm_after(context_.limits.patience);
  const auto weak = weak_from_this();
  OriginCallbacks c;
  c.on_found = [weak](ContentMeta meta, const std::string& real) {
    if (const auto self = weak.lock()) self->on_found(std::move(meta), real);
  };
  c.on_octets = [weak](Bytes octets) {
    if (const auto self = weak.lock()) self->on_octets(octets);
  };
  c.on_end = [weak](OriginEnd end) {
    if (const auto self = weak.lock()) self->on_end(std::move(end));
  };
  fetch_ = s.origin->fetch(request, std::move(c));
}

bool Flight::another_is_left() const {
  return std::any_of(slots_.begin() + static_cast<std::ptrdiff_t>(at_) + 1, slots_.end(),
                     [this](const auto& s) { return s->url.covers(name_); });
}

void Flight::on_found(ContentMeta meta, const std::string& real) {
  patience_.cancel();
  real_ = real;
  const Duration took = context_.loop.now() - asked_at_;
  Duration& smooth = slot().answer_time;
  smooth = smooth == Duration{} ? took : (7 * smooth + took) / 8;
  if (whole_first_) {
    staged_meta_ = std::move(meta);
  } else {
    content_->begin(std::move(meta));
  }
}

void Flight::on_octets(Bytes octets) {
  received_ += octets.size();
  context_.load.octets += octets.size();
  slot().octets += octets.size();
  if (context_.load.octets > context_.limits.max_in_flight) {
    drop_fetch(true);
    ++context_.counters.refused;
    finish_with({Errc::exhausted, "too many octets are being fetched at the same time"});
    return;
  }
  if (orphan_ && !is_common(class_) && received_ > kKeepLive) {
    drop_fetch(true);
    ++context_.counters.cancelled;
    finish_with({Errc::unavailable, "nobody wanted it any more"});
    return;
  }
  if (whole_first_) {
    staged_.insert(staged_.end(), octets.begin(), octets.end());
  } else {
    content_->append(octets);
  }
}

void Flight::on_end(OriginEnd end) {
  patience_.cancel();
  fetch_.reset();
  for (std::string& name : end.near) {
    if (near_.size() < OriginEnd::kMaxNear && std::ranges::find(near_, name) == near_.end())
      near_.push_back(std::move(name));
  }
  tell_asked(end.result && *end.result == OriginEnd::Success::unchanged, end.result ? nullptr : &end.result.error());
  if (!end.result) return on_failure(end.result.error(), end.reached);
  slot().health.succeeded();
  slot().last_success = wall_now();
  slot().has_answered = true;
  if (*end.result == OriginEnd::Success::unchanged) return on_unchanged();
  on_complete();
}

void Flight::on_complete() {
  if (whole_first_) {
    if (staged_meta_.size && *staged_meta_.size != staged_.size()) {
      return on_failure({Errc::unavailable, slot().label + ": a file of the wrong length"}, true);
    }
    content_->begin(staged_meta_);
    content_->take(std::exchange(staged_, {}));
  }
  // An origin that sends the whole file each time makes no more copies of it than one that says "unchanged".
  if (const ContentPtr before = context_.memory.find(real_)) content_->share_if_equal(*before);
  content_->finish();
  if (content_->state() == Content::State::complete) {
    context_.on_arrived(*this, real_, content_, true);
  } else {
    ++slot().failures;
    slot().health.failed(context_.loop.now(), true, content_->error().text);
  }
  end();
}

void Flight::on_unchanged() {
  ++context_.counters.revalidated;
  if (!entry_ || ignore_copy_) return on_failure({Errc::unavailable, slot().label + ": unchanged, of what?"}, true);
  context_.cache->refreshed(entry_->name, wall_now());
  load_copy(*entry_, "cache, unchanged at the origin", [this] {
    ignore_copy_ = true;  // damaged on disk: fetch it whole
    ask(slot(), real_);
  });
}

void Flight::on_failure(const Error& error, bool reached) {
  OriginSlot& s = slot();
  if (error.code == Errc::unavailable || error.code == Errc::system) {
    ++s.failures;
    s.health.failed(context_.loop.now(), reached, error.text);
  } else {
    s.health.succeeded();
    s.last_success = wall_now();
    s.has_answered = true;
  }
  if (content_->state() == Content::State::streaming) {
    // Some of it is out: nothing else may be put behind it.
    return finish_with(error);
  }
  staged_.clear();
  context_.load.octets -= std::exchange(received_, 0);
  if (spelling_ == 0 || error.code != Errc::not_found) findings_.add(error, s.has_answered);
  if (error.code == Errc::not_found) {
    ++spelling_;
  } else {
    ++at_;
    spelling_ = 0;
  }
  next();
}

void Flight::on_impatient() {
  const auto self = shared_from_this();
  if (over_ || !fetch_) return;
  fetch_.reset();
  const Error late{Errc::unavailable, slot().label + ": no answer within " + to_words(context_.limits.patience)};
  tell_asked(false, &late);
  on_failure(late, false);
}

/// No origin is left to ask.
void Flight::settle() {
  const bool asked_none =
      !slots_.empty() && std::ranges::none_of(slots_, [this](const auto& s) { return s->url.covers(name_); });
  const Error verdict =
      asked_none ? Error{Errc::not_found, "no origin is for files of that name (what stands behind its \"#\")"}
                 : findings_.verdict();
  if (verdict.code == Errc::unavailable) {
    if (const auto copy = copy_at_hand()) {
      ++context_.counters.stale;
      load_copy(*copy, "cache, stale: " + verdict.text, [this, verdict] { finish_with(verdict); });
      return;
    }
  } else if (verdict.code == Errc::not_found) {
    if (entry_) context_.cache->remove(entry_->name);
    context_.on_missing(*this, verdict);
  }
  finish_with(verdict);
}

/// Who waits is answered now.
void Flight::on_deadline() {
  const auto self = shared_from_this();
  if (over_ || content_->state() != Content::State::waiting) return;
  const ContentPtr waiting = std::exchange(content_, std::make_shared<Content>());
  lease_.reset();
  const Error late{Errc::unavailable, (at_ < slots_.size() ? slot().label + ": " : std::string()) +
                                          "no answer within " + to_words(context_.limits.answer_within)};
  const auto copy = copy_at_hand();
  if (copy && context_.cache != nullptr) {
    ++context_.counters.stale;
    context_.cache->load(copy->name, [waiting, late, entry = *copy](Result<Buffer> octets) {
      if (octets) {
        fill(waiting, *octets, entry, "cache, stale: " + late.text);
      } else {
        waiting->fail(late);
      }
    });
  } else {
    waiting->fail(late);
  }
  on_unwanted();
}

void Flight::on_unwanted() {
  if (over_ || orphan_ || !lease_.expired()) return;
  if (worth_going_on()) {
    orphan_ = true;
    ++context_.load.orphans;
    ++context_.counters.orphans;
    return;
  }
  ++context_.counters.cancelled;
  drop_fetch(true);
  finish_with({Errc::unavailable, "nobody wanted it any more"});
}

bool Flight::worth_going_on() const {
  if (!context_.cache || !context_.cache->storing() || context_.load.orphans >= context_.limits.max_orphans)
    return false;
  if (is_common(class_)) return true;
  const auto& size = whole_first_ ? staged_meta_.size : content_->meta().size;
  return class_ == CacheClass::live && size.value_or(received_) <= kKeepLive;
}

void Flight::drop_fetch(bool abandoned) {
  patience_.cancel();
  if (!fetch_) return;
  fetch_.reset();
  if (abandoned) slot().health.abandoned(context_.loop.now());
}

void Flight::note_asker(const IpAddress& address) {
  if (address && askers_.size() < kMaxAskers && std::ranges::find(askers_, address) == askers_.end())
    askers_.push_back(address);
}

void Flight::tell_asked(bool unchanged, const Error* error) {
  context_.on_asked(*this, {slot().label, real_, received_, context_.loop.now() - asked_at_, unchanged, error});
}

void Flight::finish_with(const Error& error) {
  content_->fail(error);
  end();
}

void Flight::end() {
  if (over_) return;
  over_ = true;
  deadline_.cancel();
  patience_.cancel();
  context_.on_over(*this);
}

}  // namespace dw::provisioning
