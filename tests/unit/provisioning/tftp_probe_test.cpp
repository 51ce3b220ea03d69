#include "tftp-proxy/core/tftp_probe.hpp"

#include <doctest/doctest.h>

#include "tftp-proxy/core/tftp_sessions.hpp"

using namespace dw;
using namespace dw::tftp;

namespace {

const Endpoint kAsker = *Endpoint::parse("203.0.113.101:50000");
const Endpoint kUs = *Endpoint::parse("203.0.113.10:69");
const TimePoint kNow{std::chrono::hours(1)};

}  // namespace

TEST_CASE("tftp probe: asked and answered") {
  for (const ProbePort port : {ProbePort::same, ProbePort::fresh}) {
    const Buffer asked = make_probe(port);
    const auto packet = parse_packet(asked);
    REQUIRE(packet);
    CHECK(probe_of(std::get<Request>(*packet), asked.size()) == port);
    KnownSources known{1};
    Sessions sessions({}, known);
    Outbox out;
    sessions.on_datagram(kNow, {kAsker, kUs, 3, false, false, asked}, out);
    REQUIRE(out.datagrams.size() + out.asides.size() == 1);
    CHECK(out.asides.size() == (port == ProbePort::fresh ? 1U : 0U));
    CHECK(sessions.active() == 0);
    Buffer answer;
    if (port == ProbePort::fresh) {
      CHECK(out.asides[0].to == kAsker);
      CHECK(out.asides[0].from == kUs.address);
      answer = out.asides[0].octets;
    } else {
      const auto& d = out.datagrams[0];
      CHECK(d.via == 3);
      CHECK(d.to == kAsker);
      answer.assign(d.head_octets().begin(), d.head_octets().end());
      answer.insert(answer.end(), d.body.begin(), d.body.end());
    }
    CHECK(answer.size() <= 2 * asked.size());
    const auto reported = parse_probe_answer(answer);
    REQUIRE(reported);
    CHECK(reported->seen_from == kAsker);
    CHECK(std::ranges::equal(reported->request, asked));
  }
}

TEST_CASE("tftp probe: a file of that name is asked for like any other") {
  const auto request = [](std::string_view file, std::string_view name, std::string_view value, std::size_t octets) {
    Buffer options;
    ByteWriter writer(options);
    write(writer, Option{name, value});
    return probe_of(Request{false, file, "octet", options}, octets);
  };
  CHECK(request(kProbeName, kProbeName, "same", kMinProbe));
  CHECK_FALSE(request(kProbeName, "blksize", "512", kMinProbe));
  CHECK_FALSE(request("SEPDefault.cnf", kProbeName, "same", kMinProbe));
  CHECK_FALSE(request(kProbeName, kProbeName, "else", kMinProbe));
  CHECK_FALSE(request(kProbeName, kProbeName, "same", kMinProbe - 1));
  CHECK_FALSE(request(kProbeName, kProbeName, "same", kMaxProbe + 1));
}

TEST_CASE("tftp probe: one source gets no more answers than it may have of files") {
  KnownSources known{1};
  Sessions sessions({}, known);
  Outbox out;
  const Buffer asked = make_probe(ProbePort::fresh);
  for (int i = 0; i < 1000; ++i)
    sessions.on_datagram(kNow, {{kAsker.address, static_cast<std::uint16_t>(40000 + i)}, kUs, 0, false, false, asked},
                         out);
  CHECK(out.asides.size() == 20);
}

TEST_CASE("tftp probe: every prefix of an answer is refused, or has less of the request") {
  Buffer answer;
  ByteWriter writer(answer);
  const Buffer asked = make_probe(ProbePort::same);
  const Buffer body = probe_answer(kAsker, asked);
  write(writer, Data{1, body});
  for (std::size_t size = 0; size < answer.size(); ++size) {
    const auto reported = parse_probe_answer(Bytes(answer).first(size));
    CHECK((!reported || reported->request.size() < asked.size()));
  }
  Buffer error;
  ByteWriter other(error);
  write(other, ErrorMessage{ErrorCode::file_not_found, "File not found"});
  CHECK_FALSE(parse_probe_answer(error));
}
