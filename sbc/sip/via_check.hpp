#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "sbc/sip/message.hpp"

namespace dw::sip {

// The Via parameter "dw" by which a Dropwire finds out that something on the way, an application layer gateway, changed
// the addresses in its requests.

/// Its value for a request with this sent-by, and this host and port in its first Contact; empty: it has none.
std::string via_check(std::string_view sent_by, std::string_view contact);
/// Whether the request came as it was sent; nothing: no Dropwire sent it.
std::optional<bool> is_unaltered(const Message& m);
/// Host and port of the first Contact; empty: there is none.
std::string_view contact_host(const Message& m);

}  // namespace dw::sip
