// Findings about firmware, from a phone's boots.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "sbc/base/escape.hpp"
#include "sbc/base/text_cursor.hpp"
#include "sbc/doctor/file_examination.hpp"
#include "sbc/doctor/finding_text.hpp"
#include "sbc/phones/model.hpp"
#include "sbc/phones/text.hpp"

namespace dw::doctor {
using namespace phones;
namespace {

constexpr std::size_t kRecoveryTurns = 3;

}  // namespace

/// Atlas 11, 13, 14.
void FileExamination::check_firmware() {
  Files no_manifest, no_part;
  Models self;
  for (const Step& s : phone_.steps) {
    if (const Models by_name = models_asking(s.name); s.is_file() && !by_name.empty()) self = by_name;
  }
  const Step* foreign = nullptr;
  bool manifest = false;
  for (const Step* s : last_files()) {
    if (is_image(s->kind) && arrived(*s)) manifest = true;
    if (s->kind == FileKind::loads && s->outcome == FileOutcome::not_found) no_manifest.push_back(s);
    if (s->kind == FileKind::firmware && s->outcome == FileOutcome::not_found)
      (manifest ? no_part : no_manifest).push_back(s);
    const Models target = s->kind == FileKind::loads ? models_of_load(s->name) : Models();
    if (!target.empty() && !self.empty() && (target & self).empty()) foreign = s;
  }
  if (foreign != nullptr) {
    add("load_for_other_model", Severity::error,
        fmt::format("{} was asked by a {}", escaped(foreign->name), self.to_string()));
  }
  if (!no_part.empty()) add("firmware_part_missing", Severity::error, names_of(no_part) + " does not exist");
  if (!no_manifest.empty()) add("load_missing", Severity::warning, names_of(no_manifest) + " does not exist");
  check_reloads();
}

/// Atlas 36: the same part was fetched completely in an earlier boot, whose download was not interrupted, and
/// again now.
void FileExamination::check_reloads() {
  std::set<std::string> before;
  const std::size_t recent_begin = boots_.size() > 1 && quiet_ < kSettled ? boots_.size() - 2 : boots_.size() - 1;
  Files again;
  for (std::size_t i = 0; i < boots_.size(); ++i) {
    if (boots_[i].recovery) continue;
    std::set<std::string> here;
    bool whole = true;
    for (const Step* s : files(boots_[i])) {
      if (s->kind != FileKind::firmware) continue;
      whole = whole && arrived(*s);
      if (!arrived(*s)) continue;
      if (i >= recent_begin && before.contains(s->name)) again.push_back(s);
      here.insert(s->name);
    }
    if (whole) before.insert(here.begin(), here.end());
  }
  if (!again.empty()) add("firmware_every_boot", Severity::warning, names_of(again) + " was fetched again");
}

/// Atlas 12: it fetched a manifest, asked for none of its parts, and then registered with another load.
void FileExamination::check_not_taken() {
  const Step* manifest = nullptr;
  for (const Step* s : last_files()) {
    if (s->kind == FileKind::loads && arrived(*s)) manifest = s;
    if (s->kind == FileKind::firmware) return;
  }
  if (manifest == nullptr || phone_.running.empty()) return;
  const bool registered_since = std::ranges::any_of(phone_.steps, [&](const Step& s) {
    return s.type == StepType::signalling && s.event == SignallingEvent::registered && s.at >= manifest->at;
  });
  const std::string_view load = std::string_view(manifest->name).substr(0, manifest->name.rfind('.'));
  // Some call their load by its version alone, "8.12(2.0)": that says nothing.
  constexpr std::size_t kFamily = 2;
  const std::string_view runs = phone_.running;
  const bool comparable = equal_ignoring_case(load.substr(0, kFamily), runs.substr(0, kFamily));
  if (!registered_since || !comparable || equal_ignoring_case(load, runs)) return;
  add("load_not_taken", Severity::warning,
      fmt::format("it took {}, asked for none of its parts, and runs {}", escaped(manifest->name), runs));
}

/// Atlas 15.
void FileExamination::check_recovery() {
  if (!boots_.back().recovery) return;
  Files asked, missing;
  std::size_t turns = 0;
  for (auto boot = boots_.rbegin(); boot != boots_.rend() && boot->recovery; ++boot)
    ++turns;
  bool had = false;
  for (const Step* s : last_files()) {
    if (s->kind != FileKind::recovery_loads) continue;
    asked.push_back(s);
    if (s->outcome == FileOutcome::not_found) missing.push_back(s);
    had = had || arrived(*s);
  }
  if (!missing.empty() && !had) {
    add("recovery_loop", Severity::error, names_of(missing) + " does not exist");
  } else if (turns >= kRecoveryTurns) {
    add("recovery_loop", Severity::error, fmt::format("{} was asked in {} turns", names_of(asked), turns));
  }
}

}  // namespace dw::doctor
