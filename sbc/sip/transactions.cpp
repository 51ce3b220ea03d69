#include "sbc/sip/transactions.hpp"

#include <algorithm>

#include "sbc/sip/register.hpp"

namespace dw::sip {

Transaction::Transaction() = default;
Transaction::~Transaction() = default;

std::string server_key(const Message& m, const IpAddress& source, std::string_view method) {
  constexpr std::string_view kCookie = "z9hG4bK";
  std::string key;
  key.reserve(96);
  const auto add = [&key](std::string_view part) {
    key += part;
    key += '\n';
  };
  add(method);
  for (const std::uint8_t octet : source.octets())
    key += static_cast<char>(octet);
  add(m.via().sent_by);
  add(m.via().branch);
  if (starts_with_ignoring_case(m.via().branch, kCookie)) return key;
  // RFC 2543: no branch that is its own.
  add(m.call_id());
  add(m.from_tag());
  add(std::to_string(m.cseq()));
  add(m.request_uri());
  return key;
}

FairShare::Options Transactions::share_of(const Options& options) {
  FairShare::Options share;
  share.total = options.max;
  share.per_source = std::max<std::size_t>(1, options.per_source / 4);
  share.per_known_source = options.per_source;
  return share;
}

Transactions::Transactions(const Options& options, std::uint64_t seed, MayResend may_resend)
    : max_(options.max),
      may_resend_(std::move(may_resend)),
      by_key_(0, KeyedHash(seed)),
      by_branch_(0, KeyedHash(seed + 1)),
      share_(share_of(options), seed + 2) {
  constexpr std::size_t kFirst = 65'536;  // buckets that don't have to be made while phones wait
  constexpr float kLoad =
      0.25F;  // most look-ups find nothing; in an empty bucket that costs one cache miss instead of three
  for (auto* const table : {&by_key_, &by_branch_}) {
    table->max_load_factor(kLoad);
    table->reserve(std::min(max_, kFirst));
  }
}

void Transactions::configure(const Options& options) {
  max_ = options.max;
  share_.configure(share_of(options));
}

Transaction* Transactions::begin(Method method, std::string key, bool beyond) {
  if (all_.size() >= max_ + (beyond ? kBeyond : 0)) return nullptr;
  Transaction& t = all_.add();
  t.serial = ++serial_;
  t.method = method;
  if (!key.empty()) {
    t.server.state = ServerHalf::State::trying;
    t.server.key = std::move(key);
    by_key_[t.server.key] = t.slot;
  }
  return &t;
}

Transaction* Transactions::find_server(std::string_view key) {
  const auto at = by_key_.find(key);
  return at == by_key_.end() ? nullptr : all_.at(at->second);
}

Transaction* Transactions::find_client(std::string_view branch) {
  const auto at = by_branch_.find(branch);
  return at == by_branch_.end() ? nullptr : all_.at(at->second);
}

Transaction* Transactions::at(std::size_t slot, std::uint64_t serial) {
  Transaction* const t = all_.at(slot);
  return t && t->serial == serial ? t : nullptr;
}

Transaction* Transactions::begin_for(const Message& m, const Flow& from, Standing standing, std::string key,
                                     bool help) {
  if (!help) {
    const std::size_t size = m.text().size();
    const bool room = octets_ + size <= kMaxOctets &&
                      (standing != Standing::stranger || strangers_octets_ + size <= kMaxStrangersOctets);
    if (!room || share_.take(from.peer.address, standing) != FairShare::Verdict::granted) return nullptr;
  }
  Transaction* const t = begin(m.method(), std::move(key), help);
  if (!t) {
    if (!help) share_.give_back(from.peer.address, standing);
    return nullptr;
  }
  t->server.from = from;
  t->server.request = m.text();
  t->server.octets = t->server.request.size();
  octets_ += t->server.octets;
  if (help) return t;
  t->server.counts_as = standing;
  strangers_octets_ += standing == Standing::stranger ? t->server.octets : 0;
  return t;
}

void Transactions::send_request(TimePoint now, Transaction& t, Duration answer_within, Output& out) {
  if (t.client.state != ClientHalf::State::none) by_branch_.erase(t.client.branch_indexed);
  t.client.branch_indexed = t.client.branch;
  by_branch_[t.client.branch_indexed] = t.slot;
  t.client.send(now, answer_within, out);
  arm(t);
}

Transactions::Use Transactions::on_response(TimePoint now, Transaction& t, std::uint16_t status) {
  const bool is_new = t.client.on_response(now, t.is_invite(), status);
  if (is_new) arm(t);
  return is_new ? Use::forward : Use::absorb;
}

void Transactions::on_cancel_response(Transaction& t) {
  t.client.on_cancel_response();
  arm(t);
}

void Transactions::send_cancel(TimePoint now, Transaction& t, std::string cancel, Output& out) {
  t.client.send_cancel(now, std::move(cancel), out);
  arm(t);
}

void Transactions::respond(TimePoint now, Transaction& t, std::string response, std::uint16_t status, Output& out) {
  if (!t.server.may_respond(status)) return;
  t.server.respond(now, t.is_invite(), std::move(response), status, out);
  arm(t);
}

bool Transactions::on_ack(TimePoint now, Transaction& t) {
  const bool is_ours = t.server.on_ack(now);
  arm(t);
  return is_ours;
}

void Transactions::go_on(TimePoint now, Transaction& t) {
  t.client.go_on(now);
  arm(t);
}

void Transactions::end_client(Transaction& t) {
  t.client.end();
  arm(t);
}

void Transactions::arm(Transaction& t) {
  const TimePoint when = std::min(t.client.next_deadline(), t.server.next_deadline());
  if (when == t.armed) return;
  t.armed = when;
  if (when == kNever) {
    deadlines_.clear(t.slot);
  } else {
    deadlines_.set(t.slot, when);
  }
}

std::optional<std::pair<Transaction*, Transactions::Timeout>> Transactions::on_deadline(TimePoint now, Output& out) {
  while (const auto slot = deadlines_.pop_due(now)) {
    Transaction& t = *all_.at(*slot);
    t.armed = kNever;
    t.server.end_if_due(now);
    if (t.client.answer_by <= now) {
      t.client.answer_by = kNever;
      if (t.client.state == ClientHalf::State::calling) {
        arm(t);
        return std::pair{&t, Timeout::unanswered};
      }
    }
    if (t.client.until <= now) {
      const bool pending = t.client.pending();
      end_client(t);
      if (pending) return std::pair{&t, Timeout::client};
    }
    if (is_over(t)) {
      forget(t);
      continue;
    }
    if (t.client.resend <= now) t.client.resend_due(now, t.is_invite(), may_resend_(now, t), out);
    t.server.resend_due(now, out);
    arm(t);
  }
  return std::nullopt;
}

void Transactions::forget(Transaction& t) {
  if (!t.server.key.empty()) {
    by_key_.erase(t.server.key);
    octets_ -= t.server.octets;
    if (t.server.counts_as) {
      share_.give_back(t.server.from.peer.address, *t.server.counts_as);
      strangers_octets_ -= *t.server.counts_as == Standing::stranger ? t.server.octets : 0;
    }
  }
  if (!t.client.branch_indexed.empty()) by_branch_.erase(t.client.branch_indexed);
  deadlines_.clear(t.slot);
  all_.remove(t.slot);
}

}  // namespace dw::sip
