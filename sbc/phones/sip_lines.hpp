#pragma once
#include <string>
#include <string_view>

#include "sbc/phones/phone.hpp"

// How the lines of a SIP phone come and go, each by itself.
namespace dw::phones {

/// As it is kept and shown: escaped, at most Step::kMaxAor characters.
std::string aor_of(std::string_view untrusted);
/// The line, while it is registered; nullptr: it is not. `aor` as aor_of makes it.
const SipLine* line_of(const Phone& phone, std::string_view aor);

/// Somebody else who says the registered phone's name: from another address than its lines.
bool is_other(const Phone& phone, const SignallingStep& reported);
/// A refusal that only makes the phone try again: 408, 423, 503.
bool asks_for_patience(std::uint16_t status);
/// Adds the line, takes it away, or leaves all as it is.
void update_lines(Phone& phone, const SignallingStep& reported);
/// Without the line `aor`, as if it had never been on this phone.
void take_line(Phone& phone, std::string_view aor);

/// Whether a SIP step shows the state of its line: it is about the begin, end or failure of a registration.
bool tells_standing(const Step& step);
/// Whether it belongs into the phone's story: not what stands there already.
bool is_news(const Phone& phone, const SignallingStep& reported);
/// The latest `unreachable` that nothing refuted since; nullptr: none.
const Step* unreachable_since(const Phone& phone);
/// The latest `no_date`, unless a registration after it had one; nullptr: none.
const Step* without_date(const Phone& phone);
/// How long a story gets no second step that a router alters messages.
constexpr std::chrono::minutes kAlteredAgain{15};

/// Says that it is of another maker: a user agent without "Cisco".
bool is_foreign(std::string_view user_agent);

}  // namespace dw::phones
