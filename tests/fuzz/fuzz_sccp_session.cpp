// A phone and a server that say anything, in any pieces, at any time: whole frames leave, streams stay within
// their bound and all come back, and time always gets on. Input: turns of one octet what (0 phone, 1 server,
// 2 time), one or two octets how much, and the octets.
#include <cstdlib>

#include "sbc/base/byte_reader.hpp"
#include "sbc/sccp/session.hpp"
#include "tests/support/sccp_fake_broker.hpp"

namespace {

using namespace dw;

void whole_frames(const Buffer& octets) {
  sccp::FrameStream frames;
  frames.feed(TimePoint{}, octets);
  while (frames.next()) {
  }
  if (frames.error() || frames.partial_since()) std::abort();
}

struct Room {
  sccp::SessionOptions options;
  sim::FakeBroker broker;
  sccp::SessionCounters counters;
  CallLimits limits{{.calls_per_phone = 1, .attempts_per_phone = 2}, 1};
  sccp::Output out;
  TimePoint now{std::chrono::hours(1)};
  bool ended = false;
  sccp::Session session{
      options,
      broker,
      counters,
      sccp::Session::PhoneSide{
          {IpAddress::v4(0xc6336407), 50000}, IpAddress::v4(0xcb00710a), {IpAddress::v4(0xcb00710a), 2000}},
      now,
      &limits};

  void settle() {
    for (int turns = 0; turns < 8; ++turns) {
      whole_frames(out.to_phone);
      whole_frames(out.to_server);
      if (broker.streams().size() > sccp::MediaChannels::kMaxChannels) std::abort();
      ended |= out.end.has_value();
      const bool connect = out.connect, admit = out.admit;
      out.clear();
      if (ended || (!connect && !admit)) return;
      const IpAddress ours = IpAddress::v4(0x0a000005);
      if (connect) session.on_server_connected(now, {ours, ours, {IpAddress::v4(0x0a000009), 2000}}, out);
      if (admit) session.on_admitted(now, out);
    }
    std::abort();  // it asks for the same again and again
  }
  void pass(Duration d) {
    const TimePoint end = now + d;
    while (!ended && session.next_deadline() <= end) {
      now = std::max(now, session.next_deadline());
      session.on_deadline(now, out);
      settle();
      if (!ended && session.next_deadline() <= now) std::abort();  // time would stand still
    }
    now = end;
  }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  ByteReader in({data, size});
  Room room;
  while (in.ok() && !in.at_end() && !room.ended) {
    const unsigned what = in.u8("what") % 3;
    if (what == 2) {
      room.pass(std::chrono::milliseconds(in.u8("how long") * 200));
      continue;
    }
    const std::size_t much = std::min<std::size_t>(in.u16le("how much"), in.remaining());
    const Bytes octets = in.take(much, "octets");
    if (!in.ok()) break;
    if (what == 0)
      room.session.on_phone(room.now, octets, room.out);
    else
      room.session.on_server(room.now, octets, room.out);
    room.settle();
    (void)room.session.calls(room.now);
  }
  room.session.on_closed(room.now, sccp::ClosedBy::server, room.out);
  if (!room.broker.streams().empty()) std::abort();
  return 0;
}
