#pragma once
#include <string>
#include <string_view>

namespace dw {

/// Text for whoever helps, without what lets anybody in: values behind names that speak of passwords, tokens, digests,
/// keys and cookies (in headers, key=value, JSON and XML), the user part of URLs, SDP's inline keys, and private keys
/// in PEM.
/// "(removed)" stands in their place. Names of phones, numbers and addresses stay: they are what help is about. It is a
/// net below what is not written there in the first place, and knows names, not secrets.
std::string redacted(std::string_view text);

}  // namespace dw
