#include "sbc/sip/transactions.hpp"

#include <doctest/doctest.h>

#include <string>

#include "sbc/sip/register.hpp"

using namespace dw;
using namespace dw::sip;
using namespace std::chrono_literals;

namespace {

struct TransactionsCase {
  bool may_resend = true;
  Transactions all;
  TimePoint now{1h};
  Output out;
  std::string text;
  Message m;

  explicit TransactionsCase(Transactions::Options options = {})
      : all(options, 1, [this](TimePoint, const Transaction&) { return may_resend; }) {
    text =
        "INVITE sip:a@b SIP/2.0\r\nVia: SIP/2.0/UDP 192.168.1.50;branch=z9hG4bKone\r\nFrom: <sip:a@b>;tag=1\r\n"
        "To: <sip:a@b>\r\nCall-ID: c\r\nCSeq: 1 INVITE\r\nContent-Length: 0\r\n\r\n";
    REQUIRE(m.parse(as_bytes(text)));
  }
  static Flow from(unsigned last = 50) {
    return {Transport::udp, {}, {IpAddress::v4(0xC0A80100U + last), 5060}, ConnectionId::none};
  }
  Transaction* begin(const std::string& key, unsigned last = 50, Standing standing = Standing::stranger,
                     bool help = false) {
    return all.begin_for(m, from(last), standing, key, help);
  }
  Transaction& sent(Method method = Method::options, Duration answer_within = {}) {
    Transaction& t = *all.begin(method, {});
    t.client.branch = "z9hG4bKsent";
    t.client.forwarded = "a request";
    t.client.to = from();
    all.send_request(now, t, answer_within, out);
    return t;
  }
};

}  // namespace

TEST_CASE("sip transactions: one is found by its request's key and by the branch that was sent last") {
  TransactionsCase c;
  Transaction* const t = c.begin(server_key(c.m, c.from().peer.address, "INVITE"));
  REQUIRE(t);
  CHECK(c.all.find_server(server_key(c.m, c.from().peer.address, "INVITE")) == t);
  CHECK_FALSE(c.all.find_server(server_key(c.m, c.from(51).peer.address, "INVITE")));  // the same from elsewhere
  CHECK_FALSE(c.all.find_server(server_key(c.m, c.from().peer.address, "BYE")));
  t->client.branch = "z9hG4bKfirst";
  c.all.send_request(c.now, *t, {}, c.out);
  t->client.branch = "z9hG4bKsecond";
  c.all.send_request(c.now, *t, {}, c.out);
  CHECK_FALSE(c.all.find_client("z9hG4bKfirst"));
  CHECK(c.all.find_client("z9hG4bKsecond") == t);
  const auto slot = t->slot;
  const auto serial = t->serial;
  c.all.forget(*t);
  CHECK_FALSE(c.all.at(slot, serial));
  CHECK_FALSE(c.all.find_client("z9hG4bKsecond"));
  CHECK(c.all.size() == 0);
  CHECK_FALSE(c.all.next_deadline());
}

TEST_CASE("sip transactions: a source has its share, which it gets back; an emergency call is in nobody's") {
  TransactionsCase c({.max = 1000, .per_source = 8});
  std::vector<Transaction*> begun;
  for (int i = 0; i < 4; ++i) {
    Transaction* const t = c.begin("stranger " + std::to_string(i));
    if (t) begun.push_back(t);
  }
  REQUIRE(begun.size() == 2);
  CHECK(c.all.octets() == 2 * c.text.size());
  CHECK(c.begin("help", 50, Standing::stranger, true));
  CHECK(c.begin("another source", 51));
  c.all.forget(*begun.front());
  CHECK(c.begin("again"));
  CHECK_FALSE(c.begin("once more"));
}

TEST_CASE("sip transactions: when there are max, only emergency calls begin, and not without end") {
  TransactionsCase c({.max = 4, .per_source = 100});
  while (c.all.size() < 4)
    REQUIRE(c.all.begin(Method::options, {}));
  CHECK_FALSE(c.all.begin(Method::options, {}));
  CHECK_FALSE(c.begin("known", 50, Standing::registered));
  std::size_t more = 0;
  while (c.begin("help " + std::to_string(more), 50, Standing::registered, true))
    ++more;
  CHECK(more == Transactions::kBeyond);
}

TEST_CASE("sip transactions: silence is reported by answer_by and again by timer F, and then nothing is left") {
  TransactionsCase c;
  Transaction& t = c.sent(Method::options, 4s);
  REQUIRE(c.all.next_deadline() == c.now + kT1);
  const auto due = [&](Duration after) { return c.all.on_deadline(c.now + after, c.out); };
  CHECK_FALSE(due(kT1));
  CHECK(c.out.sends.size() == 2);
  const auto first = due(4s);
  REQUIRE(first);
  CHECK(first->first == &t);
  CHECK(first->second == Transactions::Timeout::unanswered);
  const auto last = due(kTransactionTimeout);
  REQUIRE(last);
  CHECK(last->second == Transactions::Timeout::client);
  CHECK(t.client.state == ClientHalf::State::ended);
}

TEST_CASE("sip transactions: what may not be sent again now waits for its next time") {
  TransactionsCase c;
  c.sent();
  c.may_resend = false;
  CHECK_FALSE(c.all.on_deadline(c.now + kT1, c.out));
  CHECK(c.out.sends.size() == 1);
  REQUIRE(c.all.next_deadline() == c.now + 3 * kT1);
  c.may_resend = true;
  CHECK_FALSE(c.all.on_deadline(c.now + 3 * kT1, c.out));
  CHECK(c.out.sends.size() == 2);
}

TEST_CASE("sip transactions: one ends by itself once both halves are over") {
  TransactionsCase c;
  Transaction& t = *c.begin("key");
  t.method = Method::bye;
  t.client.branch = "z9hG4bKx";
  t.client.to = c.from();
  c.all.send_request(c.now, t, {}, c.out);
  REQUIRE(c.all.on_response(c.now, t, 200) == Transactions::Use::forward);
  c.all.respond(c.now, t, "200", 200, c.out);
  CHECK(c.all.on_response(c.now, t, 200) == Transactions::Use::absorb);
  CHECK_FALSE(c.all.on_deadline(c.now + kT4, c.out));
  CHECK(c.all.size() == 1);  // timer J
  CHECK_FALSE(c.all.on_deadline(c.now + kTransactionTimeout, c.out));
  CHECK(c.all.size() == 0);
  CHECK(c.all.octets() == 0);
}
