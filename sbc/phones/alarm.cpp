#include "sbc/phones/alarm.hpp"

#include <algorithm>
#include <array>

#include "sbc/base/text_cursor.hpp"

namespace dw::phones {
namespace {

using Cause = Alarm::About;

struct AlarmRow {
  unsigned number;
  Cause about;
  std::string_view words;
};
constexpr std::array<AlarmRow, 24> kAlarms = {{{1, Cause::load, "a file is too big"},
                                               {2, Cause::load, "the load could not be unpacked"},
                                               {3, Cause::load, "the load's version does not fit"},
                                               {4, Cause::load, "its flash is full"},
                                               {5, Cause::load, "the load's checksum is wrong"},
                                               {6, Cause::load, "the load was not found"},
                                               {7, Cause::tftp, "TFTP timed out"},
                                               {8, Cause::tftp, "TFTP access was refused"},
                                               {9, Cause::tftp, "TFTP failed"},
                                               {10, Cause::connection, "TCP to the call server timed out"},
                                               {11, Cause::connection, "TCP to the call server failed"},
                                               {12, Cause::connection, "TCP to the call server failed"},
                                               {13, Cause::connection, "TCP to the call server failed"},
                                               {14, Cause::connection, "TCP to the call server was closed"},
                                               {15, Cause::connection, "TCP to the call server was closed"},
                                               {16, Cause::connection, "TCP to the call server was closed"},
                                               {17, Cause::connection, "the call server did not answer keepalives"},
                                               {18, Cause::other, "it went back to its first call server"},
                                               {20, Cause::start, "somebody restarted it by its keys"},
                                               {21, Cause::start, "its address changed"},
                                               {22, Cause::start, "the call server reset it"},
                                               {23, Cause::start, "the call server restarted it"},
                                               {25, Cause::start, "it started"},
                                               {31, Cause::signature, "a file's signature was not accepted"}}};
constexpr unsigned kMaxNumber = 999;

std::optional<unsigned> number_in(TextCursor& cursor, std::string_view text) {
  constexpr std::string_view kSip = "cisco-alarm:", kXml = "out of service, reason ";
  if (text.starts_with(kSip)) cursor = TextCursor(text.substr(kSip.size()));
  if (text.starts_with(kXml)) cursor = TextCursor(text.substr(kXml.size()));
  cursor.skip_blanks();
  const auto number = cursor.take_number(kMaxNumber);
  if (!number) return std::nullopt;
  return static_cast<unsigned>(*number);
}

/// What stands after "Load=", up to the next blank.
std::string_view load_in(std::string_view text) {
  constexpr std::string_view kLoad = "Load=";
  const auto at = text.find(kLoad);
  if (at == text.npos) return {};
  TextCursor rest(text.substr(at + kLoad.size()));
  return rest.take_until(" ");
}

const Step* last_alarm(const Phone& phone) {
  const auto last = std::find_if(phone.steps.rbegin(), phone.steps.rend(), [](const Step& s) {
    return s.type == StepType::signalling && s.event == SignallingEvent::alarm;
  });
  return last == phone.steps.rend() ? nullptr : &*last;
}

}  // namespace

std::optional<Alarm> parse_alarm(std::string_view untrusted) {
  TextCursor cursor(untrusted);
  const auto number = number_in(cursor, untrusted);
  if (!number) return std::nullopt;
  // SCCP's number ends with a colon, SIP's with a blank; "7960 is my name" is none.
  const bool named = untrusted.find("Name=") != untrusted.npos;
  if (!cursor.at_end() && !named) return std::nullopt;
  Alarm out;
  out.number = *number;
  out.load = load_in(untrusted);
  const auto row = std::ranges::find(kAlarms, *number, &AlarmRow::number);
  out.about = row == kAlarms.end() ? Cause::other : row->about;
  out.words = row == kAlarms.end() ? "it restarted" : row->words;
  return out;
}

bool alarm_is_news(const Phone& phone, std::string_view text) {
  const auto alarm = parse_alarm(text);
  return !alarm || alarm->complains() || complaint_of(phone) != nullptr;
}

const Step* complaint_of(const Phone& phone) {
  const Step* const last = last_alarm(phone);
  if (last == nullptr) return nullptr;
  const auto alarm = parse_alarm(last->detail);
  return alarm && alarm->complains() ? last : nullptr;
}

}  // namespace dw::phones
