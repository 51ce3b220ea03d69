#include "sbc/sip/answer_ports.hpp"

#include <string_view>

#include "sbc/sip/response.hpp"

namespace dw::sip {
namespace {

std::string listener_key(const IpAddress& source, std::string_view sent_by) {
  std::string key = source.to_string();
  key += ' ';
  return key += sent_by;
}

}  // namespace

Endpoint AnswerPorts::of(const Message& request, const Flow& from) const {
  const bool at_via = from.transport == Transport::udp && !at_via_.empty() &&
                      at_via_.contains(listener_key(from.peer.address, request.via().sent_by));
  return answer_address(request, from, at_via);
}

std::optional<Endpoint> AnswerPorts::try_other(const Message& request, const Flow& from, const Endpoint& before) {
  if (request.via().rport || names_address(request.via().host, from.peer.address)) return std::nullopt;
  const Endpoint at_via = answer_address(request, from, true);
  std::string key = listener_key(from.peer.address, request.via().sent_by);
  if (before == at_via) {
    at_via_.erase(key);
    return from.peer;
  }
  if (at_via_.size() < kMax) at_via_.insert(std::move(key));
  return at_via;
}

}  // namespace dw::sip
