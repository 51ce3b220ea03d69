#include "sbc/doctor/sip_findings.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "sbc/doctor/finding_text.hpp"
#include "sbc/phones/signalling_story.hpp"
#include "sbc/phones/sip_lines.hpp"
#include "sbc/phones/sip_story.hpp"

namespace dw::doctor {
using namespace phones;
namespace {

using namespace std::chrono_literals;
using Event = SignallingEvent;

constexpr auto kRegistersAgain = 5min;    // a phone that is up registers again long before
constexpr std::size_t kUnheardTimes = 2;  // one answer may be lost by chance
constexpr auto kAltered = 2h;             // longer than the refresh interval of any phone

constexpr Code kNoServer = "no_call_server";

/// Lines with the same finding, which is reported once.
struct Shown {
  Code code;
  Severity severity{};
  std::string seen;
  std::size_t lines = 0;
};

class SipExamination {
 public:
  SipExamination(const Phone& phone, WallTime now, const BoxCauses& causes)
      : phone_(phone), now_(now), causes_(causes) {}

  std::vector<Finding> run() {
    for (const LineStanding& line : line_standings(phone_))
      look_at(line);
    for (const Shown& shown : lines_) {
      std::string seen = shown.seen;
      if (shown.lines > 1) seen += fmt::format("; and so with {} more of its lines", shown.lines - 1);
      found_.push_back(shown.code.text() == kNoServer.text()
                           ? finding_of_no_server(phone_, std::move(seen), causes_.sip)
                           : make_finding(shown.code, shown.severity, std::move(seen), phone_));
    }
    check_path();
    return std::move(found_);
  }

 private:
  void add_line(Code code, Severity severity, std::string seen) {
    auto shown = std::ranges::find(lines_, code.text(), [](const Shown& s) { return s.code.text(); });
    if (shown == lines_.end()) shown = lines_.insert(shown, {code, severity, std::move(seen), 0});
    ++shown->lines;
  }
  std::string sentence(const Step& step) const {
    const auto at = std::ranges::find(phone_.steps, step.id, &Step::id);
    return sip_words(phone_, static_cast<std::size_t>(at - phone_.steps.begin()));
  }
  /// Somebody who tries accounts from an otherwise unused address is no phone to care about.
  Severity grave() const { return phone_.device.empty() && !phone_.proven ? Severity::info : Severity::error; }

  void look_at(const LineStanding& line);
  void check_path();

  const Phone& phone_;
  WallTime now_;
  BoxCauses causes_;
  std::vector<Shown> lines_;
  std::vector<Finding> found_;
};

/// Atlas 24, 25, and what the server says.
void SipExamination::look_at(const LineStanding& line) {
  const Step& step = *line.step;
  switch (step.event) {
    case Event::refused:
      return add_line(
          step.status == 403 || step.status == 404 ? Code("sip_unknown_account") : Code("registration_refused"),
          grave(), sentence(step));
    case Event::bad_password:
      return add_line("sip_wrong_password", grave(), sentence(step));
    case Event::no_server:
      return add_line(kNoServer, Severity::error, sentence(step));
    case Event::unheard:
      if (line.unheard >= kUnheardTimes)
        add_line("sip_answers_unheard", Severity::error, fmt::format("{} times it {}", line.unheard, sentence(step)));
      return;
    case Event::phone_lost:
    case Event::server_lost:
      if (now_ - step.at >= kRegistersAgain && line_of(phone_, line.aor) == nullptr)
        add_line("registration_lost", Severity::info, sentence(step));
      return;
    default:
      return;
  }
}

void SipExamination::check_path() {
  const auto altered = std::find_if(phone_.steps.rbegin(), phone_.steps.rend(),
                                    [](const Step& s) { return s.is_sip() && s.event == Event::altered; });
  if (altered != phone_.steps.rend() && now_ - altered->at <= kAltered)
    found_.push_back(
        caused_by_box(make_finding("sip_alg", Severity::warning, sentence(*altered), phone_), causes_.alg));
  if (!phone_.registered) return;
  if (const Step* const step = unreachable_since(phone_))
    found_.push_back(make_finding("sip_unreachable", Severity::error, "it " + sentence(*step), phone_));
  if (const Step* const step = without_date(phone_))
    found_.push_back(make_finding("sip_clock_unset", Severity::info, sentence(*step), phone_));
}

}  // namespace

std::vector<Finding> sip_findings(const Phone& phone, WallTime now, const BoxCauses& causes) {
  return SipExamination(phone, now, causes).run();
}

}  // namespace dw::doctor
