#include "sbc/trace/tracer.hpp"

#include <doctest/doctest.h>

#include <array>
#include <string>

#include "sbc/trace/describe.hpp"

using namespace dw;
using Protocol = WireRecord::Protocol;
using Side = WireRecord::Side;

namespace {

const Endpoint kUs = *Endpoint::parse("10.0.0.1:5060"), kPhone = *Endpoint::parse("10.0.0.7:5060"),
               kOther = *Endpoint::parse("10.0.0.8:5060"), kServer = *Endpoint::parse("192.0.2.9:5060");

std::string sip(const std::string& start, const std::string& id) {
  return start + "\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\nFrom: <sip:a@h>;tag=1\r\nTo: <sip:b@h>\r\nCall-ID: " + id +
         "\r\nCSeq: 1 INVITE\r\nAuthorization: Digest response=\"secret\"\r\nContent-Length: 0\r\n\r\n";
}

WireRecord record(Protocol protocol, Side side, bool sent, const Endpoint& peer, std::string_view said,
                  std::string_view device = {}) {
  return {.protocol = protocol,
          .side = side,
          .sent = sent,
          .stream = protocol == Protocol::sccp,
          .local = kUs,
          .peer = peer,
          .phone = {},
          .device = device,
          .octets = as_bytes(said)};
}

std::string all_of(trace::Tracer& tracer) {
  std::string out;
  std::array<std::uint8_t, 100> part{};
  while (const std::size_t n = tracer.read(part))
    out += as_text(Bytes(part).first(n));
  return out;
}

std::size_t lines(const std::string& text) {
  return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
}

}  // namespace

TEST_CASE("lines have time, side, direction and message, and no credentials") {
  trace::Tracer tracer({.device = "", .address = kPhone.address});
  tracer.on_record(1'700'000'000'123'456,
                   record(Protocol::sip, Side::phone, false, kPhone, sip("INVITE sip:b@h SIP/2.0", "c1")));
  CHECK(all_of(tracer) ==
        "2023-11-14T22:13:20.123Z phone   10.0.0.1:5060 <- 10.0.0.7:5060 SIP INVITE sip:b@h, CSeq 1, Call-ID c1\n");
  tracer.on_record(0, record(Protocol::sip, Side::phone, true, kPhone, sip("SIP/2.0 180 Ringing", "c1")));
  CHECK(all_of(tracer).ends_with("-> 10.0.0.7:5060 SIP 180 Ringing, CSeq 1 INVITE, Call-ID c1\n"));
}

TEST_CASE("the central side of a call is shown with the phone's, also what came before the phone heard of it") {
  trace::Tracer tracer({.device = "SEP001122334455", .address = kPhone.address});
  const auto central = [&](bool sent, const char* id) {
    tracer.on_record(1, record(Protocol::sip, Side::central, sent, kServer, sip("INVITE sip:b@h SIP/2.0", id)));
  };
  central(false, "mine");
  central(false, "theirs");
  CHECK(tracer.empty());
  tracer.on_record(2, record(Protocol::sip, Side::phone, true, kPhone, sip("INVITE sip:b@h SIP/2.0", "mine")));
  const std::string both = all_of(tracer);
  CHECK(lines(both) == 2);
  CHECK(both.find("central") < both.find("phone"));
  central(true, "mine");
  central(true, "theirs");
  tracer.on_record(3, record(Protocol::sip, Side::phone, false, kOther, sip("INVITE sip:b@h SIP/2.0", "theirs")));
  CHECK(lines(all_of(tracer)) == 1);
}

TEST_CASE("a phone by its name: where it is is learnt, and others at its address stay out once they have a name") {
  trace::Tracer tracer({.device = "SEP001122334455", .address = {}});
  const std::string other = std::string("\0\1SEP00AABBCCDDEE.cnf.xml\0octet\0", 32);
  const std::string own = std::string("\0\1SEP001122334455.cnf.xml\0octet\0", 32);
  tracer.on_record(1, record(Protocol::tftp, Side::phone, false, kOther, other));
  CHECK(tracer.empty());
  tracer.on_record(2, record(Protocol::tftp, Side::phone, false, kPhone, own));
  CHECK(all_of(tracer).find("TFTP RRQ") != std::string::npos);
  tracer.on_record(3, record(Protocol::tftp, Side::phone, true, kPhone, std::string("\0\3\0\1x", 5)));
  CHECK(lines(all_of(tracer)) == 1);
  const std::string keep_alive("\4\0\0\0\0\0\0\0\0\0\0\0", 12);
  tracer.on_record(4, record(Protocol::sccp, Side::central, true, kServer, keep_alive, "SEP001122334455"));
  tracer.on_record(5, record(Protocol::sccp, Side::phone, true, kPhone, keep_alive, "SEP00AABBCCDDEE"));
  CHECK(all_of(tracer).find("central 10.0.0.1:5060 -> 192.0.2.9:5060 SCCP KeepAliveReq (0x0000)") != std::string::npos);
}

TEST_CASE("its queue and its output are bounded, and what is left out is counted") {
  trace::Tracer tracer({.device = "", .address = kPhone.address, .form = trace::Form::pcapng});
  const std::string said(60'000, 'x');
  for (int i = 0; i < 100; ++i)
    tracer.on_record(1, record(Protocol::tftp, Side::phone, true, kPhone, said));
  CHECK(tracer.left_out() > 0);
  CHECK(all_of(tracer).size() <= trace::Tracer::kMaxQueued);
  tracer.on_record(1, record(Protocol::tftp, Side::phone, true, kPhone, said));
  CHECK(all_of(tracer).find("messages before this one were left out") != std::string::npos);
  trace::Tracer small({.device = "", .address = kPhone.address, .form = trace::Form::text, .max_octets = 150});
  int reported = 0;
  small.on_more([&] { ++reported; });
  for (int i = 0; i < 5; ++i)
    small.on_record(1, record(Protocol::tftp, Side::phone, true, kPhone, std::string("\0\3\0\1x", 5)));
  CHECK(small.over());
  CHECK(reported >= 2);
  CHECK(all_of(small).size() <= 150);
}

TEST_CASE("what is no message is shown by its length, and strangers' text is escaped") {
  const auto said = [](Protocol protocol, std::string_view octets) {
    return trace::describe(record(protocol, Side::phone, false, kPhone, octets));
  };
  CHECK(said(Protocol::sip, "nonsense") == std::vector<std::string>{"SIP 8 octets"});
  CHECK(said(Protocol::sip, "\r\n\r\n") == std::vector<std::string>{"SIP keepalive"});
  CHECK(said(Protocol::tftp, "x") == std::vector<std::string>{"TFTP 1 octets"});
  CHECK(said(Protocol::sccp, "xy") == std::vector<std::string>{"SCCP part of a message, 2 octets"});
  CHECK(said(Protocol::http, "GET /a\x1b HTTP/1.1\r\n\r\n") == std::vector<std::string>{"HTTP GET /a\\x1b HTTP/1.1"});
  const std::string two = std::string("\4\0\0\0\0\0\0\0\0\0\0\0", 12) + std::string("\4\0\0\0\0\0\0\0\0\0\0\0", 12);
  CHECK(said(Protocol::sccp, two).size() == 2);
}

TEST_CASE("Call-ID in both forms, never out of a body") {
  CHECK(trace::call_id_of(as_bytes("INVITE x SIP/2.0\r\nCall-ID : a@b \r\n\r\n")) == "a@b");
  CHECK(trace::call_id_of(as_bytes("INVITE x SIP/2.0\r\ni:short\r\n\r\n")) == "short");
  CHECK(trace::call_id_of(as_bytes("INVITE x SIP/2.0\r\nTo: y\r\n\r\ni:body\r\n")).empty());
  CHECK(trace::call_id_of({}).empty());
}

TEST_CASE("a file that was fetched for the phone is a line, and nothing in a capture") {
  const std::string said = "http://pbx:6970/Chirp\n1.raw: whole, 1234 octets, 34 ms";
  WireRecord fetch{};
  fetch.protocol = Protocol::fetch;
  fetch.side = Side::central;
  fetch.phone = kPhone.address;
  fetch.octets = as_bytes(said);
  trace::Tracer tracer({.device = "SEP001122334455", .address = kPhone.address});
  tracer.on_record(1'700'000'000'123'456, fetch);
  CHECK(all_of(tracer) ==
        "2023-11-14T22:13:20.123Z central fetch http://pbx:6970/Chirp\\x0a1.raw: whole, 1234 octets, 34 ms\n");
  fetch.phone = kOther.address;
  tracer.on_record(2, fetch);
  CHECK(tracer.empty());
  trace::Tracer capture({.device = "", .address = kPhone.address, .form = trace::Form::pcapng});
  const std::string head = all_of(capture);
  fetch.phone = kPhone.address;
  capture.on_record(3, fetch);
  CHECK(capture.empty());
}
