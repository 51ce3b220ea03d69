#include <doctest/doctest.h>

#include "download_server.hpp"
#include "tftp-proxy/core/tftp_download.hpp"

using namespace dw;
using namespace dw::tftp;
using namespace dw::tftp::test;

namespace {

Download::Options options(std::string name = "SEP001122334455.cnf.xml") {
  Download::Options o;
  o.name = std::move(name);
  o.server = kServer;
  return o;
}

Buffer rrq(const std::string& name, const std::string& wanted) {
  return join({number(1), zero_ended(name), zero_ended("octet"), wanted});
}
const std::string kAsked = zero_ended("tsize") + zero_ended("0") + zero_ended("blksize") + zero_ended("1428") +
                           zero_ended("windowsize") + zero_ended("16");

void check_only_send(const Download::Actions& actions, const Endpoint& to, const Buffer& octets) {
  REQUIRE(actions.sends.size() == 1);
  CHECK(actions.sends[0].to == to);
  CHECK(actions.sends[0].octets == octets);
}

}  // namespace

TEST_CASE("the RRQ asks for tsize, blksize 1428 and windowsize 16, in octet mode") {
  Download d(options());
  check_only_send(d.start(at_ms(0)), kServer, rrq("SEP001122334455.cnf.xml", kAsked));
}

TEST_CASE("an OACK is acknowledged with block 0 and its values hold") {
  Download d(options());
  (void)d.start(at_ms(0));
  const auto a = d.on_datagram(at_ms(20), kTid, oack({{"BLKSIZE", "1024"}, {"tsize", "3000"}, {"windowsize", "4"}}));
  check_only_send(a, kTid, ack(0));
  CHECK(a.begin);
  CHECK(d.size() == 3000);
  CHECK(d.blksize() == 1024);
  CHECK(d.windowsize() == 4);
  // Its own repetition means that our ACK was lost.
  check_only_send(d.on_datagram(at_ms(1020), kTid, oack({{"blksize", "1024"}, {"windowsize", "4"}})), kTid, ack(0));
}

TEST_CASE("a server that knows no options answers with DATA 1 of 512, and it goes on in lock-step") {
  Download d(options());
  (void)d.start(at_ms(0));
  const std::string body = body_of(512 + 100);
  const Buffer first = data(1, body.substr(0, 512));
  auto a = d.on_datagram(at_ms(20), kTid, first);
  check_only_send(a, kTid, ack(1));
  CHECK(a.begin);
  CHECK_FALSE(d.size());
  CHECK(as_text(a.data) == body.substr(0, 512));
  CHECK_FALSE(a.end);
  const Buffer second = data(2, body.substr(512));
  a = d.on_datagram(at_ms(40), kTid, second);
  check_only_send(a, kTid, ack(2));
  CHECK(as_text(a.data) == body.substr(512));
  REQUIRE(a.end);
  CHECK(a.end->has_value());
  CHECK(d.received() == 612);
}

TEST_CASE("an OACK above what was asked, or of what was not asked, is refused with ERROR 8") {
  const std::vector<Buffer> bad = {
      oack({{"blksize", "1429"}}),
      oack({{"blksize", "7"}}),
      oack({{"blksize", "512x"}}),
      oack({{"blksize", "99999999999999999999"}}),
      oack({{"windowsize", "17"}}),
      oack({{"windowsize", "0"}}),
      oack({{"timeout", "3"}}),
      oack({{"foo_blksize_bar", "1000"}}),
      oack({{"blksize", "1428"}, {"blksize", "512"}}),
      oack({{"tsize", "-1"}}),
  };
  for (const Buffer& packet : bad) {
    Download d(options());
    (void)d.start(at_ms(0));
    const auto a = d.on_datagram(at_ms(20), kTid, packet);
    REQUIRE(a.sends.size() == 1);
    CHECK(a.sends[0].octets[1] == 5);
    CHECK(a.sends[0].octets[3] == 8);
    CHECK_FALSE(a.begin);
    REQUIRE(a.end);
    CHECK(a.end->error().code == Errc::unavailable);
    CHECK(d.over());
  }
}

TEST_CASE("what was not asked because it is the default may not come back either") {
  Download::Options o = options();
  o.blksize = 512;
  o.windowsize = 1;
  Download d(o);
  check_only_send(d.start(at_ms(0)), kServer, rrq(o.name, zero_ended("tsize") + zero_ended("0")));
  const auto a = d.on_datagram(at_ms(20), kTid, oack({{"blksize", "512"}}));
  REQUIRE(a.end);
  CHECK_FALSE(a.end->has_value());
}

TEST_CASE("after ERROR 8 it asks once more without options") {
  Download d(options());
  (void)d.start(at_ms(0));
  auto a = d.on_datagram(at_ms(20), kTid, error(8, "no options here"));
  check_only_send(a, kServer, rrq("SEP001122334455.cnf.xml", ""));
  CHECK_FALSE(a.end);
  const std::string body = body_of(10);
  const Buffer only = data(1, body);
  a = d.on_datagram(at_ms(40), kOtherTid, only);
  REQUIRE(a.end);
  CHECK(a.end->has_value());

  Download again(options());
  (void)again.start(at_ms(0));
  (void)again.on_datagram(at_ms(20), kTid, error(8, "no"));
  a = again.on_datagram(at_ms(40), kTid, error(8, "no"));
  REQUIRE(a.end);
  CHECK(a.end->error().code == Errc::unavailable);
  CHECK(a.sends.empty());
}

TEST_CASE("servers that refuse options by ERROR 4 or 0 are asked once more without, and that is known of them") {
  for (const unsigned code : {0U, 4U, 8U}) {
    CAPTURE(code);
    Download d(options());
    (void)d.start(at_ms(0));
    CHECK_FALSE(d.refused_options());
    auto a = d.on_datagram(at_ms(20), kTid, error(code, "Unknown option"));
    check_only_send(a, kServer, rrq("SEP001122334455.cnf.xml", ""));
    CHECK_FALSE(a.end);
    CHECK(d.refused_options());
    const Buffer only = data(1, "x");
    a = d.on_datagram(at_ms(40), kOtherTid, only);
    REQUIRE(a.end);
    CHECK(a.end->has_value());
  }
  Download::Options plain = options();
  plain.with_options = false;
  Download d(plain);
  check_only_send(d.start(at_ms(0)), kServer, rrq("SEP001122334455.cnf.xml", ""));
  const auto a = d.on_datagram(at_ms(20), kTid, error(4, "Illegal operation"));
  REQUIRE(a.end);
  CHECK(a.sends.empty());
  CHECK_FALSE(d.refused_options());
}

TEST_CASE("an answer from another address brings nothing in, and is said when no other comes") {
  Download d(options());
  (void)d.start(at_ms(0));
  const Endpoint other = Endpoint::parse("192.0.2.99:40001").value();
  for (const Buffer& packet : {data(1, "evil"), oack({{"tsize", "5"}}), error(1, "no")}) {
    const auto a = d.on_datagram(at_ms(20), other, packet);
    CHECK(a.sends.empty());
    CHECK_FALSE(a.end);
    CHECK_FALSE(a.begin);
  }
  CHECK_FALSE(d.answered());
  std::optional<Result<void>> end;
  while (!end) {
    REQUIRE(d.next_deadline());
    auto a = d.on_deadline(*d.next_deadline());
    end = std::move(a.end);
  }
  CHECK(end->error().code == Errc::unavailable);
  CHECK(end->error().text.contains("192.0.2.99"));

  Download silent(options());
  (void)silent.start(at_ms(0));
  (void)silent.on_datagram(at_ms(20), other, Buffer{0, 9, 0, 0});
  end.reset();
  while (!end)
    end = silent.on_deadline(*silent.next_deadline()).end;
  CHECK_FALSE(end->error().text.contains("192.0.2.99"));
}

TEST_CASE("an OACK without having been asked for options is refused") {
  Download d(options());
  (void)d.start(at_ms(0));
  (void)d.on_datagram(at_ms(20), kTid, error(8, "no"));
  const auto a = d.on_datagram(at_ms(40), kTid, oack({{"tsize", "5"}}));
  REQUIRE(a.end);
  CHECK_FALSE(a.end->has_value());
}

TEST_CASE("errors of the server say what became of the file") {
  struct Row {
    unsigned code;
    const char* text;
    Errc is;
  };
  for (const Row& row :
       {Row{1, "File not found", Errc::not_found}, Row{0, "no such file or directory", Errc::not_found},
        Row{2, "Access violation", Errc::forbidden}, Row{0, "busy", Errc::unavailable},
        Row{4, "Illegal operation", Errc::unavailable}, Row{99, "?", Errc::unavailable}}) {
    Download::Options o = options();
    o.with_options = false;
    Download d(o);
    (void)d.start(at_ms(0));
    const auto a = d.on_datagram(at_ms(20), kTid, error(row.code, row.text));
    REQUIRE(a.end);
    REQUIRE_FALSE(a.end->has_value());
    CHECK(a.end->error().code == row.is);
    CHECK(a.sends.empty());  // an ERROR is never answered
    CHECK(d.over());
    CHECK(d.answered());
    CHECK_FALSE(d.next_deadline());
  }
}

TEST_CASE("an ERROR text of the server can't write into a log") {
  Download d(options());
  (void)d.start(at_ms(0));
  const auto a = d.on_datagram(at_ms(20), kTid, error(1, "gone\r\nevent=faked \x1b[2J %n%s"));
  REQUIRE(a.end);
  for (const char c : a.end->error().text)
    CHECK(static_cast<unsigned char>(c) >= 0x20);
}

TEST_CASE("a file that is announced as too long is refused before its first octet") {
  Download::Options o = options();
  o.max_octets = 1000;
  Download d(o);
  (void)d.start(at_ms(0));
  const auto a = d.on_datagram(at_ms(20), kTid, oack({{"tsize", "1001"}}));
  REQUIRE(a.end);
  CHECK(a.end->error().code == Errc::too_long);
  CHECK_FALSE(a.begin);
  REQUIRE(a.sends.size() == 1);
  CHECK(a.sends[0].octets[3] == 3);
}

TEST_CASE("what is no first answer changes nothing") {
  Download d(options());
  (void)d.start(at_ms(0));
  for (const Buffer& packet : {Buffer{}, Buffer{0}, Buffer{0, 3}, data(2, "later"), ack(0), Buffer{0, 9, 0, 0},
                               join({number(1), zero_ended("x"), zero_ended("octet")})}) {
    const auto a = d.on_datagram(at_ms(5), kTid, packet);
    CHECK(a.sends.empty());
    CHECK_FALSE(a.end);
    CHECK_FALSE(d.answered());
  }
  CHECK(d.on_datagram(at_ms(20), kTid, oack({{"tsize", "5"}})).begin);
}
