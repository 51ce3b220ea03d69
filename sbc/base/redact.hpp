#pragma once
#include <string>
#include <string_view>

namespace dw {

/// Removes secrets from text that is given to somebody who helps: values whose names suggest a password, token, digest,
/// key or cookie (in headers, key=value, JSON and XML), the user part of URLs, SDP's inline keys, and private keys in
/// PEM. They become "(removed)". Names of phones, numbers and addresses stay, as help needs them. This is only a safety
/// net: it knows names, not secrets, so secrets should not be written in the first place.
std::string redacted(std::string_view text);

}  // namespace dw
