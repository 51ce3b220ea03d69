#include "tftp-proxy/core/http_probe.hpp"

#include <fmt/format.h>

#include "sbc/base/text_cursor.hpp"

namespace dw::provisioning {
namespace {

constexpr std::string_view kFromLine = "from=";
constexpr std::size_t kMaxFrom = 64;
constexpr std::size_t kMaxHead = 4096;

std::string first_line() {
  return fmt::format("GET {} HTTP/1.1\r\n", kHttpProbePath);
}

}  // namespace

std::string http_probe_body(const Endpoint& from, const std::vector<std::pair<std::string, std::string>>& fields) {
  std::string out = fmt::format("{}{}\n", kFromLine, from.to_string());
  for (const auto& [name, value] : fields) {
    const std::string line = fmt::format("{}: {}\n", name, value);
    if (out.size() + line.size() > kMaxHttpProbe) break;
    out += line;
  }
  return out;
}

std::string make_http_probe(const Endpoint& local, std::string_view host) {
  return fmt::format(
      "{}Host: {}\r\nUser-Agent: Dropwire\r\nAccept: */*\r\nDropwire-Probe: {}\r\nConnection: close\r\n\r\n",
      first_line(), host, local.to_string());
}

Result<HttpProbeAnswer> parse_http_probe(std::string_view response) {
  const auto head = response.find("\r\n\r\n");
  if (head == response.npos) {
    return response.size() > kMaxHead ? fail(Errc::malformed, "no end of its header")
                                      : fail(Errc::truncated, "no header");
  }
  TextCursor cursor(response.substr(0, head + 2));
  if (!cursor.skip_text("HTTP/1.") || cursor.take_line().find(" 200") != 1)
    return fail(Errc::malformed, "the server does not know the probe");
  std::size_t length = 0;
  while (!cursor.at_end()) {
    TextCursor line(cursor.take_line());
    if (!equal_ignoring_case(line.take_until(":"), "Content-Length")) continue;
    line.skip_char(':');
    length = static_cast<std::size_t>(parse_number(trim(line.rest()), 2 * kMaxHttpProbe).value_or(0));
  }
  const std::string_view body = response.substr(head + 4);
  if (length == 0) return fail(Errc::malformed, "an answer without a length");
  if (body.size() < length) return fail(Errc::truncated, "the answer is not whole");
  TextCursor text(body.substr(0, length));
  if (!text.skip_text(kFromLine)) return fail(Errc::malformed, "the server does not know the probe");
  const std::string_view from = text.take_line();
  const auto endpoint = from.size() <= kMaxFrom ? Endpoint::parse(from) : fail(Errc::too_long, "an endpoint too long");
  if (!endpoint) return fail(Errc::malformed, "the server does not know the probe");
  return HttpProbeAnswer{*endpoint, first_line() + std::string(text.rest())};
}

}  // namespace dw::provisioning
