#include "sbc/sccp/call_policy.hpp"

#include <doctest/doctest.h>

using namespace dw;
using namespace dw::sccp;
using namespace std::chrono_literals;

namespace {

/// One phone that may have one call at a time.
struct Caller {
  SessionOptions options;
  SessionCounters counters;
  Forwarder forwarder{options, counters};
  CallTable calls;
  CallLimits limits{{.calls_per_phone = 1}, 1};
  std::vector<std::string> emergency{"112"};
  std::string device = "SEP001122334455";
  IpAddress address = IpAddress::v4(0xc6336407);
  HeaderVersions versions{17, 20};
  CallPolicy policy{calls, &limits, emergency, {device, address}, versions, forwarder, counters};
  Output out;
  TimePoint now{1h};

  static Message read(Buffer& octets, const Draft& draft) {
    draft.write(octets, 17);
    const Frame frame = parse_frame(octets).value();
    return {frame, messages().find(frame.id), 17};
  }
  void state(std::uint32_t call, CallState state) {
    Buffer octets;
    const Draft draft = Draft(MessageId::call_state, 12)
                            .set(Field::call_state, static_cast<std::uint32_t>(state))
                            .set(Field::line, 1)
                            .set(Field::call, call);
    (void)calls.on_server(now, read(octets, draft));
  }
  void connect(std::uint32_t call) {
    state(call, CallState::off_hook);
    state(call, CallState::connected);
    policy.look(now, out);
  }
  bool may_call(std::string_view number) {
    Buffer octets;
    return policy.may_call(now, read(octets, Draft(MessageId::enbloc_call, 28).set(Field::dialled, number)), out);
  }
};

}  // namespace

TEST_CASE("call policy: one call too many is hung up for the phone, which is shown why") {
  Caller phone;
  phone.connect(1);
  CHECK(phone.out.to_server.empty());
  phone.connect(2);
  const Frame on_hook = parse_frame(phone.out.to_server).value();
  CHECK(on_hook.id == number(MessageId::on_hook));
  CHECK(on_hook.version == 20);
  CHECK(read_u32(on_hook.payload, 4) == 2);
  const Frame notice = parse_frame(phone.out.to_phone).value();
  CHECK(notice.id == number(MessageId::display_notify));
  CHECK(notice.version == 17);
  CHECK(phone.counters.calls_refused == 1);
}

TEST_CASE("call policy: a call that is over, or was taken away, counts no more") {
  Caller phone;
  phone.connect(1);
  phone.state(1, CallState::on_hook);
  phone.policy.is_over(1);
  phone.connect(2);
  CHECK(phone.out.to_server.empty());
  CHECK(phone.policy.take(2));
  CHECK_FALSE(phone.policy.take(2));
  phone.connect(3);
  CHECK(phone.out.to_server.empty());
}

TEST_CASE("call policy: an EnblocCall is one attempt, and an emergency number is never refused") {
  Caller phone;
  phone.connect(1);
  CHECK_FALSE(phone.may_call("4711"));
  CHECK(read_u32(phone.out.to_phone, 8) == number(MessageId::set_speaker_mode));
  CHECK(phone.may_call("112"));
}
