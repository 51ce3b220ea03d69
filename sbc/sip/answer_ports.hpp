#pragma once
#include <cstddef>
#include <optional>
#include <string>
#include <unordered_set>

#include "sbc/sip/flow.hpp"
#include "sbc/sip/message.hpp"

namespace dw::sip {

/// To which port responses go by UDP (RFC 3261 §18.2.2, RFC 3581). A phone behind a router may listen at the port of
/// its Via and not at the one that it sends from; only its retransmissions show that (sip-sbc §2.4). Owns the list of
/// those that do, by source and sent-by; bounded by kMax, beyond which nobody is added. No I/O.
class AnswerPorts {
 public:
  static constexpr std::size_t kMax = 16'384;

  /// Where responses to this request go; over a connection the port does not matter.
  Endpoint of(const Message& request, const Flow& from) const;
  /// Responses went to `before` and were not heard there: from now on they go to the port that is returned. Nothing:
  /// the phone asked for rport, or its Via has its own address, so that there is no other port to try.
  std::optional<Endpoint> try_other(const Message& request, const Flow& from, const Endpoint& before);

 private:
  std::unordered_set<std::string> at_via_;
};

}  // namespace dw::sip
