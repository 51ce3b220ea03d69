#include "sbc/sccp/registration.hpp"

#include <doctest/doctest.h>

namespace dw::sccp {
namespace {

using namespace std::chrono_literals;

/// Says a message to it; the payload as it leaves.
struct Desk {
  Registration registration;

  Message message_in(const Draft& draft) {
    octets.clear();
    draft.write(octets, 0);
    const Frame frame = parse_frame(octets).value();
    return {frame, messages().find(frame.id), registration.version()};
  }
  std::uint8_t registers(std::uint32_t offered, std::uint32_t max_version = kMaxProtocolVersion) {
    const Message message = message_in(Draft(MessageId::register_req, 128).set(Field::version, offered));
    Buffer leaving(message.frame().payload.begin(), message.frame().payload.end());
    registration.on_register(message, leaving, max_version);
    return leaving[40];
  }
  Duration answers(std::uint32_t version, std::uint32_t seconds = 30) {
    return registration.on_register_ack(
        message_in(Draft(MessageId::register_ack, 20).set(Field::version, version).set(Field::seconds, seconds)));
  }
  Buffer octets;
};

}  // namespace

TEST_CASE("registration: the version is the lower of both, by each server's way of saying it") {
  struct Row {
    std::uint32_t offered, answered;
    unsigned agreed;
  };
  for (const Row row : {Row{20, 17, 17}, Row{11, 22, 11}, Row{17, 0x30, 17}, Row{17, 0, 11}, Row{33, 22, 22}}) {
    CAPTURE(row.offered);
    CAPTURE(row.answered);
    Desk desk;
    desk.registers(row.offered);
    CHECK_FALSE(desk.registration.registered());
    desk.answers(row.answered);
    CHECK(desk.registration.registered());
    CHECK(desk.registration.version() == row.agreed);
  }
}

TEST_CASE("registration: a lower version is offered where the settings say so, and agreed on") {
  Desk desk;
  CHECK(desk.registers(22, 11) == 11);
  desk.answers(22);
  CHECK(desk.registration.version() == 11);
  Desk older;
  CHECK(older.registers(5, 11) == 5);
}

TEST_CASE("registration: the keepalive interval is the server's, 30 s when it says 0, and 10 min at most") {
  CHECK(Desk().answers(17, 60) == Duration(60s));
  CHECK(Desk().answers(17, 0) == Duration(30s));
  CHECK(Desk().answers(17, 0xffffffff) == Duration(10min));
}

TEST_CASE("registration: the server may refuse to let a phone go, and a new registration undoes a good-bye") {
  Desk desk;
  const auto good_bye = [&](std::uint32_t status) {
    desk.registration.on_unregister();
    CHECK(desk.registration.awaits_good_bye());
    return desk.registration.on_unregister_ack(
        desk.message_in(Draft(MessageId::unregister_ack, 4).set(Field::status, status)));
  };
  desk.registers(17);
  desk.answers(17);
  CHECK_FALSE(good_bye(2));
  CHECK_FALSE(desk.registration.left());
  CHECK(good_bye(0));
  CHECK(desk.registration.left());
  CHECK_FALSE(desk.registration.awaits_good_bye());
  desk.answers(17);
  CHECK_FALSE(desk.registration.left());
}

TEST_CASE("registration: lines are bounded, and one that is said again is no news") {
  Desk desk;
  const auto line = [&](std::uint32_t number, std::string_view text) {
    return desk.registration.on_line(
        desk.message_in(Draft(MessageId::line_stat_res, 108).set(Field::line, number).set(Field::text, text)));
  };
  CHECK(line(1, "1001"));
  CHECK_FALSE(line(1, "1001"));
  CHECK(line(1, "1002"));
  CHECK_FALSE(line(2, ""));
  for (std::uint32_t number = 2; number < 100; ++number)
    line(number, "2000");
  CHECK(desk.registration.lines().size() == Registration::kMaxLines);
  CHECK(line(1, "1003"));
}

}  // namespace dw::sccp
