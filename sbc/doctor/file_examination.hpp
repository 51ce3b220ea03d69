#pragma once
#include <chrono>
#include <string>
#include <vector>

#include "sbc/doctor/box_causes.hpp"
#include "sbc/doctor/finding_code.hpp"
#include "sbc/phones/boots.hpp"

namespace dw::doctor {

/// Examines a phone's boots, for findings(). Each check_… adds at most one finding of its code; those of firmware
/// are in firmware_findings.cpp.
class FileExamination {
 public:
  FileExamination(const phones::Phone& phone, WallTime now, const BoxCauses& causes);
  std::vector<Finding> run();

 private:
  using Files = std::vector<const phones::Step*>;
  static constexpr std::chrono::seconds kSettled{60};  ///< after so long without a request the boot is over

  Files files(const phones::Boot& boot) const;
  Files last_files() const { return files(boots_.back()); }
  static bool later_success(const Files& in, const phones::Step& step);
  static std::string names_of(const Files& steps);  ///< each once, escaped
  void add(Code code, Severity severity, std::string seen);

  void check_delivery();
  void check_first_file();
  void check_transfers();
  void check_lists();
  void check_config();
  void check_loop();
  void check_follow_ups();
  void check_firmware();
  void check_reloads();
  void check_not_taken();
  void check_recovery();
  void check_extras();
  void check_path();
  void check_notes();
  bool asked_follow_up(const Files& in) const;
  bool had_config(const Files& in) const;
  std::vector<phones::Boot> loop() const;

  const phones::Phone& phone_;
  WallTime now_;
  BoxCauses causes_;
  std::vector<phones::Boot> boots_;
  std::vector<const phones::Step*> last_;  // of the last boot, with notes
  Files recent_;                           // files of the last boot, or of the last two while it is young
  std::chrono::milliseconds quiet_{};
  std::vector<Finding> found_;
};

inline bool is_image(phones::FileKind kind) {
  using phones::FileKind;
  return kind == FileKind::loads || kind == FileKind::firmware || kind == FileKind::recovery_loads;
}

}  // namespace dw::doctor
