#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <nlohmann/json.hpp>

#include "sbc/daemon/commands.hpp"
#include "sbc/daemon/control_client.hpp"
#include "sbc/daemon/report.hpp"
#include "sbc/daemon/words.hpp"

/// `dropwire status` and `dropwire claim`.
namespace dw::commands {
namespace {

using Json = nlohmann::ordered_json;

/// "http://dropwire.local:8079/": this machine by its name in mDNS; empty if Avahi does not run.
std::string mdns_address(const Json& addresses) {
  struct stat there {};
  std::array<char, 256> host{};
  if (addresses.empty() || stat("/run/avahi-daemon/socket", &there) != 0 ||
      gethostname(host.data(), host.size() - 1) != 0)
    return {};
  std::string name(host.data());
  name = name.substr(0, name.find('.'));
  const std::string first = addresses.front().is_string() ? addresses.front().get<std::string>() : std::string();
  const std::size_t port = first.rfind(':');
  return name.empty() || port == first.npos ? std::string()
                                            : fmt::format("http://{}.local{}", name, first.substr(port));
}

/// The addresses, the one with the mDNS name first.
Json with_name(Json claim) {
  Json addresses = claim.value("addresses", Json::array());
  if (const std::string name = mdns_address(addresses); !name.empty()) addresses.insert(addresses.begin(), name);
  claim["addresses"] = addresses;
  return claim;
}

}  // namespace

int status(const Ask& ask) {
  const ControlClient client(socket_of(ask));
  auto answer = client.get("/api/status");
  if (!answer) return complain(answer.error().text);
  // A daemon of an older version knows no claim.
  if (const auto claim = client.get("/api/claim"); claim) (*answer)["claim"] = with_name(*claim);
  say(ask.json ? answer->dump(2, ' ', false, Json::error_handler_t::replace) + "\n"
               : report::claim(answer->value("claim", Json::object())) +
                     report::status(*answer, {wall_now(), terminal_width()}));
  return report::is_wrong(answer->value("verdict", Json())) ? kNo : kDone;
}

int claim(const Ask& ask) {
  const auto answer = ControlClient(socket_of(ask)).get("/api/claim");
  if (!answer) return complain(answer.error().text);
  const Json claim = with_name(*answer);
  const bool open = claim.value("open", false);
  if (ask.json) {
    say(claim.dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
  } else if (open) {
    say(report::claim(claim));
  } else {
    say("This box is not to be claimed: it has a password, or it is up for more than 24 hours without one (then restart it), or "
        "admin.claim is off.\n");
  }
  return open ? kDone : kNo;
}

}  // namespace dw::commands
