// The session table: its bounds, draining, new options, and what its metrics say.
#include <doctest/doctest.h>

#include <fmt/format.h>

#include "tests/unit/provisioning/tftp_desk.hpp"

namespace dw::tftp {
using namespace test;

namespace {

std::uint64_t sum(const Sessions::Counters& c) {
  std::uint64_t all = 0;
  for (const auto n : c.ended)
    all += n;
  return all;
}

}  // namespace

TEST_CASE("bounds: beyond them silence, and the phone asks again") {
  SessionsOptions options;
  options.max_sessions_per_source = 2;
  Desk desk(options);
  desk.file("f", 5000);
  for (const char* phone : {"10.0.0.1:5001", "10.0.0.1:5002", "10.0.0.1:5003", "10.0.0.2:5001"}) {
    desk.gives(at(phone), rrq("f"));
    desk.ack(at(phone), 1);
  }
  CHECK(desk.sessions.active() == 3);
  REQUIRE(desk.refused.size() == 1);
  CHECK(desk.refused[0].reason == Refusal::sessions);
  CHECK_FALSE(desk.refused[0].answered);
  desk.gives(at("10.0.0.1:5001"), packet_of(ErrorMessage{}));
  desk.gives(at("10.0.0.1:5003"), rrq("f"));
  CHECK(desk.sessions.active() == 3);
}

TEST_CASE("proven transfers fill the table: silence; unproven ones give way, oldest first") {
  SessionsOptions options;
  options.max_sessions = 3;
  Desk desk(options);
  desk.file("f", 5000);
  desk.gives(at("10.0.0.1:5001"), rrq("f"));
  desk.ack(at("10.0.0.1:5001"), 1);
  desk.gives(at("10.0.0.2:5001"), rrq("f"));
  desk.gives(at("10.0.0.3:5001"), rrq("f"));
  desk.gives(at("10.0.0.4:5001"), rrq("f"));
  CHECK(desk.sessions.active() == 3);
  CHECK(desk.last().peer == at("10.0.0.2:5001"));
  CHECK(desk.last().outcome == TransferOutcome::dropped);
  CHECK(desk.sessions.counters().evicted == 1);
  desk.ack(at("10.0.0.3:5001"), 1);
  desk.ack(at("10.0.0.4:5001"), 1);
  (void)desk.said();
  desk.gives(at("10.0.0.5:5001"), rrq("f"));
  CHECK(desk.said().empty());
  CHECK(desk.refused.back().reason == Refusal::sessions);
}

TEST_CASE("case 86: draining: what runs goes on, what is new gets silence") {
  Desk desk;
  desk.file("f", 600);
  desk.gives(rrq("f"));
  desk.sessions.drain();
  desk.gives(at("198.51.100.9:5000"), rrq("f"));
  desk.ack(1);
  desk.ack(2);
  CHECK(desk.said() == Said{"DATA 1 (512)", "DATA 2 (88)"});
  CHECK(desk.refused.back().reason == Refusal::draining);
  CHECK(desk.sessions.active() == 0);
}

TEST_CASE("new options reach new transfers; running ones keep their terms") {
  Desk desk;
  desk.file("f", 5000);
  desk.gives(rrq("f", "blksize=1428"));
  SessionsOptions options;
  options.terms.max_blksize = 1024;
  options.transfer.rollover_to = 1;
  desk.sessions.configure(options);
  desk.ack(0);
  desk.gives(at("198.51.100.9:5000"), rrq("f", "blksize=1428"));
  CHECK(desk.said() == Said{"OACK blksize=1428", "DATA 1 (1428)", "OACK blksize=1024"});
}

TEST_CASE("case 89: started = ended + active, and the metrics say so") {
  Desk desk;
  desk.file("f", 600);
  for (int i = 0; i < 10; ++i) {
    const Endpoint phone{desk.phone.address, static_cast<std::uint16_t>(50000 + i)};
    desk.gives(phone, rrq(i % 3 == 0 ? "missing" : "f"));
    if (i % 2 == 0) desk.ack(phone, 1);
  }
  const auto& c = desk.sessions.counters();
  CHECK(c.started == 10);
  CHECK(c.started == sum(c) + desk.sessions.active());
  desk.wait(60s);
  CHECK(desk.sessions.active() == 0);
  CHECK(desk.sessions.unproven() == 0);
  CHECK(c.started == sum(c));
  MetricsText text;
  desk.sessions.append_metrics(text);
  CHECK(text.text().find("dropwire_tftp_transfers_started_total 10\n") != std::string::npos);
  CHECK(text.text().find("dropwire_tftp_transfers_ended_total{outcome=\"not_found\"} 4\n") != std::string::npos);
  CHECK(text.text().find("dropwire_tftp_transfers_active 0\n") != std::string::npos);
}

TEST_CASE("the last octets stay readable until the outbox is cleared, though the transfer is over") {
  Desk desk;
  auto content = Content::of(octets_of_size(2000), {});
  desk.files["f"] = content;
  desk.gives(rrq("f"));
  // In one batch: ACK, which queues DATA 2, and an ERROR, which ends the transfer and lets go of the content.
  desk.sessions.on_datagram(desk.now, {desk.phone, desk.ours, 0, false, false, packet_of(Ack{1})}, desk.out);
  desk.sessions.on_datagram(desk.now, {desk.phone, desk.ours, 0, false, false, packet_of(ErrorMessage{})}, desk.out);
  desk.files.clear();
  content.reset();
  desk.perform();
  const Buffer file = octets_of_size(2000);
  CHECK(Buffer(desk.sent.back().octets.begin() + 4, desk.sent.back().octets.end()) ==
        Buffer(file.begin() + 512, file.begin() + 1024));
}

}  // namespace dw::tftp
