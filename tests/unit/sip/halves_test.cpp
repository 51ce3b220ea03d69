#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "sbc/sip/client_half.hpp"
#include "sbc/sip/server_half.hpp"

using namespace dw;
using namespace dw::sip;
using namespace std::chrono_literals;

namespace {

Flow half_flow(Transport transport) {
  return {transport,
          {IpAddress::v4(0xC0A80102), 5060},
          {IpAddress::v4(0xC0A80132), 5060},
          transport == Transport::udp ? ConnectionId::none : ConnectionId{7}};
}

struct ServerCase {
  ServerHalf half;
  TimePoint now{1h};
  Output out;
  explicit ServerCase(Transport transport = Transport::udp) {
    half.state = ServerHalf::State::trying;
    half.from = half_flow(transport);
    half.answer_to = {half.from.peer.address, 5070};
    half.request = "a request";
  }
};
struct ClientCase {
  ClientHalf half;
  TimePoint now{1h};
  Output out;
  explicit ClientCase(Transport transport = Transport::udp) {
    half.to = half_flow(transport);
    half.forwarded = "a request";
    half.send(now, {}, out);
    out.clear();
  }
  /// When it sends again, until it ends or 20 times.
  std::vector<std::int64_t> resends(bool invite) {
    std::vector<std::int64_t> at;
    while (half.resend != kNever && half.resend < half.until && at.size() < 20) {
      at.push_back(std::chrono::duration_cast<std::chrono::milliseconds>(half.resend - now).count());
      half.resend_due(half.resend, invite, true, out);
    }
    return at;
  }
};

}  // namespace

TEST_CASE("sip server half: a refused INVITE is answered again by timer G until its ACK comes, then timer I ends it") {
  ServerCase c;
  c.half.respond(c.now, true, "486", 486, c.out);
  REQUIRE(c.out.sends.size() == 1);
  CHECK(c.out.sends[0].to.peer.port == 5070);
  CHECK(c.half.request.empty());
  for (const auto after : {500ms, 1500ms, 3500ms, 7500ms, 11500ms}) {
    REQUIRE(c.half.next_deadline() == c.now + after);
    c.half.resend_due(c.now + after, c.out);
  }
  CHECK(c.out.sends.size() == 6);
  CHECK(c.half.on_ack(c.now + 12s));
  CHECK(c.half.next_deadline() == c.now + 12s + kT4);
  c.half.respond_again(c.out);  // the INVITE once more: it has its ACK
  CHECK(c.out.sends.size() == 6);
  c.half.end_if_due(c.now + 12s + kT4);
  CHECK(c.half.is_over());
}

TEST_CASE("sip server half: over a connection nothing is sent again") {
  ServerCase c(Transport::tcp);
  c.half.respond(c.now, true, "486", 486, c.out);
  CHECK(c.half.resend == kNever);
  CHECK(c.out.sends[0].to.peer.port == 5060);  // its connection, whatever the Via says
  ServerCase bye(Transport::tcp);
  bye.half.respond(bye.now, false, "200", 200, bye.out);
  CHECK(bye.half.until == bye.now);
}

TEST_CASE("sip server half: after a 2xx to INVITE another 2xx may go, and nothing else; its ACK is not for us") {
  ServerCase c;
  c.half.respond(c.now, true, "180", 180, c.out);
  CHECK_FALSE(c.half.is_over());
  c.half.respond(c.now, true, "200", 200, c.out);
  CHECK(c.half.may_respond(200));
  CHECK_FALSE(c.half.may_respond(180));
  CHECK_FALSE(c.half.may_respond(486));
  CHECK_FALSE(c.half.on_ack(c.now));
  const std::size_t sent = c.out.sends.size();
  c.half.respond_again(c.out);
  CHECK(c.out.sends.size() == sent);
  CHECK(c.half.next_deadline() == c.now + kTransactionTimeout);
}

TEST_CASE("sip server half: a repeat that crossed its answer is no sign that the answer was not heard") {
  ServerCase c;
  CHECK_FALSE(c.half.on_repeat(c.now));  // nothing was answered yet
  c.half.respond(c.now, false, "200", 200, c.out);
  CHECK_FALSE(c.half.on_repeat(c.now + 300ms));
  CHECK(c.half.on_repeat(c.now + 300ms + kT1));
  CHECK(c.half.repeats == 1);
}

TEST_CASE("sip client half: INVITE is sent again by timer A, others by timer E, and neither over a connection") {
  CHECK(ClientCase().resends(true) == std::vector<std::int64_t>{500, 1500, 3500, 7500, 15500, 31500});
  const auto others = ClientCase().resends(false);
  REQUIRE(others.size() == 10);
  CHECK(std::vector(others.begin(), others.begin() + 5) == std::vector<std::int64_t>{500, 1500, 3500, 7500, 11500});
  CHECK(ClientCase(Transport::tcp).resends(false).empty());
}

TEST_CASE(
    "sip client half: a provisional response to INVITE ends the resending and begins timer C; to others it slows it") {
  ClientCase c;
  CHECK(c.half.on_response(c.now + 1s, true, 100));
  CHECK(c.half.resend == kNever);
  CHECK(c.half.until == c.now + kTimerC);  // from the request
  CHECK(c.half.on_response(c.now + 10s, true, 180));
  CHECK(c.half.until == c.now + 10s + kTimerC);
  ClientCase other;
  CHECK(other.half.on_response(other.now + 100ms, false, 100));
  CHECK(other.half.interval == kT2);
  CHECK(other.half.until == other.now + kTransactionTimeout);
}

TEST_CASE("sip client half: a final response counts once; 2xx to INVITE go on, as several may come") {
  ClientCase bye;
  CHECK(bye.half.on_response(bye.now, false, 200));
  CHECK_FALSE(bye.half.on_response(bye.now, false, 200));
  CHECK(bye.half.until == bye.now + kT4);
  ClientCase refused;
  CHECK(refused.half.on_response(refused.now, true, 486));
  CHECK_FALSE(refused.half.on_response(refused.now, true, 486));
  CHECK_FALSE(refused.half.on_response(refused.now, true, 200));
  CHECK_FALSE(refused.half.forwarded.empty());  // the ACK takes its place
  ClientCase accepted;
  CHECK(accepted.half.on_response(accepted.now, true, 200));
  CHECK(accepted.half.on_response(accepted.now + 1s, true, 200));
  CHECK(accepted.half.until == accepted.now + kTransactionTimeout);
  CHECK_FALSE(accepted.half.on_response(accepted.now, true, 180));
}

TEST_CASE("sip client half: CANCEL waits for a provisional response, and is sent again until it is answered") {
  ClientCase c;
  CHECK_FALSE(c.half.may_cancel());
  c.half.on_response(c.now, true, 180);
  REQUIRE(c.half.may_cancel());
  c.half.send_cancel(c.now, "CANCEL", c.out);
  c.half.resend_due(c.now + kT1, true, true, c.out);
  REQUIRE(c.out.sends.size() == 2);
  CHECK(c.out.sends[1].octets == "CANCEL");
  CHECK(c.half.until == c.now + kTransactionTimeout);
  c.half.on_response(c.now + 1s, true, 180);  // it still rings: that gives it no more time
  CHECK(c.half.until == c.now + kTransactionTimeout);
  c.half.on_cancel_response();
  CHECK(c.half.resend == kNever);
}
