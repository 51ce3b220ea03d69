#include "sbc/doctor/findings.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <vector>

#include "sbc/base/escape.hpp"
#include "sbc/base/text_cursor.hpp"
#include "sbc/doctor/file_examination.hpp"
#include "sbc/doctor/finding_text.hpp"
#include "sbc/doctor/folding.hpp"
#include "sbc/doctor/hints.hpp"
#include "sbc/doctor/keys.hpp"
#include "sbc/doctor/signalling_findings.hpp"
#include "sbc/phones/boots.hpp"
#include "sbc/phones/model.hpp"
#include "sbc/phones/signalling_story.hpp"
#include "sbc/phones/text.hpp"

namespace dw::doctor {
using namespace phones;
namespace {

using namespace std::chrono_literals;

constexpr auto kNextFile = 5s;         // a phone that accepts the plain config too asks for it at once
constexpr auto kSilence = 30s;         // "asked X, then nothing" (cisco-provisioning §7)
constexpr auto kLoopSpacing = 180s;    // between two turns of a loop (15–130 s seen, §2.4)
constexpr auto kLoopForgotten = 300s;  // after the last turn
constexpr std::size_t kLoopTurns = 4;
constexpr std::size_t kFirstFileTries = 3;  // §2.3: then the phone gives up its lease
constexpr auto kAlternation = 15min;
constexpr std::size_t kNamesShown = 4;
constexpr std::size_t kAddressChanges = 3;  // A, B, A, B

bool is_signed_config(FileKind kind) {
  return kind == FileKind::config_signed || kind == FileKind::config_encrypted;
}

}  // namespace

FileExamination::FileExamination(const Phone& phone, WallTime now, const BoxCauses& causes)
    : phone_(phone), now_(now), causes_(causes), boots_(boots_of(phone)) {
  const Boot& last = boots_.back();
  for (std::size_t i = last.begin; i < last.end; ++i)
    last_.push_back(&phone_.steps[i]);
  WallTime over{};
  for (const Step* s : files(last))
    over = std::max(over, end_of(*s));
  quiet_ = now - over;
  // While a boot is young, what went wrong in the one before still counts.
  const bool with_previous = quiet_ < kSettled && boots_.size() > 1;
  const std::size_t begin = with_previous ? boots_[boots_.size() - 2].begin : last.begin;
  recent_ = files({begin, last.end, false});
}

std::vector<Finding> FileExamination::run() {
  check_delivery();
  check_transfers();
  check_lists();
  check_config();
  check_loop();
  check_firmware();
  check_not_taken();
  check_recovery();
  check_extras();
  check_path();
  check_notes();
  for (Finding& finding : signalling_findings(phone_, now_, causes_))
    found_.push_back(std::move(finding));
  add_hints(found_, last_);
  for (Finding& f : found_)
    f.remedy = for_place(f.remedy, causes_.hosted ? Place::hosted : Place::edge);
  order_by_cause(found_);
  return std::move(found_);
}

FileExamination::Files FileExamination::files(const Boot& boot) const {
  Files out;
  for (std::size_t i = boot.begin; i < boot.end; ++i) {
    if (phone_.steps[i].is_file()) out.push_back(&phone_.steps[i]);
  }
  return out;
}

bool FileExamination::later_success(const Files& in, const Step& step) {
  return std::ranges::any_of(in, [&](const Step* s) {
    return s->at >= step.at && s != &step && s->outcome == FileOutcome::sent && equal_ignoring_case(s->name, step.name);
  });
}

std::string FileExamination::names_of(const Files& steps) {
  std::set<std::string> names;
  for (const Step* s : steps)
    names.insert(escaped(s->name));
  std::string out;
  std::size_t shown = 0;
  for (const std::string& name : names) {
    if (shown++ == kNamesShown) return out + fmt::format(" and {} more", names.size() - kNamesShown);
    out += (out.empty() ? "" : ", ") + name;
  }
  return out;
}

void FileExamination::add(Code code, Severity severity, std::string seen) {
  found_.push_back(make_finding(code, severity, std::move(seen), phone_));
}

/// Atlas 1: the first file again and again, though each was answered. Atlas 2: data that is never
/// acknowledged.
void FileExamination::check_delivery() {
  Files silent;
  std::size_t given_up = 0;
  for (const Step* s : recent_) {
    if (s->http) continue;
    if (s->outcome == FileOutcome::sent) silent.clear(), given_up = 0;
    const bool asked_again = s->outcome == FileOutcome::superseded && s->last_block == 0 && s->retransmissions > 0;
    if (s->outcome == FileOutcome::no_ack || asked_again) silent.push_back(s);
    if (s->outcome == FileOutcome::no_ack) ++given_up;
  }
  if (given_up > 0 || silent.size() > 1) {
    return add("data_not_acknowledged", Severity::error,
               fmt::format("{} was sent {} times and nothing was acknowledged", names_of(silent), silent.size()));
  }
  check_first_file();
}

void FileExamination::check_first_file() {
  Files tries;
  for (auto boot = boots_.rbegin(); boot != boots_.rend(); ++boot) {
    const Files in = files(*boot);
    const bool alone = std::ranges::all_of(in, [&](const Step* s) {
      const FileKind first = tries.empty() ? in.front()->kind : tries.front()->kind;
      return !s->http && s->kind == first && (first == FileKind::ctl || first == FileKind::config) &&
             s->outcome != FileOutcome::refused && s->outcome != FileOutcome::sent &&
             s->outcome != FileOutcome::not_admitted;
    });
    if (!alone) break;
    tries.insert(tries.end(), in.begin(), in.end());
  }
  if (tries.size() < kFirstFileTries) return;
  add("answers_not_arriving", Severity::error,
      fmt::format("{} was asked {} times and nothing else", names_of(tries), tries.size()));
}

/// Atlas 3, 4, 5: transfers that began and did not end.
void FileExamination::check_transfers() {
  Files broken, refused;
  std::map<std::pair<std::string, std::uint64_t>, std::size_t> at_block;
  for (const Step* s : recent_) {
    const bool stalled = s->outcome == FileOutcome::stalled && s->last_block > 0;
    const bool aborted = s->outcome == FileOutcome::aborted && (s->http || s->last_block > 0);
    if ((!stalled && !aborted) || later_success(recent_, *s)) continue;
    const bool by_phone = aborted && !s->http && (s->error_code == 3 || s->error_code == 0);
    (by_phone ? refused : broken).push_back(s);
    if (stalled) ++at_block[{s->name, s->last_block}];
  }
  if (!refused.empty()) {
    const Step& s = *refused.back();
    add("phone_refused_file", Severity::error,
        fmt::format("the phone broke off {} after block {} with ERROR {}", escaped(s.name), s.last_block,
                    s.error_code));
  }
  const auto same = std::ranges::max_element(at_block, {}, [](const auto& entry) { return entry.second; });
  if (same != at_block.end() && same->second > 1) {
    return add("stalls_at_same_block", Severity::error,
               fmt::format("{} stopped after block {} {} times", escaped(same->first.first), same->first.second,
                           same->second));
  }
  if (!broken.empty()) add("transfer_breaks", Severity::warning, sentence_of(*broken.back()));
}

/// Atlas 6, 7.
void FileExamination::check_lists() {
  const Files in = last_files();
  Files only_signed;
  bool encrypted = false;
  for (const Step* s : in) {
    if (s->kind == FileKind::config || (is_signed_config(s->kind) && arrived(*s))) return;
    if (!is_signed_config(s->kind)) continue;
    only_signed.push_back(s);
    encrypted = encrypted || s->kind == FileKind::config_encrypted;
  }
  if (only_signed.empty() || quiet_ < kNextFile) return;
  add(encrypted ? Code("trust_list_encrypted") : Code("trust_list_present"), Severity::error,
      fmt::format("asked for {} and never for the plain config", names_of(only_signed)));
}

/// Atlas 10, 30, 31.
void FileExamination::check_config() {
  const Files in = last_files();
  const Step* missing = nullptr;
  const Step* sip_missing = nullptr;
  const Step* fallback = nullptr;
  Files kept_out;
  bool other_way = false;  // the old text and binary profiles replace SEP<MAC>.cnf.xml
  for (const Step* s : in) {
    if (s->kind == FileKind::config && s->outcome == FileOutcome::not_found) missing = s;
    if (s->kind == FileKind::sip_config && s->outcome == FileOutcome::not_found) sip_missing = s;
    if (s->kind == FileKind::config_default) fallback = s;
    if (s->outcome == FileOutcome::not_admitted) kept_out.push_back(s);
    if (is_signed_config(s->kind) && arrived(*s)) return;
    if ((s->kind == FileKind::config || s->kind == FileKind::sip_config) && arrived(*s)) return;
    other_way = other_way || s->kind == FileKind::sip_default || s->kind == FileKind::os_name ||
                (s->kind == FileKind::profile && arrived(*s)) ||
                (s->kind == FileKind::loads && protocol_of_file(s->name) == Protocol::sip &&
                 models_of_load(s->name) == Models::parse("7940/7960"));
  }
  if (!kept_out.empty()) {
    return add("not_admitted", Severity::warning,
               fmt::format("asked for {} from {}", names_of(kept_out), kept_out.back()->from.to_string()));
  }
  if (sip_missing != nullptr) {
    return add("sip_text_config_missing", Severity::error, escaped(sip_missing->name) + " does not exist");
  }
  const auto old = std::ranges::find_if(
      in, [](const Step* s) { return s->kind == FileKind::os_name && s->outcome == FileOutcome::not_found; });
  if (old != in.end() && quiet_ >= kSilence) {
    return add("old_loader", Severity::warning, escaped((*old)->name) + " does not exist");
  }
  if (missing == nullptr || other_way) return;
  if (fallback != nullptr && arrived(*fallback)) {
    // A phone that accepts it registers; one that does not asks for it again and again.
    return add("default_config_used", loop().empty() ? Severity::info : Severity::warning,
               fmt::format("{} does not exist, {} was taken", escaped(missing->name), escaped(fallback->name)));
  }
  if (quiet_ >= (fallback != nullptr ? kNextFile : kSilence))
    add("unknown_device", Severity::error, escaped(missing->name) + " does not exist");
}

bool FileExamination::had_config(const Files& in) const {
  return std::ranges::any_of(in, [](const Step* s) { return is_config(s->kind) && arrived(*s); });
}

bool FileExamination::asked_follow_up(const Files& in) const {
  return std::ranges::any_of(in, [&](const Step* s) {
    return std::ranges::any_of(phone_.follow_ups, [&](std::string_view name) {
      return equal_ignoring_case(s->name, name) || equal_ignoring_case(s->name, std::string(name) + ".sgn");
    });
  });
}

/// The turns of a loop that is still going on: boots with a config, one soon after another, without an
/// upgrade.
std::vector<Boot> FileExamination::loop() const {
  std::vector<Boot> turns;
  if (quiet_ > kLoopForgotten) return turns;
  for (auto boot = boots_.rbegin(); boot != boots_.rend(); ++boot) {
    const Files in = files(*boot);
    const bool upgrade =
        std::ranges::any_of(in, [](const Step* s) { return s->kind == FileKind::firmware && s->octets > 0; });
    if (upgrade || boot->recovery || !had_config(in)) break;
    if (!turns.empty() && phone_.steps[turns.back().begin].at - phone_.steps[boot->begin].at > kLoopSpacing) break;
    turns.push_back(*boot);
  }
  if (turns.size() < kLoopTurns) turns.clear();
  return turns;
}

/// Atlas 8, 9.
void FileExamination::check_loop() {
  const std::vector<Boot> turns = loop();
  if (turns.empty()) return check_follow_ups();
  const bool named = phone_.protocol == Protocol::sip && !phone_.follow_ups.empty();
  const bool asked = std::ranges::any_of(turns, [&](const Boot& turn) { return asked_follow_up(files(turn)); });
  const std::string seen = fmt::format("the same files were asked {} times in {}", turns.size(),
                                       to_words(now_ - phone_.steps[turns.back().begin].at));
  if (named && !asked) {
    add("config_rejected", Severity::error, seen + ", and never what the config names");
  } else {
    add("boot_loop", Severity::error, seen);
  }
}

void FileExamination::check_follow_ups() {
  // Only SIP loads are known to ask for dial template and soft keys at every boot.
  if (phone_.protocol != Protocol::sip || phone_.follow_ups.empty()) return;
  const Files in = last_files();
  const auto config = std::ranges::find_if(
      in, [](const Step* s) { return s->kind == FileKind::config && s->outcome == FileOutcome::sent; });
  if (config == in.end() || asked_follow_up(in) || now_ - end_of(**config) < kSettled) return;
  if (std::ranges::any_of(in, [](const Step* s) { return is_image(s->kind); })) return;  // it upgrades first
  add("config_rejected", Severity::warning,
      fmt::format("{} was fetched, and {} never asked", escaped((*config)->name), escaped(phone_.follow_ups.front())));
}

/// Atlas 21, 22, 23.
void FileExamination::check_extras() {
  Files missing, unnamed, rings;
  for (const Step* s : last_files()) {
    if ((s->kind == FileKind::ring_list || s->kind == FileKind::ring) && s->outcome == FileOutcome::not_found)
      rings.push_back(s);
    if (s->kind != FileKind::locale || s->outcome != FileOutcome::not_found) continue;
    (s->name.find('/') == std::string::npos ? unnamed : missing).push_back(s);
  }
  if (!missing.empty()) add("locale_missing", Severity::warning, names_of(missing) + " does not exist");
  if (!unnamed.empty()) add("locale_unnamed", Severity::info, names_of(unnamed) + " was asked");
  if (!rings.empty()) add("ringtones_missing", Severity::info, names_of(rings) + " does not exist");
}

/// Atlas 19/20, 33, and files that our own side could not deliver.
void FileExamination::check_path() {
  Files unavailable, refused, forbidden;
  bool http = false, config_by_tftp = false;
  for (const Step* s : last_files()) {
    if (s->outcome == FileOutcome::unavailable && !later_success(last_files(), *s)) unavailable.push_back(s);
    if (s->outcome == FileOutcome::refused && s->kind != FileKind::other) refused.push_back(s);
    if (s->outcome == FileOutcome::forbidden && !later_success(last_files(), *s)) forbidden.push_back(s);
    http = http || s->http;
    config_by_tftp = config_by_tftp || (!s->http && s->kind == FileKind::config && arrived(*s));
  }
  if (!unavailable.empty()) {
    const bool config = std::ranges::any_of(unavailable, [](const Step* s) { return is_config(s->kind); });
    found_.push_back(caused_by_box(make_finding("origin_unavailable", config ? Severity::error : Severity::warning,
                                                names_of(unavailable) + " could not be fetched", phone_),
                                   causes_.files));
  }
  if (!forbidden.empty()) {
    const bool config = std::ranges::any_of(forbidden, [](const Step* s) { return is_config(s->kind); });
    add("origin_refuses", config ? Severity::error : Severity::warning, sentence_of(*forbidden.back()));
  }
  if (!refused.empty()) add("request_refused", Severity::warning, sentence_of(*refused.back()));
  if (!http && config_by_tftp && (phone_.uses_http || can_use_http(phone_.firmware)))
    add("http_not_used", Severity::info,
        phone_.uses_http ? "it used HTTP before, and only TFTP at its last boot"
                         : "it fetched everything by TFTP, its load is " + phone_.firmware);

  std::size_t changes = 0;
  IpAddress before;
  for (const Step& s : phone_.steps) {
    const bool located = s.is_file() || (s.type == StepType::signalling && s.event == SignallingEvent::registered);
    if (!located || !s.from || now_ - s.at > kAlternation || s.outcome == FileOutcome::not_admitted) continue;
    if (before && s.from != before) ++changes;
    before = s.from;
  }
  if (changes >= kAddressChanges)
    add("two_addresses", Severity::warning,
        fmt::format("{} changes of address within {}", changes, to_words(kAlternation)));
}

/// Atlas 35, and notes of the pipeline.
void FileExamination::check_notes() {
  const auto last_of = [&](Note note) -> const Step* {
    const auto found =
        std::find_if(last_.rbegin(), last_.rend(), [&](const Step* s) { return s->is_note() && s->note == note; });
    return found == last_.rend() ? nullptr : *found;
  };
  if (const Step* s = last_of(Note::malformed_passed)) add("config_malformed", Severity::error, sentence_of(*s));
  if (const Step* s = last_of(Note::signed_passed)) add("signed_config_passed", Severity::warning, sentence_of(*s));
  if (const Step* s = last_of(Note::sip_server_left)) add("sip_server_left", Severity::warning, s->detail);
  if (const Step* s = last_of(Note::sip_port_differs)) add("sip_port_differs", Severity::warning, s->detail);
}

std::vector<Finding> findings(const Phone& phone, WallTime now, const BoxCauses& causes) {
  if (phone.steps.empty()) return {};
  return FileExamination(phone, now, causes).run();
}

}  // namespace dw::doctor
