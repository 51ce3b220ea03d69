#pragma once
#include <cstdint>

namespace dw::sccp {

/// What a phone may say before it is registered (sccp §6.1).
bool allowed_before_registration(std::uint32_t id);
/// What some phones send that early, and no server understands then: dropped, not a reason to hang up.
bool dropped_before_registration(std::uint32_t id);

/// Messages that make us act when one side says them, so the other side must not (sccp §6.2). All others pass
/// both ways.
bool only_servers_say(std::uint32_t id);
bool only_phones_say(std::uint32_t id);

}  // namespace dw::sccp
