#include "sbc/phones/boots.hpp"

#include <algorithm>

namespace dw::phones {
namespace {

/// What is known of the boot that is being read.
struct Reading {
  bool empty = true;      // no file yet
  bool past_ctl = false;  // something other than a CTL was asked
  bool had_config = false;
  FileKind last{};
  WallTime quiet_since{};

  bool starts_over(const Step& step) const {
    if (empty) return false;
    const bool pause = step.at - quiet_since > kBootPause;
    switch (step.kind) {
      case FileKind::ctl:
        return past_ctl || pause;
      case FileKind::recovery_loads:
        return last != FileKind::recovery_loads || pause;
      case FileKind::itl:
      case FileKind::config:
      case FileKind::config_signed:
      case FileKind::config_encrypted:
        return had_config && pause;
      default:
        return false;
    }
  }
  void take(const Step& step) {
    empty = false;
    past_ctl = past_ctl || step.kind != FileKind::ctl;
    had_config = had_config || step.kind == FileKind::config || step.kind == FileKind::config_signed ||
                 step.kind == FileKind::config_encrypted;
    last = step.kind;
    quiet_since = std::max(quiet_since, end_of(step));
  }
};

}  // namespace

std::vector<Boot> boots_of(const Phone& phone) {
  std::vector<Boot> out;
  Reading reading;
  for (std::size_t i = 0; i < phone.steps.size(); ++i) {
    const Step& step = phone.steps[i];
    if (out.empty()) out.push_back({0, 0, false});
    if (step.is_file()) {
      if (reading.starts_over(step)) {
        out.push_back({i, i, false});
        reading = {};
      }
      reading.take(step);
      if (step.kind == FileKind::recovery_loads) out.back().recovery = true;
    }
    out.back().end = i + 1;
  }
  return out;
}

}  // namespace dw::phones
