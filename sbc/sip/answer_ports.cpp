#include "sbc/sip/answer_ports.hpp"

#include "sbc/sip/response.hpp"

namespace dw::sip {

std::uint64_t AnswerPorts::key_of(const Message& request, const Flow& from) const {
  return hash_(hash_(from.peer.address) + hash_(request.via().sent_by));
}

Endpoint AnswerPorts::of(TimePoint now, Standing standing, const Message& request, const Flow& from) {
  if (from.transport != Transport::udp || at_via_.size() == 0) return answer_address(request, from, false);
  const std::uint64_t key = key_of(request, from);
  const bool at_via = at_via_.find(key) && at_via_.take(now, key, standing, {});  // it is in use
  return answer_address(request, from, at_via);
}

std::optional<Endpoint> AnswerPorts::try_other(TimePoint now, Standing standing, const Message& request,
                                               const Flow& from, const Endpoint& before) {
  if (request.via().rport || names_address(request.via().host, from.peer.address)) return std::nullopt;
  const Endpoint at_via = answer_address(request, from, true);
  if (before == at_via) {
    at_via_.erase(key_of(request, from));
    return from.peer;
  }
  (void)at_via_.take(now, key_of(request, from), standing, {});
  return at_via;
}

void AnswerPorts::append_tables(MetricsText& out) const {
  out.table("sip_answer_ports", at_via_.size(), at_via_.capacity());
}

}  // namespace dw::sip
