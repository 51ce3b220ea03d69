#include "tftp-proxy/core/cnf_homes.hpp"

#include <algorithm>
#include <utility>

#include "sbc/base/text_cursor.hpp"

namespace dw::provisioning {
namespace {

std::string lower_case(std::string_view text) {
  std::string out;
  for (const char c : text)
    out += lower(c);
  return out;
}

/// What both files say of the lines, by number; what `defaults` says of a line stands where `own` says nothing.
std::vector<CnfLine> merged(const CnfFacts& own, const CnfFacts& defaults) {
  std::vector<CnfLine> lines = own.lines;
  for (const CnfLine& common : defaults.lines) {
    const auto at = std::ranges::find(lines, common.number, &CnfLine::number);
    if (at == lines.end()) {
      lines.push_back(common);
      continue;
    }
    if (at->user.empty()) at->user = common.user;
    if (at->host.empty()) at->host = common.host, at->left = common.left;
    if (at->port == 0) at->port = common.port;
  }
  std::ranges::sort(lines, {}, &CnfLine::number);
  return lines;
}

}  // namespace

std::vector<CnfHome> homes_of(const CnfFacts& own, const CnfFacts& defaults) {
  const bool is_text = own.is_text;
  const std::vector<CnfLine> lines = is_text ? merged(own, defaults) : own.lines;
  CnfHome main;
  if (!is_text && !own.call_servers.empty() && !own.servers_left) {
    main = {{}, lower_case(own.call_servers.front().host), own.call_servers.front().sip_port};
  } else {
    const auto first =
        std::ranges::find_if(lines, [](const CnfLine& line) { return !line.host.empty() && !line.left; });
    if (first == lines.end()) return {};
    main = {{}, lower_case(first->host), first->port};
  }
  std::vector<CnfHome> out{main};
  for (const CnfLine& line : lines) {
    if (line.user.empty() || line.left) continue;
    CnfHome home{line.user, line.host.empty() ? main.host : lower_case(line.host),
                 line.host.empty() ? main.port : line.port};
    if (std::ranges::find(out, home.user, &CnfHome::user) == out.end()) out.push_back(std::move(home));
  }
  // Those that are where all are need no word of their own; a second line of the same user has had its turn above.
  std::erase_if(
      out, [&](const CnfHome& home) { return !home.user.empty() && home.host == main.host && home.port == main.port; });
  return out;
}

}  // namespace dw::provisioning
