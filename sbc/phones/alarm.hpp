#pragma once
#include <optional>
#include <string_view>

#include "sbc/phones/phone.hpp"

// Why a phone says that it restarted, when it registers again (cisco-provisioning §2.3).
namespace dw::phones {

struct Alarm {
  enum class About { start, load, tftp, signature, connection, other };
  unsigned number = 0;
  std::string_view words;  ///< of the number, "TFTP timed out"
  std::string_view load;   ///< the load that it says it runs; empty: it does not say. Points into the text
  About about{};
  /// It reports that something went wrong.
  bool complains() const { return about != About::start && about != About::other; }
};

/// "7: Name=SEP001122334455 Load=SCCP45.9-4-2SR3-1S Last=TFTP-timeout" (SCCP), "cisco-alarm:7 Name=… Load=…
/// Last=…" and "out of service, reason 7" (SIP). Nothing for anything else.
std::optional<Alarm> parse_alarm(std::string_view untrusted);

/// Whether the story should have it: a complaint, or what ends one. `text` is of a new alarm.
bool alarm_is_news(const Phone& phone, std::string_view text);
/// The latest, when it is a complaint; nullptr: none.
const Step* complaint_of(const Phone& phone);

}  // namespace dw::phones
