#pragma once
#include "sbc/sip/central_requests.hpp"
#include "sbc/sip/failures.hpp"
#include "sbc/sip/housekeeping.hpp"
#include "sbc/sip/phone_requests.hpp"
#include "sbc/sip/responses.hpp"
#include "sbc/sip/start_over.hpp"
#include "tests/unit/sip/sip_parts.hpp"

namespace dw::sip::test {

/// The ways of a message through the parts, without the Proxy that chooses one.
struct Ways : Parts {
  using Parts::Parts;

  Forwarder forwarder{*this};
  FailOver fail_over{*this, forwarder};
  StartOver start_over{*this};
  PhoneRequests from_phones{*this, forwarder, fail_over};
  CentralRequests from_central{*this, forwarder};
  Responses responses{*this, forwarder, fail_over, start_over};
  Failures failures{*this, forwarder, fail_over, start_over};
  Housekeeping housekeeping{*this};

  static Flow server_flow() { return udp(central(), server()); }
  /// A phone's request comes in.
  void phone_says(const std::string& octets, std::uint32_t n = 0) {
    const Message& m = read(octets);
    from_phones.on_request(now, phone(n), m, server_key(m, phone(n).peer.address, m.method_text()), out);
  }
  void server_says(const std::string& octets) {
    const Message& m = read(octets);
    from_central.on_request(now, server_flow(), 0, m, server_key(m, server().address, m.method_text()), out);
  }
  /// The server's answer to what was sent to it last.
  void server_answers(unsigned status, std::string_view method, std::string_view lines = {}) {
    std::string answer = response(status, method, lines);
    const std::string_view own = "z9hG4bKo";
    answer.replace(answer.find(own), own.size(), branch_of(last(server())));
    responses.on_response(now, server_flow(), read(answer), out);
  }
  /// What was sent last to there; empty: nothing.
  std::string last(const Endpoint& to) const {
    for (auto at = out.sends.rbegin(); at != out.sends.rend(); ++at) {
      if (at->to.peer == to) return at->octets;
    }
    return {};
  }
  static std::string branch_of(const std::string& octets) {
    const auto begin = octets.find(";branch=") + 8;
    return octets.substr(begin, octets.find_first_of(";\r", begin) - begin);
  }
  Transaction& asked(const Endpoint& to) {
    Transaction* const t = transactions.find_client(branch_of(last(to)));
    REQUIRE(t);
    return *t;
  }
  static bool is(const std::string& octets, std::string_view first) { return octets.starts_with(first); }
};

}  // namespace dw::sip::test
