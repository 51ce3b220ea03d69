#pragma once
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sbc/base/endpoint.hpp"
#include "sbc/base/result.hpp"

/// One Dropwire asks another whether something on the way (a transparent proxy) meddles with HTTP: a GET for
/// a path that is no file, answered with the header fields that arrived.
namespace dw::provisioning {

inline constexpr std::string_view kHttpProbePath = "/dropwire-probe";
inline constexpr std::size_t kMaxHttpProbe = 8192;  ///< octets of an answer's body that list header fields

/// "from=ADDRESS:PORT\n" and a line "Name: value\n" for each field.
std::string http_probe_body(const Endpoint& from, const std::vector<std::pair<std::string, std::string>>& fields);

/// The asking side: a request of its own that names `local`, and what comes back.
std::string make_http_probe(const Endpoint& local, std::string_view host);
struct HttpProbeAnswer {
  Endpoint seen_from;
  std::string request;  ///< as differences_of() compares it with what was sent
};
/// Of the whole answer. Errors: truncated (there is more to come), malformed (not of a Dropwire).
Result<HttpProbeAnswer> parse_http_probe(std::string_view response);

}  // namespace dw::provisioning
