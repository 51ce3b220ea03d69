#include "tftp-proxy/core/tftp_sessions.hpp"

#include <algorithm>
#include <cassert>

#include "tftp-proxy/core/file_name.hpp"

namespace dw::tftp {
namespace {

/// Transfers of one address that a stray ACK is compared with; with more of them it can't be known whose it
/// is.
constexpr std::size_t kMaxAdoptionScan = 256;

std::size_t header_octets(const IpAddress& peer) {
  constexpr std::size_t kUdp = 8, kIpv4 = 20, kIpv6 = 40;
  return kUdp + (peer.is_v4() ? kIpv4 : kIpv6);
}

bool addresses_are_fine(const Arrival& arrival) {
  return !arrival.to_group && Guard::addresses_are_fine(arrival.peer, arrival.ours);
}

std::uint64_t hash_of_octets(Bytes octets) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const std::uint8_t octet : octets)
    hash = (hash ^ octet) * 0x100000001b3;
  return hash;
}

}  // namespace

std::size_t Sessions::KeyHash::operator()(const Key& key) const {
  return hash(key.peer) * 31 + hash(key.local);
}

Sessions::Sessions(const SessionsOptions& options, KnownSources& known, provisioning::NameBudget* names)
    : options_(options),
      guard_(options.guard, known),
      names_(names),
      by_key_(64, KeyHash{KeyedHash(options.guard.hash_seed)}),
      by_source_(0, KeyedHash(options.guard.hash_seed + 1)) {}

void Sessions::configure(const SessionsOptions& options) {
  const std::uint64_t seed = options_.guard.hash_seed;
  const std::uint16_t rollover_to = options_.transfer.rollover_to;
  const GuardOptions guard = options_.guard;
  options_ = options;
  options_.guard.hash_seed = seed;
  if (active() > 0) options_.transfer.rollover_to = rollover_to;  // it may not change under a running transfer
  if (options_.guard != guard) guard_.configure(options_.guard);
}

// ---- datagrams

void Sessions::on_datagram(TimePoint now, const Arrival& arrival, Outbox& out) {
  ++counters_.datagrams;
  const auto packet = parse_packet(arrival.octets);
  if (packet && !arrival.truncated) {
    if (const auto* request = std::get_if<Request>(&*packet)) return on_request(now, arrival, *request, out);
    const auto slot = find(arrival.peer, arrival.ours.address);
    if (!slot || places_[*slot].session->fresh_tid) return on_stray(now, arrival, *packet, out);
    if (const auto* ack = std::get_if<Ack>(&*packet)) {
      prepare(*slot, out).transfer.on_ack(now, ack->block, out);
    } else if (const auto* error = std::get_if<ErrorMessage>(&*packet)) {
      prepare(*slot, out).transfer.on_error(*error);
    } else {
      ++counters_.strays;
      return;
    }
    return settle(now, *slot, out);
  }
  const auto opcode = parse_opcode(arrival.octets);
  const bool request = opcode == Opcode::rrq || opcode == Opcode::wrq;
  if (!request || arrival.peer.port == kTftpPort) {
    ++counters_.ignored;
    return;
  }
  if (!admit(now, arrival, {}, out)) return;
  refuse_with(arrival, Refusal::malformed, {}, {ErrorCode::illegal_operation, "Malformed request"},
              packet ? "the request is too long" : packet.error().text, out);
}

void Sessions::on_tid_datagram(TimePoint now, SessionId id, const Arrival& arrival, Outbox& out) {
  ++counters_.datagrams;
  Session* session = find(id);
  const auto packet = parse_packet(arrival.octets);
  if (session == nullptr || !packet || arrival.truncated) {
    ++counters_.ignored;
    return;
  }
  const auto* ack = std::get_if<Ack>(&*packet);
  if (arrival.peer != session->key.peer) {
    const bool same_host = arrival.peer.address == session->key.peer.address;
    if (same_host && ack != nullptr && session->transfer.stalled_at(ack->block)) {
      rebind(id.slot, arrival.peer);
      prepare(id.slot, out).transfer.on_rebound(now, ack->block, out);
      return settle(now, id.slot, out);
    }
    ++counters_.strangers;
    // RFC 1350 §4; never in answer to an ERROR, and not to other hosts, whose address may be forged.
    if (same_host && !std::holds_alternative<ErrorMessage>(*packet) && Guard::port_is_fine(arrival.peer) &&
        guard_.may_warn_stranger(now)) {
      Buffer octets;
      ByteWriter writer(octets);
      write(writer, ErrorMessage{ErrorCode::unknown_tid, "Unknown transfer ID"});
      out.address(arrival.peer, arrival.ours.address, arrival.via, id, true);
      out.packet(octets);
    }
    return;
  }
  Session& ours = prepare(id.slot, out);
  if (ack != nullptr) {
    ours.transfer.on_ack(now, ack->block, out);
  } else if (const auto* error = std::get_if<ErrorMessage>(&*packet)) {
    ours.transfer.on_error(*error);
  } else {
    ++counters_.strays;
    return;
  }
  settle(now, id.slot, out);
}

void Sessions::on_stray(TimePoint now, const Arrival& arrival, const Packet& packet, Outbox& out) {
  const auto* ack = std::get_if<Ack>(&packet);
  const auto slot = ack != nullptr ? stalled_of(arrival, ack->block) : std::nullopt;
  if (!slot) {
    ++counters_.strays;
    return;
  }
  rebind(*slot, arrival.peer);
  prepare(*slot, out).transfer.on_rebound(now, ack->block, out);
  settle(now, *slot, out);
}

/// The one stalled transfer of the address that waits for this block, if it is exactly one.
std::optional<Sessions::Slot> Sessions::stalled_of(const Arrival& arrival, std::uint16_t block) const {
  if (!Guard::port_is_fine(arrival.peer) || !addresses_are_fine(arrival)) return {};
  const auto found = by_source_.find(source_of(arrival.peer.address));
  if (found == by_source_.end() || found->second.size() > kMaxAdoptionScan) return {};
  std::optional<Slot> only;
  for (const Slot slot : found->second) {
    const Session& session = *places_[slot].session;
    if (session.fresh_tid || session.key.local != arrival.ours.address) continue;
    if (session.key.peer.address != arrival.peer.address || !session.transfer.stalled_at(block)) continue;
    if (only) return {};
    only = slot;
  }
  return only;
}

// ---- requests

void Sessions::on_request(TimePoint now, const Arrival& arrival, const Request& request, Outbox& out) {
  ++(request.write ? counters_.wrq : counters_.rrq);
  if (!Guard::port_is_fine(arrival.peer)) return refuse(arrival, Refusal::port, request.file, out);
  if (!addresses_are_fine(arrival)) {
    return refuse(arrival, Refusal::address, request.file, out);
  }
  const auto old = find(arrival.peer, arrival.ours.address);
  if (old && places_[*old].session->request_hash == hash_of_octets(arrival.octets)) {
    const Transfer& transfer = places_[*old].session->transfer;
    // The client no longer knows a transfer that was answered twice in vain, or that has stalled: it starts over.
    if (!transfer.spent(now) && !transfer.stalled()) return on_repeated_request(now, *old, out);
  }
  if (draining_) return refuse(arrival, Refusal::draining, request.file, out);
  // Before the source's rate is looked at: names that were made up leave it to those that exist.
  auto file = provisioning::parse_file_name(request.file);
  if (file && !request.write && !probe_of(request, arrival.octets.size()) && !admit_name(now, arrival, *file, out))
    return;
  if (!admit(now, arrival, request.file, out)) return;
  if (const auto port = probe_of(request, arrival.octets.size())) return on_probe(arrival, *port, out);
  if (old) {
    places_[*old].session->transfer.supersede();
    settle(now, *old, out);
  }
  const bool from_server = arrival.peer.port == kTftpPort;  // gets answers to good requests only, so no loops
  const auto refuse_this = [&](Refusal reason, ErrorCode code, std::string_view text, std::string detail) {
    if (from_server) return refuse(arrival, reason, request.file, out);
    refuse_with(arrival, reason, request.file, {code, text}, std::move(detail), out);
  };
  if (request.write) {
    return refuse_this(Refusal::write, ErrorCode::access_violation, "Writing is not allowed", "a write request");
  }
  const auto mode = parse_mode(request.mode);
  if (!mode) return refuse_this(Refusal::mode, ErrorCode::illegal_operation, "Unknown mode", "not octet or netascii");
  if (!file) {
    const bool malformed = file.error().code == Errc::malformed && !request.file.empty();
    return refuse_this(Refusal::name, malformed ? ErrorCode::illegal_operation : ErrorCode::access_violation,
                       "File name not allowed", file.error().text);
  }
  if (!make_room(now, source_of(arrival.peer.address), out)) {
    return refuse(arrival, Refusal::sessions, request.file, out);
  }
  begin(now, arrival, request, *mode, std::move(*file), out);
}

void Sessions::on_repeated_request(TimePoint now, Slot slot, Outbox& out) {
  ++counters_.repeated_rrq;
  prepare(slot, out).transfer.on_request_again(now, out);
  settle(now, slot, out);
}

void Sessions::on_probe(const Arrival& arrival, ProbePort port, Outbox& out) {
  ++counters_.probes;
  const Buffer body = probe_answer(arrival.peer, arrival.octets);
  Buffer octets;
  ByteWriter writer(octets);
  write(writer, Data{1, body});
  if (port == ProbePort::fresh) {
    out.asides.push_back({arrival.peer, arrival.ours.address, std::move(octets)});
  } else {
    out.address(arrival.peer, arrival.ours.address, arrival.via, {}, false);
    out.data(1, body);
  }
}

void Sessions::begin(TimePoint now, const Arrival& arrival, const Request& request, Mode mode, std::string file,
                     Outbox& out) {
  if (free_.empty()) {
    free_.push_back(static_cast<Slot>(places_.size()));
    places_.emplace_back();
  }
  const Slot slot = free_.back();
  free_.pop_back();
  Place& place = places_[slot];
  const Key key{arrival.peer, arrival.ours.address};
  Session& session =
      place.session.emplace(Transfer(options_.transfer, transfer_counters_, Terms(request, mode, options_.terms),
                                     arrival.octets.size(), header_octets(arrival.peer.address), now),
                            key, std::move(file));
  session.request_hash = hash_of_octets(arrival.octets);
  session.via = arrival.via;
  session.fresh_tid = !options_.single_port;
  session.of_known = guard_.known(now, key.peer.address);
  auto& unproven = session.of_known ? unproven_known_ : unproven_;
  session.in_unproven = unproven.insert(unproven.end(), slot);
  auto& of_source = by_source_[source_of(key.peer.address)];
  session.in_source = of_source.insert(of_source.end(), slot);
  by_key_.emplace(key, slot);
  ++counters_.started;
  out.opens.push_back({{slot, place.generation}, session.file, key.peer, key.local, session.via, session.fresh_tid});
  settle(now, slot, out);
}

/// Silence where there is no room: the phone asks again in a few seconds. Unproven ones give way, those of strangers
/// first and of equals the oldest, so that a flood of forged requests can't lock out somebody who is known, or who
/// answers within the time it takes to fill the table.
bool Sessions::make_room(TimePoint now, const IpAddress& source, Outbox& out) {
  const auto of_source = by_source_.find(source);
  if (of_source != by_source_.end() && of_source->second.size() >= options_.max_sessions_per_source) return false;
  while (unproven_.size() >= options_.max_unproven || active() >= options_.max_sessions) {
    auto& those = unproven_.empty() ? unproven_known_ : unproven_;
    if (those.empty()) return false;
    ++counters_.evicted;
    const Slot oldest = those.front();
    places_[oldest].session->transfer.drop("made room for newer requests");
    settle(now, oldest, out);
  }
  return true;
}

bool Sessions::admit(TimePoint now, const Arrival& arrival, std::string_view file, Outbox& out) {
  std::optional<Refusal> no;
  if (!Guard::port_is_fine(arrival.peer))
    no = Refusal::port;
  else if (!addresses_are_fine(arrival))
    no = Refusal::address;
  else
    no = guard_.admit(now, arrival.peer.address);
  if (no) refuse(arrival, *no, file, out);
  return !no;
}

bool Sessions::admit_name(TimePoint now, const Arrival& arrival, std::string_view file, Outbox& out) {
  using Verdict = provisioning::NameBudget::Verdict;
  if (!names_) return true;
  const Verdict verdict = names_->admits(now, arrival.peer.address, provisioning::NameBudget::Way::udp, file);
  if (verdict == Verdict::yes) return true;
  refuse(arrival, Refusal::enumeration, file, out);
  out.refused.back().abuse = verdict == Verdict::abuse;
  return false;
}

void Sessions::refuse(const Arrival& arrival, Refusal reason, std::string_view file, Outbox& out) {
  ++counters_.refused[static_cast<std::size_t>(reason)];
  out.refused.push_back({reason, arrival.peer, arrival.ours.address, std::string(file), false, 0, {}, false});
}

void Sessions::refuse_with(const Arrival& arrival, Refusal reason, std::string_view file, const ErrorMessage& error,
                           std::string detail, Outbox& out) {
  refuse(arrival, reason, file, out);
  RefusedRequest& refused = out.refused.back();
  refused.answered = true;
  refused.error_code = static_cast<std::uint16_t>(error.code);
  refused.detail = std::move(detail);
  Buffer octets;
  ByteWriter writer(octets);
  write(writer, error);
  out.address(arrival.peer, arrival.ours.address, arrival.via, {}, false);
  out.packet(octets);
}

// ---- content and time

void Sessions::on_content(TimePoint now, SessionId id, const provisioning::ContentPtr& content, Outbox& out) {
  if (find(id) == nullptr) return;
  prepare(id.slot, out).transfer.on_content(now, content, out);
  settle(now, id.slot, out);
}

void Sessions::on_deadline(TimePoint now, Outbox& out) {
  while (const auto due = deadlines_.pop_due(now)) {
    const auto slot = static_cast<Slot>(*due);
    prepare(slot, out).transfer.on_deadline(now, out);
    settle(now, slot, out);
  }
}

void Sessions::drop(TimePoint now, SessionId id, std::string_view why, Outbox& out) {
  Session* session = find(id);
  if (session == nullptr) return;
  session->transfer.drop(why);
  settle(now, id.slot, out);
}

// ---- the table

Sessions::Session& Sessions::prepare(Slot slot, Outbox& out) {
  Session& session = *places_[slot].session;
  out.address(session.key.peer, session.key.local, session.via, {slot, places_[slot].generation}, session.fresh_tid);
  return session;
}

/// After each thing that happened to a transfer: its place among the unproven, its deadline, its end.
void Sessions::settle(TimePoint now, Slot slot, Outbox& out) {
  Session& session = *places_[slot].session;
  const Transfer& transfer = session.transfer;
  if (transfer.proven() && !session.counted_proven) {
    proved(session);
  }
  if (!transfer.over()) {
    const auto next = transfer.next_deadline();
    assert(next);
    deadlines_.set(slot, *next);
    return;
  }
  TransferReport report;
  report.session = {slot, places_[slot].generation};
  report.peer = session.key.peer;
  report.local = session.key.local;
  transfer.tell(now, report);
  if (report.outcome == TransferOutcome::sent) guard_.proved(now, session.key.peer.address);
  if (report.outcome == TransferOutcome::no_ack && session.fresh_tid) {
    report.detail += ", which came from a fresh port: a router in front of the phone may have dropped it";
  }
  report.file = std::move(session.file);
  ++counters_.ended[static_cast<std::size_t>(report.outcome)];
  out.keep(transfer.content());
  out.ended.push_back(std::move(report));
  forget(slot);
}

void Sessions::proved(Session& session) {
  session.counted_proven = true;
  (session.of_known ? unproven_known_ : unproven_).erase(session.in_unproven);
}

void Sessions::forget(Slot slot) {
  Place& place = places_[slot];
  Session& session = *place.session;
  deadlines_.clear(slot);
  if (!session.counted_proven) proved(session);
  const auto source = by_source_.find(source_of(session.key.peer.address));
  source->second.erase(session.in_source);
  if (source->second.empty()) by_source_.erase(source);
  by_key_.erase(session.key);
  place.session.reset();
  ++place.generation;
  free_.push_back(slot);
}

/// The peer has another port now. The address stays, so the session's place in by_source_ does too.
void Sessions::rebind(Slot slot, const Endpoint& peer) {
  ++counters_.adopted_ports;
  Session& session = *places_[slot].session;
  by_key_.erase(session.key);
  session.key.peer = peer;
  const bool fresh = by_key_.emplace(session.key, slot).second;
  assert(fresh);
  (void)fresh;
}

Sessions::Session* Sessions::find(SessionId id) {
  return alive(id) ? &*places_[id.slot].session : nullptr;
}

std::optional<Sessions::Slot> Sessions::find(const Endpoint& peer, const IpAddress& local) const {
  const auto found = by_key_.find({peer, local});
  if (found == by_key_.end()) return std::nullopt;
  return found->second;
}

}  // namespace dw::tftp
