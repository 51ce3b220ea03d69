#include "sbc/phones/alarm.hpp"

#include <algorithm>
#include <array>

#include "sbc/base/text_cursor.hpp"

namespace dw::phones {
namespace {

using About = Alarm::About;

struct Row {
  unsigned number;
  About about;
  std::string_view words;
};
constexpr std::array<Row, 24> kRows = {{{1, About::load, "a file is too big"},
                                        {2, About::load, "the load could not be unpacked"},
                                        {3, About::load, "the load's version does not fit"},
                                        {4, About::load, "its flash is full"},
                                        {5, About::load, "the load's checksum is wrong"},
                                        {6, About::load, "the load was not found"},
                                        {7, About::tftp, "TFTP timed out"},
                                        {8, About::tftp, "TFTP access was refused"},
                                        {9, About::tftp, "TFTP failed"},
                                        {10, About::connection, "TCP to the call server timed out"},
                                        {11, About::connection, "TCP to the call server failed"},
                                        {12, About::connection, "TCP to the call server failed"},
                                        {13, About::connection, "TCP to the call server failed"},
                                        {14, About::connection, "TCP to the call server was closed"},
                                        {15, About::connection, "TCP to the call server was closed"},
                                        {16, About::connection, "TCP to the call server was closed"},
                                        {17, About::connection, "the call server did not answer keepalives"},
                                        {18, About::other, "it went back to its first call server"},
                                        {20, About::start, "somebody restarted it by its keys"},
                                        {21, About::start, "its address changed"},
                                        {22, About::start, "the call server reset it"},
                                        {23, About::start, "the call server restarted it"},
                                        {25, About::start, "it started"},
                                        {31, About::signature, "a file's signature was not accepted"}}};
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
  const auto row = std::ranges::find(kRows, *number, &Row::number);
  out.about = row == kRows.end() ? About::other : row->about;
  out.words = row == kRows.end() ? "it restarted" : row->words;
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
