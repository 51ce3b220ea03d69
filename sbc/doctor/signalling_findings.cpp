#include "sbc/doctor/signalling_findings.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "sbc/base/escape.hpp"
#include "sbc/doctor/audio_quality.hpp"
#include "sbc/doctor/finding_text.hpp"
#include "sbc/doctor/sip_findings.hpp"
#include "sbc/phones/alarm.hpp"
#include "sbc/phones/signalling_story.hpp"
#include "sbc/phones/sip_lines.hpp"
#include "sbc/phones/sip_story.hpp"
#include "sbc/phones/text.hpp"

namespace dw::doctor {
using namespace phones;
namespace {

using namespace std::chrono_literals;
using Event = SignallingEvent;
using Silent = CallFigures::Silent;

constexpr auto kLimitShown = 24h;       // a call that a limit refused
constexpr auto kUnstable = 15min;       // older losses do not count
constexpr std::size_t kFlaps = 4;       // registrations that ended within kUnstable
constexpr auto kComesBack = 5min;       // a phone that is up tries again long before
constexpr std::uint64_t kEnough = 250;  // packets, 5 s of 20 ms each: fewer are no evidence

/// Examines a phone's registrations and its last call. Each check_… adds at most one finding.
class SignallingExamination {
 public:
  SignallingExamination(const Phone& phone, WallTime now, const BoxCauses& causes)
      : phone_(phone), now_(now), causes_(causes) {}

  std::vector<Finding> run() {
    check_registration();
    check_alarm();
    check_files();
    check_stability();
    check_limits();
    check_call();
    return std::move(found_);
  }

 private:
  Finding& add(Code code, Severity severity, std::string seen) {
    return found_.emplace_back(make_finding(code, severity, std::move(seen), phone_));
  }
  std::string sentence(const Step& step) const {
    const auto at = std::ranges::find(phone_.steps, step.id, &Step::id);
    return sentence_of_live(phone_, static_cast<std::size_t>(at - phone_.steps.begin()));
  }

  void check_registration();
  void check_gone();
  void check_alarm();
  void check_files();
  void check_stability();
  void check_limits();
  void check_call();
  void tell_one_way(const Step& call);
  void tell_undelivered(const Step& call);
  std::size_t lately(const auto& is_it) const {
    return static_cast<std::size_t>(std::ranges::count_if(phone_.steps, [&](const Step& s) {
      return s.type == StepType::signalling && now_ - s.at <= kUnstable && is_it(s);
    }));
  }
  bool flaps(std::string_view aor);

  const Phone& phone_;
  WallTime now_;
  BoxCauses causes_;
  std::vector<Finding> found_;
};

void SignallingExamination::check_registration() {
  if (speaks_sip(phone_)) {
    found_ = sip_findings(phone_, now_, causes_);
    return;
  }
  const Standing standing = standing_of(phone_);
  switch (standing.is) {
    case Standing::Is::unknown:
      return;
    case Standing::Is::registered:
      check_gone();
      return;
    case Standing::Is::no_server:
      found_.push_back(finding_of_no_server(phone_, sentence(*standing.step), causes_.sccp));
      return;
    case Standing::Is::refused:
      add(blames_address(*standing.step) ? Code("server_refuses_shared_address") : Code("registration_refused"),
          Severity::error, sentence(*standing.step));
      return;
    case Standing::Is::unanswered:
      add("call_server_closes", Severity::error,
          fmt::format("{}, {} times before it answered", sentence(*standing.step), standing.times));
      return;
  }
}

/// It was registered, and what followed was no unregistration.
void SignallingExamination::check_gone() {
  if (phone_.registered) return;
  const auto ends = [](const Step& s) {
    return s.type == StepType::signalling && s.event != Event::keepalive_missed && s.event != Event::reset &&
           s.event != Event::alarm && s.event != Event::call_preserved && s.event != Event::media_silent;
  };
  const auto last = std::find_if(phone_.steps.rbegin(), phone_.steps.rend(), ends);
  const bool lost = last->event == Event::phone_lost || last->event == Event::server_lost;
  if (lost && now_ - last->at >= kComesBack) add("registration_lost", Severity::info, sentence(*last));
}

/// Atlas 3, 4, 5, 13, 34: what the phone itself reported when it last started.
void SignallingExamination::check_alarm() {
  const Step* const step = complaint_of(phone_);
  if (step == nullptr) return;
  const auto alarm = parse_alarm(step->detail);
  const std::string seen =
      fmt::format("it said when it came up: {} ({})", alarm->words, printable(step->detail, Step::kMaxDetail));
  switch (alarm->about) {
    case Alarm::About::load:
      add("phone_reports_load", Severity::warning, seen);
      return;
    case Alarm::About::tftp:
      add("phone_reports_tftp", Severity::warning, seen);
      return;
    case Alarm::About::signature:
      add("phone_reports_signature", Severity::error, seen);
      return;
    case Alarm::About::connection:
      add("phone_reports_connection", Severity::info, seen);
      return;
    case Alarm::About::start:
    case Alarm::About::other:
      return;
  }
}

void SignallingExamination::check_files() {
  if (!phone_.registered) return;
  // Phones of other makers have their files from elsewhere, and what a nameless one asked for is not known.
  if (phone_.device.empty() || is_foreign(phone_.user_agent)) return;
  if (const Step* const failed = failed_config(phone_, phone_.steps.size())) {
    add("registered_without_files", Severity::warning, "it registered, and before that it " + sentence_of(*failed));
  } else if (!phone_.had_config) {
    add("registered_without_files", Severity::info, "it registered, and never took a config from this box");
  }
}

/// Of one line of SIP, or of the phone when `aor` is empty.
bool SignallingExamination::flaps(std::string_view aor) {
  const std::size_t ended = lately([&](const Step& s) {
    return s.aor == aor &&
           (s.event == Event::phone_lost || s.event == Event::server_lost || s.event == Event::superseded);
  });
  const std::size_t registered = lately([&](const Step& s) { return s.aor == aor && s.event == Event::registered; });
  if (ended < kFlaps || registered < kFlaps - 1) return false;
  const std::string who = aor.empty() ? std::string("it") : fmt::format("line {}", aor);
  add("registration_flapping", Severity::warning,
      fmt::format("{} registered {} times within {}, and {} {} ended", who, registered, to_words(kUnstable), ended,
                  aor.empty() ? "connections" : "registrations"));
  return true;
}

void SignallingExamination::check_stability() {
  if (flaps({})) return;
  for (const LineStanding& line : line_standings(phone_)) {
    if (!line.aor.empty() && flaps(line.aor)) return;
  }
  if (const std::size_t missed = lately([](const Step& s) { return s.event == Event::keepalive_missed; }); missed > 0)
    add("keepalive_missed", Severity::info,
        missed == 1 ? std::string("a keepalive was missed lately") : fmt::format("{} keepalives were missed", missed));
}

void SignallingExamination::check_limits() {
  const auto refused = std::find_if(phone_.steps.rbegin(), phone_.steps.rend(), [](const Step& s) {
    return s.type == StepType::signalling && s.event == Event::call_refused;
  });
  if (refused == phone_.steps.rend() || now_ - refused->at > kLimitShown) return;
  add("call_limit", Severity::warning, "it " + sentence(*refused));
}

/// The last call that is evidence: both ways were open for long enough, or packets came.
void SignallingExamination::check_call() {
  const auto telling = [](const Step& s) {
    return s.type == StepType::call && !s.call.direct &&
           (s.call.both_open >= CallFigures::kTalk || s.call.from_phone + s.call.from_central >= kEnough ||
            !s.call.delivered());
  };
  const auto last = std::find_if(phone_.steps.rbegin(), phone_.steps.rend(), telling);
  if (last == phone_.steps.rend()) return;
  const Step& step = *last;
  if (step.call.silent == Silent::both) {
    add("no_audio", Severity::error, sentence(step));
    return;
  }
  if (step.call.box_deaf) return;  // one cause, one finding: the box has it
  // A phone that is not heard may be out of reach for that alone: one cause.
  if (step.call.silent != Silent::nobody) return tell_one_way(step);
  if (!step.call.delivered()) return tell_undelivered(step);
  const auto gaps = [&](std::uint64_t lost, std::uint64_t arrived) {
    const std::uint64_t sent = lost + arrived;
    if (sent < kEnough) return false;
    const double percent = 100.0 * static_cast<double>(lost) / static_cast<double>(sent);
    return quality_of(step.detail, percent, std::nullopt).state > State::not_known;
  };
  if (gaps(step.call.lost_from_phone, step.call.from_phone) ||
      gaps(step.call.lost_from_central, step.call.from_central))
    found_.push_back(
        caused_by_box(make_finding("bad_audio", Severity::warning, sentence(step), phone_), causes_.media));
}

void SignallingExamination::tell_one_way(const Step& call) {
  Finding& finding = add("one_way_audio", Severity::warning, sentence(call));
  const std::string strangers =
      call.call.strangers == 0 ? std::string()
                               : fmt::format(" {} packets came from addresses that nobody had named, and were dropped.",
                                             call.call.strangers);
  if (call.call.silent == Silent::phone) {
    finding.means +=
        " Nothing came from the phone: its packets do not reach this box, because a router or firewall on "
        "its side "
        "blocks UDP, or the phone was muted." +
        strangers;
    finding.remedy =
        "Let UDP from the phone's network to media.ports of this box through, and check that "
        "access.advertise is an "
        "address that the phone reaches. If it was muted, nothing is wrong.";
    return;
  }
  finding.means +=
      " Nothing came from the central side: the call server or the far end does not reach this box's "
      "media.ports, or "
      "sends elsewhere." +
      strangers;
  finding.remedy =
      "Check that central.media.advertise is an address that the call server reaches, and let UDP from there "
      "to "
      "media.ports through. If the far end is another phone, look at its story too.";
}

void SignallingExamination::tell_undelivered(const Step& call) {
  Finding& finding = add("audio_not_delivered", Severity::warning, sentence(call));
  if (call.call.kept_from_central >= kUndelivered) {
    finding.means +=
        " It was for the phone, which sent nothing itself and named an address that is not its own here: only its own "
        "packets show through its router where it is. Music on hold, announcements and pages to a phone that is asked "
        "only to listen sound so.";
    return;
  }
  finding.means += " It was for the central side, and this box's network let none of it out.";
  finding.remedy =
      "Look whether the far end in the call's story is an address that this box can reach (a route, a firewall on "
      "this box): dropwire doctor.";
}

}  // namespace

std::vector<Finding> signalling_findings(const Phone& phone, WallTime now, const BoxCauses& causes) {
  return SignallingExamination(phone, now, causes).run();
}

}  // namespace dw::doctor
