#include "sbc/doctor/hints.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "sbc/base/escape.hpp"

namespace dw::doctor {
using namespace phones;
namespace {

/// The device in a config's name, in any spelling: "SEP00112233445" of "SEP00112233445.cnf.xml".
std::string_view stem_of(std::string_view file) {
  return file.substr(0, file.find('.'));
}

void add_near(Finding& finding, const Step& note) {
  const std::string near = escaped(note.detail);
  finding.seen += fmt::format("; {} does, and no phone of that name was seen here", near);
  finding.remedy = fmt::format(
      "Compare the MAC on the phone's label: if {} on the central server is meant to be this phone, correct "
      "it there and restart the phone. Else: {}",
      stem_of(near), finding.remedy);
}

}  // namespace

void add_hints(std::vector<Finding>& findings, const std::vector<const Step*>& latest_boot) {
  const auto last_of = [&](Note note) -> const Step* {
    const auto found = std::find_if(latest_boot.rbegin(), latest_boot.rend(),
                                    [&](const Step* s) { return s->is_note() && s->note == note; });
    return found == latest_boot.rend() ? nullptr : *found;
  };
  const Step* const near = last_of(Note::near_config);
  const Step* const password = last_of(Note::password_doubt);
  for (Finding& f : findings) {
    const bool missing =
        f.code == "unknown_device" || f.code == "default_config_used" || f.code == "sip_text_config_missing";
    const bool refused = f.code == "sip_wrong_password" || f.code == "config_rejected" || f.code == "boot_loop" ||
                         f.code == "config_malformed";
    if (missing && near != nullptr) add_near(f, *near);
    if (refused && password != nullptr)
      f.seen += fmt::format("; of the passwords in its config {}", escaped(password->detail));
  }
}

}  // namespace dw::doctor
