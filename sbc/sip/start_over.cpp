#include "sbc/sip/start_over.hpp"

#include "sbc/sip/events.hpp"
#include "sbc/sip/own_requests.hpp"

namespace dw::sip {
namespace {

constexpr Duration kWithin = std::chrono::seconds(10);

}  // namespace

StartOver::StartOver(ProxyParts& parts)
    : bindings_(parts.bindings),
      transactions_(parts.transactions),
      connections_(parts.connections),
      router_(parts.router),
      identifiers_(parts.identifiers) {}

std::optional<std::uint64_t> StartOver::ask(TimePoint now, const Binding& b, bool boot, Output& out) {
  if (b.stale_connection || connections_.is_gone(b.reach.flow)) return std::nullopt;
  Transaction* const t = transactions_.begin(Method::notify, {});
  if (!t) return std::nullopt;
  t->purpose = Transaction::Purpose::start_over;
  t->binding = b.id;
  t->client.to = b.reach.flow;
  if (t->client.to.transport == Transport::udp) t->client.to.peer = bindings_.reach_of(b).destination();
  const std::string us = router_.us_for(b);
  t->client.branch = identifiers_.branch();
  t->client.forwarded = start_over_request(
      {t->client.to.transport, us, t->client.branch, identifiers_.token(), identifiers_.token()}, b, boot);
  transactions_.send_request(now, *t, kWithin, out);
  return t->serial;
}

void StartOver::answered(const Transaction& t, std::uint16_t status, Output& out) const {
  const Binding* const b = bindings_.by_id(t.binding);
  Event event = event_of(Event::Kind::asked, t.client.to, b);
  event.request = t.serial;
  event.status = status;
  out.events.push_back(std::move(event));
}

}  // namespace dw::sip
