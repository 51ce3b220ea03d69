#include "nat/core/media/warm_ports.hpp"

#include <algorithm>
#include <utility>

namespace dw::nat {

WarmPorts::WarmPorts(Options options) : options_(std::move(options)), asker_(options_.random) {
  if (options_.ports.size() > kMaxPairs) options_.ports.resize(kMaxPairs);
  for (const std::uint16_t port : options_.ports)
    entries_.push_back({port, State::free, TimePoint::min(), {}, {}});
}

WarmPorts::Actions WarmPorts::start(TimePoint now) {
  return done(now);
}

WarmPorts::Actions WarmPorts::set_warm(TimePoint now, std::size_t pairs) {
  options_.warm = pairs;
  return done(now);
}

WarmPorts::Actions WarmPorts::look_again(TimePoint now) {
  for (Entry& entry : entries_)
    entry.rtp.due = entry.rtcp.due = now;
  return done(now);
}

WarmPorts::Actions WarmPorts::on_datagram(TimePoint now, std::uint16_t port, Bytes octets) {
  const auto answered = asker_.take(now, port, octets);
  if (!answered) return {};
  on_answer(now, *answered);
  return done(now);
}

WarmPorts::Actions WarmPorts::on_deadline(TimePoint now) {
  for (const int tag : asker_.on_deadline(now, asked_))
    on_missed(now, tag, "no answer");
  return done(now);
}

WarmPorts::Actions WarmPorts::on_bind_failed(TimePoint now, std::uint16_t port) {
  if (Entry* const entry = entry_of(port)) set(now, *entry, State::quarantined);
  return done(now);
}

std::optional<WarmPorts::Pair> WarmPorts::take(TimePoint now, Actions& actions) {
  if (facts_.maps != RouterMaps::by_port) return std::nullopt;
  // SCCP, and SDP without a=rtcp, give one port: RTCP goes to the next.
  const auto follows = [](const Entry& e) {
    return e.rtcp.external && e.rtcp.external->address == e.rtp.external->address &&
           e.rtcp.external->port == e.rtp.external->port + 1;
  };
  const auto better = [&](const Entry& a, const Entry& b) {
    return follows(a) != follows(b) ? follows(a) : a.since < b.since;
  };
  Entry* best = nullptr;
  for (Entry& entry : entries_) {
    if (entry.state == State::open && entry.rtp.external && (!best || better(entry, *best))) best = &entry;
  }
  if (!best) return std::nullopt;
  const Pair pair{best->port, *best->rtp.external, best->rtcp.external};
  set(now, *best, State::taken);
  out_.close.push_back(pair.port);
  actions = done(now);
  return pair;
}

WarmPorts::Actions WarmPorts::give_back(TimePoint now, std::uint16_t port) {
  Entry* const entry = entry_of(port);
  if (!entry || entry->state != State::taken) return {};
  set(now, *entry, State::quarantined);
  return done(now);
}

std::optional<TimePoint> WarmPorts::next_deadline() const {
  std::optional<TimePoint> next = asker_.next_deadline();
  const auto at = [&](TimePoint when) {
    if (!next || when < *next) next = when;
  };
  std::size_t open = 0;
  for (const Entry& entry : entries_) {
    if (entry.state != State::open) continue;
    ++open;
    if (asker_.full()) continue;  // asked once another request was answered or given up
    for (const Socket* socket : {&entry.rtp, &entry.rtcp})
      if (!socket->waiting) at(socket->due);
  }
  if (open < wanted()) {
    for (const Entry& entry : entries_)
      if (entry.state == State::quarantined) at(entry.since + kQuarantine);
  }
  return next;
}

// ---- which pairs are open ----

std::size_t WarmPorts::wanted() const {
  return facts_.maps == RouterMaps::by_port ? options_.warm : std::min<std::size_t>(options_.warm, 1);
}

WarmPorts::Actions WarmPorts::done(TimePoint now) {
  close_some();
  open_more(now);
  ask_due(now);
  sum_up();
  for (StunSend& send : std::exchange(asked_, {})) {
    const auto port = static_cast<std::uint16_t>(send.socket);
    const Entry* const entry = entry_of(static_cast<std::uint16_t>(port & ~1U));
    if (entry && entry->state == State::open) out_.sends.push_back({port, send.to, std::move(send.octets)});
  }
  return std::exchange(out_, {});
}

/// Keeps the scout, as it knows most.
void WarmPorts::close_some() {
  auto open = static_cast<std::size_t>(std::ranges::count(entries_, State::open, &Entry::state));
  for (auto entry = entries_.rbegin(); entry != entries_.rend() && open > wanted(); ++entry) {
    if (entry->state != State::open) continue;
    const TimePoint since = entry->since;
    set(since, *entry, State::free);
    out_.close.push_back(entry->port);
    --open;
  }
}

/// The most recently used come last, so that late packets of one call do not reach another.
void WarmPorts::open_more(TimePoint now) {
  auto open = static_cast<std::size_t>(std::ranges::count(entries_, State::open, &Entry::state));
  for (Entry& entry : entries_) {
    if (entry.state == State::quarantined && now - entry.since >= kQuarantine) entry.state = State::free;
  }
  for (; open < wanted(); ++open) {
    Entry* next = nullptr;
    for (Entry& entry : entries_) {
      if (entry.state == State::free && (!next || entry.since < next->since)) next = &entry;
    }
    if (!next) return;
    set(now, *next, State::open);
    next->rtp.due = next->rtcp.due = now;
    out_.bind.push_back(next->port);
  }
}

void WarmPorts::set(TimePoint now, Entry& entry, State state) {
  const auto index = static_cast<int>(&entry - entries_.data());
  for (int which = 0; which < kWhich; ++which)
    asker_.forget(index * kWhich + which);
  entry = {entry.port, state, now, {}, {}};
}

WarmPorts::Entry* WarmPorts::entry_of(std::uint16_t port) {
  const auto at = std::ranges::find(entries_, port, &Entry::port);
  return at == entries_.end() ? nullptr : &*at;
}

WarmPorts::Entry* WarmPorts::scout() {
  const auto at = std::ranges::find(entries_, State::open, &Entry::state);
  return at == entries_.end() ? nullptr : &*at;
}

// ---- requests and answers ----

/// The longest due first, so that no pair is left out when the server does not answer.
void WarmPorts::ask_due(TimePoint now) {
  while (!asker_.full()) {
    Socket* next = nullptr;
    std::size_t of = 0;
    for (std::size_t i = 0; i < entries_.size(); ++i) {
      Entry& entry = entries_[i];
      if (entry.state != State::open) continue;
      for (Socket* const socket : {&entry.rtp, &entry.rtcp}) {
        if (socket->waiting || socket->due > now || (next && socket->due >= next->due)) continue;
        next = socket;
        of = i;
      }
    }
    if (!next) return;
    next->waiting = true;
    ask(now, of, next == &entries_[of].rtp ? rtp : rtcp, options_.server);
  }
}

void WarmPorts::ask(TimePoint now, std::size_t entry, Which which, const Endpoint& to) {
  const std::uint32_t port = entries_[entry].port + (which == rtcp ? 1U : 0U);
  asker_.ask(now, static_cast<int>(entry) * kWhich + which, {port, to, {}, {}}, asked_);
}

WarmPorts::Socket& WarmPorts::socket_of(int tag) {
  Entry& entry = entries_[static_cast<std::size_t>(tag / kWhich)];
  return tag % kWhich == rtcp ? entry.rtcp : entry.rtp;
}

TimePoint WarmPorts::refresh_after(TimePoint now) {
  constexpr unsigned kSteps = 256;  // at most a quarter earlier, so that pairs do not all ask at once
  return now + options_.refresh - options_.refresh / 4 * static_cast<int>(options_.random() % kSteps) / kSteps;
}

void WarmPorts::on_answer(TimePoint now, const StunAsker::Answered& answered) {
  Entry& entry = entries_[static_cast<std::size_t>(answered.tag / kWhich)];
  const auto which = static_cast<Which>(answered.tag % kWhich);
  const auto external = answered.message.reflexive();
  const bool success = answered.message.kind == StunMessage::Kind::success && external && external->port != 0;
  if (which == second) {
    if (success) return on_second(entry, answered.message);
    return;
  }
  if (!success) return on_missed(now, answered.tag, "the STUN server refuses: " + to_string(answered.message));
  Socket& socket = socket_of(answered.tag);
  socket.waiting = false;
  socket.missed = 0;
  socket.due = refresh_after(now);
  answered_ = true;
  retry_ = kRetry;
  facts_.error.clear();
  learn(now, socket, *external);
  if (which != rtp || &entry != scout()) return;
  if (external->address == options_.local) {
    facts_.maps = RouterMaps::nothing;
    return;
  }
  auto other = answered.message.other_address;
  // A server behind a NAT of its own gives an address that can't be reached from here.
  if (other && other->address.is_private() && !options_.server.address.is_private())
    other->address = options_.server.address;
  if (!other || other->port == options_.server.port || other->address.is_v4() != options_.local.is_v4())
    return nothing_against_it();  // one destination shows nothing about others
  ask(now, static_cast<std::size_t>(&entry - entries_.data()), second, *other);
}

void WarmPorts::on_second(const Entry& entry, const StunMessage& answer) {
  facts_.maps = answer.reflexive() == entry.rtp.external ? RouterMaps::by_port : RouterMaps::by_target;
}

void WarmPorts::nothing_against_it() {
  if (facts_.maps != RouterMaps::by_target) facts_.maps = RouterMaps::by_port;
}

/// A new address applies to all pairs: what the others have learned is outdated.
void WarmPorts::learn(TimePoint now, Socket& socket, const Endpoint& external) {
  socket.external = external;
  if (facts_.address == external.address) return;
  facts_.address = external.address;
  for (Entry& other : entries_) {
    for (Socket* const s : {&other.rtp, &other.rtcp}) {
      if (s == &socket || other.state != State::open) continue;
      s->external.reset();
      s->due = now;
    }
  }
}

void WarmPorts::on_missed(TimePoint now, int tag, std::string why) {
  if (tag % kWhich == second) return nothing_against_it();  // its other port may be blocked for us
  Socket& socket = socket_of(tag);
  socket.waiting = false;
  if (!answered_) {
    socket.due = now + retry_;
    if (tag % kWhich == rtp) retry_ = std::min(retry_ * 2, kLongestRetry);
    facts_.error = std::move(why);
    return;
  }
  socket.due = refresh_after(now);
  if (++socket.missed < kMissed) return;
  socket.external.reset();
  facts_.error = std::move(why);
}

void WarmPorts::sum_up() {
  std::size_t known = 0, kept = 0;
  facts_.ready = facts_.taken = 0;
  bool any_open = false;
  for (const Entry& entry : entries_) {
    facts_.taken += entry.state == State::taken ? 1 : 0;
    if (entry.state != State::open) continue;
    any_open = true;
    facts_.ready += entry.rtp.external && facts_.maps == RouterMaps::by_port ? 1 : 0;
    const auto count = [&](const Socket& socket, unsigned port) {
      if (!socket.external) return;
      ++known;
      kept += socket.external->port == port ? 1 : 0;
    };
    count(entry.rtp, entry.port);
    count(entry.rtcp, entry.port + 1U);
  }
  if (known >= 2) facts_.keeps_numbers = kept == known;
  // No request was answered for a while: the server is gone, or the way to it.
  if (any_open && known == 0 && !facts_.error.empty()) facts_.maps = RouterMaps::unknown;
}

}  // namespace dw::nat
