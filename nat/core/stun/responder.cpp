#include "nat/core/stun/responder.hpp"

#include <algorithm>

namespace dw::nat {
namespace {

constexpr std::uint16_t kLowestPort = 1024;  // below it are servers, which must not be made to exchange packets with us
constexpr double kAllSources = 100;          // times the rate of one source
constexpr std::uint16_t kUnknownAttribute = 420;

/// The /64 of an IPv6 address, as one machine can use all of it.
IpAddress source_of(const IpAddress& address) {
  return address.is_v4() ? address : address.network(64);
}

std::size_t mixed(std::uint64_t seed, std::size_t hash) {
  std::uint64_t x = seed + hash;
  x = (x ^ (x >> 30U)) * 0xbf58476d1ce4e5b9U;
  x = (x ^ (x >> 27U)) * 0x94d049bb133111ebU;
  return static_cast<std::size_t>(x ^ (x >> 31U));
}

}  // namespace

StunResponder::StunResponder(Options options)
    : options_(std::move(options)),
      buckets_(kBuckets, TokenBucket(options_.rate, 2 * options_.rate)),
      all_(options_.rate * kAllSources, options_.rate * kAllSources) {}

std::optional<IpAddress> StunResponder::alternate_of(const IpAddress& local) const {
  for (const IpAddress& a : options_.addresses) {
    if (a != local && !a.is_unspecified() && !a.is_loopback() == !local.is_loopback() && a.is_v4() == local.is_v4())
      return a;
  }
  return {};
}

bool StunResponder::admits(TimePoint now, const IpAddress& source) {
  TokenBucket& own = buckets_[mixed(options_.hash_seed, hash_of(source_of(source))) % kBuckets];
  return own.take(now) && all_.take(now);
}

std::optional<StunResponder::Answer> StunResponder::on_datagram(TimePoint now, const Arrival& arrival) {
  counters_.octets_in += arrival.octets.size();
  const IpAddress& source = arrival.from.address;
  if (arrival.to_group || arrival.from.port < kLowestPort || source.is_multicast() || source.is_broadcast() ||
      source.is_unspecified()) {
    ++counters_.ignored;
    return {};
  }
  const auto request =
      arrival.truncated ? Result<StunMessage>(fail(Errc::too_long, "cut")) : parse_stun(arrival.octets);
  if (!request) {
    ++counters_.malformed;
    return {};
  }
  if (!request->is_binding(StunMessage::Kind::request)) {
    ++counters_.ignored;
    return {};
  }
  ++counters_.requests;
  if (!admits(now, source)) {
    ++counters_.limited;
    return {};
  }
  if (request->response_port && *request->response_port < kLowestPort) {
    ++counters_.ignored;
    return {};
  }
  Answer answer{arrival.local, arrival.port, arrival.from, {}};
  const StunMessage reply = answer_to(*request, arrival, answer);
  ++(reply.kind == StunMessage::Kind::success ? counters_.answered : counters_.refused);
  answer.octets = to_octets(reply);
  counters_.octets_out += answer.octets.size();
  return answer;
}

StunMessage StunResponder::answer_to(const StunMessage& request, const Arrival& arrival, Answer& answer) const {
  StunMessage reply;
  reply.id = request.id;
  reply.fingerprint = request.fingerprint;
  const auto other = alternate_of(arrival.local);
  const bool wants_address = request.change && request.change->address;
  std::vector<std::uint16_t> unknown = request.not_understood;
  if (wants_address && !other) unknown.push_back(static_cast<std::uint16_t>(StunAttribute::change_request));
  if (!unknown.empty()) {
    reply.kind = StunMessage::Kind::error;
    reply.error = {kUnknownAttribute, {}};
    reply.unknown = std::move(unknown);
    return reply;
  }
  if (wants_address) answer.from = *other;
  if (request.change && request.change->port) answer.port = 1 - arrival.port;
  if (request.response_port) answer.to.port = *request.response_port;
  reply.kind = StunMessage::Kind::success;
  reply.xor_mapped = arrival.from;
  // RFC 5780 §7.4, §7.3. The origin only where it makes the answer no longer than the request.
  const IpAddress shown = options_.advertise && !other ? *options_.advertise : arrival.local;
  reply.other_address = Endpoint{other.value_or(shown), options_.ports[1 - arrival.port]};
  reply.response_origin = Endpoint{other || !options_.advertise ? answer.from : shown, options_.ports[answer.port]};
  if (to_octets(reply).size() > arrival.octets.size()) reply.response_origin.reset();
  return reply;
}

void StunResponder::append_metrics(MetricsText& out) const {
  out.counter("dropwire_stun_requests_total", "STUN binding requests that came in.", counters_.requests);
  out.counter("dropwire_stun_answers_total", "STUN requests that were answered.", counters_.answered,
              {{"result", "success"}});
  out.counter("dropwire_stun_answers_total", "STUN requests that were answered.", counters_.refused,
              {{"result", "error"}});
  out.counter("dropwire_stun_limited_total", "STUN requests of sources that ask too often.", counters_.limited);
  out.counter("dropwire_stun_malformed_total", "Datagrams to the STUN ports that are no STUN.", counters_.malformed);
}

}  // namespace dw::nat
