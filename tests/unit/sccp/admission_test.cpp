#include "sbc/sccp/admission.hpp"

#include <doctest/doctest.h>

#include <algorithm>

#include "tests/support/sccp_vectors.hpp"

using namespace dw;
using namespace dw::sccp;

namespace {

using Verdict = Admission::Verdict;

/// Octets of a frame and the message in them.
struct Said {
  explicit Said(std::uint32_t id, std::string_view name = {}, std::size_t octets = 0) {
    Buffer payload(std::max(octets, name.size()));
    std::ranges::copy(name, payload.begin());
    write_frame(frame, 0, id, payload);
  }
  Message message() const { return {parse_frame(frame).value(), messages().find(parse_frame(frame)->id), 0}; }
  Buffer frame;
};

Verdict verdict(Admission& admission, const Said& said, bool registered = false) {
  return admission.judge(said.message(), registered).verdict;
}

}  // namespace

TEST_CASE("admission: before registration only what a phone says then passes, of a bounded size") {
  const SessionOptions options;
  Admission admission(options);
  CHECK(verdict(admission, Said(number(MessageId::alarm))) == Verdict::passes);
  CHECK(verdict(admission, Said(number(MessageId::keypad_button))) == Verdict::ends);
  CHECK(verdict(admission, Said(number(MessageId::keypad_button)), true) == Verdict::passes);
  CHECK(verdict(admission, Said(0x0157)) == Verdict::ignored);
  CHECK(verdict(admission, Said(0x0161)) == Verdict::ends);
  CHECK(verdict(admission, Said(number(MessageId::reset)), true) == Verdict::wrong_side);
  const Said longest(number(MessageId::alarm), {}, Admission::kMaxBeforeRegistration - kHeaderOctets);
  const Said too_long(number(MessageId::alarm), {}, Admission::kMaxBeforeRegistration - kHeaderOctets + 1);
  CHECK(verdict(admission, longest) == Verdict::passes);
  CHECK(verdict(admission, too_long) == Verdict::ends);
}

TEST_CASE("admission: a connection has one name, and a RegisterReq that is long enough") {
  const SessionOptions options;
  Admission admission(options);
  const Said token(number(MessageId::register_token_req), "SEP001122334455", 52);
  const Said other(number(MessageId::register_req), "SEP00112233445A", 68);
  const Said tiny(number(MessageId::register_req), "SEP001122334455", 35);
  const Said ours(number(MessageId::register_req), "SEP001122334455", 36);
  CHECK(admission.device().empty());
  CHECK(verdict(admission, token) == Verdict::passes);
  CHECK(admission.device() == "SEP001122334455");
  CHECK(verdict(admission, other) == Verdict::bad_name);
  CHECK(verdict(admission, tiny) == Verdict::bad_name);
  CHECK(admission.device() == "SEP001122334455");
  CHECK(verdict(admission, ours) == Verdict::passes);
}

TEST_CASE("admission: what waits goes in its order, and stops at a RegisterReq until the name is free") {
  const SessionOptions options;
  Admission admission(options);
  const Said alarm(number(MessageId::alarm)), ours(number(MessageId::register_req), "SEP001122334455", 36),
      port(0x0002);
  const auto keep = [&](const Said& said) {
    CHECK(admission.must_wait(said.message().frame().id, false));
    CHECK(admission.keep(said.message().frame()));
  };
  keep(alarm);
  CHECK_FALSE(admission.connect_for(number(MessageId::alarm)));
  keep(ours);
  CHECK(admission.connect_for(number(MessageId::register_req)));
  CHECK_FALSE(admission.connect_for(number(MessageId::register_req)));
  keep(port);
  CHECK_FALSE(admission.wants_admission());
  CHECK(admission.next() == alarm.frame);
  CHECK_FALSE(admission.next());
  CHECK(admission.wants_admission());
  CHECK_FALSE(admission.wants_admission());
  CHECK(admission.must_wait(0x0002, true));
  admission.admit();
  CHECK(admission.next() == ours.frame);
  CHECK(admission.next() == port.frame);
  CHECK(admission.held() == 0);
  CHECK_FALSE(admission.must_wait(number(MessageId::register_req), true));
}

TEST_CASE("admission: what waits is bounded") {
  const SessionOptions options;
  Admission admission(options);
  const Said alarm(number(MessageId::alarm), {}, 1000);
  while (admission.keep(alarm.message().frame()))
    REQUIRE(admission.held() <= Admission::kMaxWaiting);
  CHECK(admission.held() > Admission::kMaxWaiting - alarm.frame.size());
}
