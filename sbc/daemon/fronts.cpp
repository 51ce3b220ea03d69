#include "sbc/daemon/fronts.hpp"

#include <algorithm>

namespace dw {
namespace {

/// Those of `addresses` where it does not listen. SIP may have one on another port, which only faces servers.
std::vector<IpAddress> still_closed(const std::vector<IpAddress>& addresses, const std::vector<Endpoint>& open) {
  std::vector<IpAddress> out;
  std::ranges::copy_if(addresses, std::back_inserter(out), [&](const IpAddress& address) {
    return std::ranges::none_of(open, [&](const Endpoint& e) { return e == Endpoint{address, open.front().port}; });
  });
  return out;
}

std::size_t running(const net::Front* front) {
  return front ? front->running() : 0;
}

bool is_busy(const net::Front* front) {
  return front && !front->is_idle();
}

}  // namespace

Result<void> Fronts::open(net::Door door, bool enabled, const std::vector<IpAddress>& addresses,
                          const std::function<Result<void>()>& start) {
  const auto at = static_cast<std::size_t>(door);
  doctor::Service& service = services_[at];
  if (net::Front* const there = all()[at]) {
    if (auto ok = there->listen_also(still_closed(addresses, service.addresses)); !ok) return ok;
  } else if (enabled) {
    if (auto ok = start(); !ok) return ok;
    all()[at]->set_tap(tap_);
    all()[at]->set_gate(gate_);
  }
  const net::Front* const now = all()[at];
  service = {std::string(to_string(door)), enabled, now ? now->local() : std::vector<Endpoint>(), {}};
  return {};
}

std::array<Fronts::Mark, Fronts::kCount> Fronts::marks() const {
  std::array<Mark, kCount> out;
  for (std::size_t i = 0; i < kCount; ++i)
    out[i] = {services_[i], all()[i] ? all()[i]->local().size() : 0};
  return out;
}

void Fronts::go_back(const std::array<Mark, kCount>& marks) {
  for (std::size_t i = 0; i < kCount; ++i) {
    services_[i] = marks[i].service;
    if (marks[i].listeners == 0) {
      close(i);
    } else {
      all()[i]->keep_listeners(marks[i].listeners);
    }
  }
}

void Fronts::close() {
  for (std::size_t i = kCount; i-- > 0;) {
    close(i);
    services_[i].addresses.clear();
  }
}

void Fronts::close(std::size_t door) {
  switch (static_cast<net::Door>(door)) {
    case net::Door::tftp:
      return tftp.reset();
    case net::Door::http:
      return http.reset();
    case net::Door::sccp:
      return sccp.reset();
    case net::Door::sip:
      return sip.reset();
    case net::Door::stun:
      return;  // no phone comes there
  }
}

void Fronts::drain() {
  for (net::Front* const front : all())
    if (front) front->drain();
}

std::size_t Fronts::transfers() const {
  return running(tftp.get()) + running(http.get());
}

std::size_t Fronts::calls() const {
  return running(sccp.get()) + running(sip.get());
}

bool Fronts::has_transfers() const {
  return is_busy(tftp.get()) || is_busy(http.get());
}

bool Fronts::has_calls() const {
  return is_busy(sccp.get()) || is_busy(sip.get());
}

std::vector<doctor::Service> Fronts::services() const {
  return {services_.begin(), services_.end()};
}

void Fronts::append_metrics(MetricsText& out) const {
  for (const net::Front* const front : all())
    if (front) front->append_metrics(out);
}

}  // namespace dw
