#include "sbc/sip/transactions.hpp"

#include <algorithm>

#include "sbc/sip/register.hpp"

namespace dw::sip {

using Client = Transaction::Client;
using Server = Transaction::Server;

namespace {

/// Its memory too, as a transaction outlives its answer by half a minute.
void release(std::string& text) {
  std::string().swap(text);
}

}  // namespace

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
    t.server = Server::trying;
    t.key = std::move(key);
    by_key_[t.key] = t.slot;
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
  t->from = from;
  t->request = m.text();
  t->octets = t->request.size();
  octets_ += t->octets;
  if (help) return t;
  t->counts_as = standing;
  strangers_octets_ += standing == Standing::stranger ? t->octets : 0;
  return t;
}

void Transactions::send_request(TimePoint now, Transaction& t, Duration answer_within, Output& out) {
  if (t.client != Client::none) by_branch_.erase(t.branch_indexed);
  t.branch_indexed = t.branch;
  by_branch_[t.branch_indexed] = t.slot;
  t.client = Client::calling;
  t.client_silent = true;
  t.sent_at = now;
  t.answer_by = answer_within == Duration{} ? Transaction::kNever : now + answer_within;
  t.client_until = now + kTransactionTimeout;
  t.client_interval = kT1;
  t.client_resend = reliable(t.to) ? Transaction::kNever : now + kT1;
  out.send(t.to, t.forwarded);
  arm(t);
}

Transactions::Use Transactions::on_response(TimePoint now, Transaction& t, std::uint16_t status) {
  t.client_silent = false;
  t.answer_by = Transaction::kNever;
  if (status < 200) {
    if (!t.client_pending()) return Use::absorb;
    const bool first = t.client == Client::calling;
    t.client = Client::proceeding;
    if (t.is_invite()) {
      t.client_resend = Transaction::kNever;
      // Timer C runs from the request, and again from each provisional answer but 100 (RFC 3261 §16.6 step 11, §16.7
      // step 2).
      if (!t.cancelled && !t.cancel_sent) {
        if (status > 100) t.client_until = now + kTimerC;
        if (status == 100 && first) t.client_until = t.sent_at + kTimerC;
      }
    } else if (t.client_resend != Transaction::kNever) {
      t.client_interval = kT2;
    }
    arm(t);
    return Use::forward;
  }
  if (t.is_invite() && status < 300) {
    if (t.client == Client::completed || t.client == Client::ended) return Use::absorb;
    if (t.client != Client::accepted) t.client_until = now + kTransactionTimeout;  // timer M
    t.client = Client::accepted;
  } else {
    if (!t.client_pending()) {
      return Use::absorb;
    }
    t.client = Client::completed;
    t.client_until = now + (reliable(t.to) ? Duration{} : t.is_invite() ? kTimerD : kT4);
  }
  t.client_resend = Transaction::kNever;
  t.cancel.clear();
  if (!t.is_invite() || status < 300) release(t.forwarded);  // of a refused INVITE it is the ACK now
  arm(t);
  return Use::forward;
}

void Transactions::on_cancel_response(Transaction& t) {
  t.cancel.clear();
  t.client_resend = Transaction::kNever;
  arm(t);
}

void Transactions::send_cancel(TimePoint now, Transaction& t, std::string cancel, Output& out) {
  t.cancel_sent = true;
  out.send(t.to, cancel);
  // Whoever was asked has as long to say 487 as it has for any answer (RFC 3261 §9.1).
  t.client_until = now + kTransactionTimeout;
  if (!reliable(t.to)) {
    t.cancel = std::move(cancel);
    t.client_interval = kT1;
    t.client_resend = now + kT1;
  }
  arm(t);
}

void Transactions::respond(TimePoint now, Transaction& t, std::string response, std::uint16_t status, Output& out) {
  if (t.server == Server::none || t.server == Server::confirmed) return;
  const bool final = status >= 200;
  // A 2xx may follow a 2xx, which several branches or a lost ACK cause; nothing follows another final one.
  if (t.server == Server::completed || (t.server == Server::accepted && (status < 200 || status >= 300))) return;
  Flow to = t.from;
  if (to.transport == Transport::udp) to.peer = t.answer_to;
  out.send(to, response);
  t.last_response = std::move(response);
  t.last_status = status;
  t.answered_at = now;
  const bool quick = reliable(t.from);
  if (!final) {
    t.server = Server::proceeding;
  } else if (t.is_invite() && status < 300) {
    if (t.server != Server::accepted) t.server_until = now + kTransactionTimeout;  // timer L
    t.server = Server::accepted;
  } else {
    t.server = Server::completed;
    t.server_until = now + (t.is_invite() ? kTransactionTimeout : quick ? Duration{} : kTransactionTimeout);
    if (t.is_invite() && !quick) {
      t.server_interval = kT1;
      t.server_resend = now + kT1;
    }
  }
  if (final && t.brief) t.server_until = now;
  if (final) release(t.request);
  arm(t);
}

bool Transactions::on_repeat(TimePoint now, Transaction& t) {
  if (t.last_response.empty()) return false;
  const bool unheard = now - t.answered_at >= kHeardWithin;
  t.answered_at = now;
  if (unheard) ++t.repeats;
  return unheard;
}

void Transactions::answer_again(const Transaction& t, Output& out) {
  // A 2xx is repeated by whoever sent it, end to end (RFC 6026 §7.1).
  if (t.last_response.empty() || t.server == Server::accepted || t.server == Server::confirmed) return;
  Flow to = t.from;
  if (to.transport == Transport::udp) to.peer = t.answer_to;
  out.send(to, t.last_response);
}

bool Transactions::on_ack(TimePoint now, Transaction& t) {
  if (t.server == Server::accepted) return false;
  if (t.server == Server::completed) {
    t.server = Server::confirmed;
    t.server_resend = Transaction::kNever;
    t.server_until = now + (reliable(t.from) ? Duration{} : kT4);  // timer I
    arm(t);
  }
  return true;
}

void Transactions::go_on(TimePoint now, Transaction& t) {
  t.client = Client::proceeding;
  t.client_until = now + kTimerC;
  arm(t);
}

void Transactions::end_client(Transaction& t) {
  t.client = Client::ended;
  t.client_resend = t.client_until = t.answer_by = Transaction::kNever;
  t.cancel.clear();
  arm(t);
}

bool Transactions::is_over(const Transaction& t) const {
  const bool client = t.client == Client::none || t.client == Client::ended;
  const bool server = t.server == Server::none || (t.server_until == Transaction::kNever && t.last_status >= 200);
  return client && server;
}

void Transactions::arm(Transaction& t) {
  const TimePoint when = std::min({t.client_resend, t.client_until, t.server_resend, t.server_until, t.answer_by});
  if (when == t.armed) return;
  t.armed = when;
  if (when == Transaction::kNever) {
    deadlines_.clear(t.slot);
  } else {
    deadlines_.set(t.slot, when);
  }
}

void Transactions::resend_due(TimePoint now, Transaction& t, Output& out) {
  if (t.client_resend <= now) {
    if (may_resend_(now, t)) out.send(t.to, t.cancel.empty() ? t.forwarded : t.cancel);
    // Timer A doubles without end, timer E up to T2 (RFC 3261 §17.1.1.2, §17.1.2.2).
    const bool invite = t.is_invite() && t.cancel.empty();
    t.client_interval = invite ? 2 * t.client_interval : std::min(2 * t.client_interval, kT2);
    t.client_resend = now + t.client_interval;
  }
  if (t.server_resend <= now) {  // timer G
    Flow to = t.from;
    to.peer = t.answer_to;
    out.send(to, t.last_response);
    t.server_interval = std::min(2 * t.server_interval, kT2);
    t.server_resend = now + t.server_interval;
  }
}

std::optional<std::pair<Transaction*, Transactions::Timeout>> Transactions::on_deadline(TimePoint now, Output& out) {
  while (const auto slot = deadlines_.pop_due(now)) {
    Transaction& t = *all_.at(*slot);
    t.armed = Transaction::kNever;
    if (t.server_until <= now) {
      t.server_resend = t.server_until = Transaction::kNever;
      t.server = Server::none;
    }
    if (t.answer_by <= now) {
      t.answer_by = Transaction::kNever;
      if (t.client == Client::calling) {
        arm(t);
        return std::pair{&t, Timeout::unanswered};
      }
    }
    if (t.client_until <= now) {
      const bool pending = t.client_pending();
      end_client(t);
      if (pending) return std::pair{&t, Timeout::client};
    }
    if (is_over(t)) {
      forget(t);
      continue;
    }
    resend_due(now, t, out);
    arm(t);
  }
  return std::nullopt;
}

void Transactions::forget(Transaction& t) {
  if (!t.key.empty()) {
    by_key_.erase(t.key);
    octets_ -= t.octets;
    if (t.counts_as) {
      share_.give_back(t.from.peer.address, *t.counts_as);
      strangers_octets_ -= *t.counts_as == Standing::stranger ? t.octets : 0;
    }
  }
  if (!t.branch_indexed.empty()) by_branch_.erase(t.branch_indexed);
  deadlines_.clear(t.slot);
  all_.remove(t.slot);
}

}  // namespace dw::sip
