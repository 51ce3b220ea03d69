#include "conf/checks.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "conf/settings.hpp"

namespace dw::conf {
namespace {

// The ports that Linux assigns to sockets that ask for none: the kernel's default of ip_local_port_range.
constexpr std::uint16_t kFirstEphemeral = 32768;
constexpr std::uint16_t kLastEphemeral = 60999;
constexpr unsigned kPairsOfStream = 2;  // one toward the phone, one toward the central side

struct Together {
  const Config& config;
  const Places& places;
  const std::function<void(Problem)>& report;

  void add(Problem::Severity severity, std::string_view setting, std::string text, std::string hint) const {
    Problem problem{severity, "", 0, 0, std::move(text), std::move(hint)};
    if (const auto it = places.find(setting); it != places.end()) {
      problem.where = it->second.where;
      problem.line = it->second.line;
      problem.column = it->second.column;
    }
    report(std::move(problem));
  }
  void error(std::string_view setting, std::string text, std::string hint) const {
    add(Problem::Severity::error, setting, std::move(text), std::move(hint));
  }
  void warning(std::string_view setting, std::string text, std::string hint) const {
    add(Problem::Severity::warning, setting, std::move(text), std::move(hint));
  }

  void listening() const {
    const auto& listen = config.access.listen;
    for (const IpAddress& any : listen) {
      if (!any.is_unspecified()) continue;
      const auto covered =
          std::ranges::find_if(listen, [&](const IpAddress& a) { return a != any && a.is_v4() == any.is_v4(); });
      if (covered == listen.end()) continue;
      error("access.listen",
            fmt::format("access.listen: {} already takes in {}", any.to_string(), covered->to_string()),
            "keep only one of them");
    }
    if (!config.access.tftp.enable && !config.access.http.enable) {
      warning("access.tftp.enable", "neither TFTP nor HTTP is served to phones, so they get no files",
              "set access.tftp.enable = true");
    }
  }

  /// TLS can be written in an entry, but is not supported yet, so it is refused here.
  void sip_servers() const {
    if (config.central.sip.servers.size() > CentralSip::kMaxServers)
      error("central.sip.servers", fmt::format("central.sip.servers has {} servers", config.central.sip.servers.size()),
            fmt::format("name {} at most", CentralSip::kMaxServers));
    for (const SipServer& server : config.central.sip.servers) {
      if (server.transport == SipTransport::tls)
        error("central.sip.servers",
              fmt::format("central.sip.servers: tls:{} can't be reached, SIP goes by UDP and TCP here",
                          server.server.to_string()),
              "write udp: or tcp: before it");
      const auto again = std::ranges::count_if(config.central.sip.servers, [&](const SipServer& s) {
        return s.transport == server.transport && s.server == server.server;
      });
      if (again > 1) {
        error("central.sip.servers",
              fmt::format("central.sip.servers names {}:{} more than once", to_string(server.transport),
                          server.server.to_string()),
              "name it once, with all its domains after it");
        break;
      }
    }
  }

  void registrations() const {
    const Duration expires = config.access.sip.register_expires;
    constexpr Duration kLeast = std::chrono::seconds(25);
    if (expires == Duration{} || expires >= kLeast) return;
    error(
        "access.sip.register_expires",
        fmt::format("access.sip.register_expires: phones take {} for the end of their registration", to_words(expires)),
        "use 25s or more, or 0s to leave it to the server");
  }

  void phones_files() const {
    const AccessProvisioning& p = config.access.provisioning;
    if (p.phones != "listed" || !p.list.empty()) return;
    warning("access.provisioning.phones",
            "access.provisioning.phones is \"listed\" and there is no list: only phones that are admitted by hand get "
            "their configs",
            "set access.provisioning.list, or use \"known\"");
  }

  void ports() const {
    struct Use {
      std::string_view setting;
      std::uint16_t port;
    };
    const std::array<Use, 3> tcp = {
        {{"access.http.port", config.access.http.enable ? config.access.http.port : std::uint16_t{0}},
         {"access.sccp.port", config.access.sccp.enable ? config.access.sccp.port : std::uint16_t{0}},
         {"access.sip.port", config.access.sip.enable ? config.access.sip.port : std::uint16_t{0}}}};
    for (std::size_t i = 0; i < tcp.size(); ++i) {
      for (std::size_t j = 0; j < i; ++j) {
        if (tcp[i].port == 0 || tcp[i].port != tcp[j].port) continue;
        const std::size_t blamed = places.contains(tcp[i].setting) ? i : j;
        error(tcp[blamed].setting, fmt::format("{} and {} are both {}", tcp[j].setting, tcp[i].setting, tcp[i].port),
              "phones reach all services at one address, so each needs a port of its own");
      }
    }
    const bool both_udp = config.access.tftp.enable && config.access.sip.enable;
    if (both_udp && config.access.sip.port != 0 && config.access.sip.port == config.access.tftp.port) {
      error(places.contains("access.sip.port") ? "access.sip.port" : "access.tftp.port",
            fmt::format("access.tftp.port and access.sip.port are both {}", config.access.sip.port),
            "TFTP and SIP are both on UDP, so each needs a port of its own");
    }
    const Endpoint& page = config.admin.listen;
    const bool same_address = std::ranges::any_of(config.access.listen, [&](const IpAddress& a) {
      return a == page.address ||
             ((a.is_unspecified() || page.address.is_unspecified()) && a.is_v4() == page.address.is_v4());
    });
    if (!config.admin.enable || page.port == 0 || !same_address) return;
    for (const Use& use : tcp) {
      if (page.port != use.port) continue;
      error("admin.listen", fmt::format("admin.listen and {} are both {}", use.setting, page.port),
            "give the status page another port");
    }
  }

  void central() const {
    const Provisioning& p = config.central.provisioning;
    if (p.connect_timeout >= p.answer_timeout) {
      warning("central.provisioning.connect_timeout",
              "central.provisioning.connect_timeout is not below answer_timeout: while one origin is down a "
              "phone is "
              "refused for now before the next one is asked",
              "make connect_timeout at most half of answer_timeout");
    }
  }

  void supplied() const {
    if (config.central.provisioning.origins.empty()) {
      warning("central.provisioning.origins", "files have no origin: phones get only cached ones",
              "set central = \"pbx.example.net\", or central.provisioning.origins");
    }
  }

  void media() const {
    const PortRange& ports = config.media.ports;
    const std::uint16_t sip = config.access.sip.enable ? config.access.sip.port : std::uint16_t{0};
    if (sip >= ports.first && sip <= ports.last) {
      warning(places.contains("access.sip.port") ? "access.sip.port" : "media.ports",
              fmt::format("access.sip.port {} is within media.ports {}-{}", sip, ports.first, ports.last),
              "use a SIP port outside the media range");
    }
    if (ports.first <= kLastEphemeral && ports.last >= kFirstEphemeral) {
      warning("media.ports",
              fmt::format("media.ports {}-{} reach into {}-{}, from which the system gives other programs "
                          "ports",
                          ports.first, ports.last, kFirstEphemeral, kLastEphemeral),
              "calls may fail because a port is in use: stay below 32768, as \"20000-29999\" does");
    }
    const unsigned first = (ports.first + 1U) & ~1U;  // RTP uses even ports, its RTCP the next ones
    const unsigned pairs = ports.last > first ? (ports.last - first + 1U) / 2 : 0;
    if (pairs < kPairsOfStream) {
      warning("media.ports",
              fmt::format("media.ports {}-{} are too few for one stream: no call has audio", ports.first, ports.last),
              "a stream takes four ports, two pairs that begin with an even one");
    }
  }

  void exposure() const {
    if (config.admin.enable && !config.admin.listen.address.is_loopback()) {
      warning("admin.listen",
              fmt::format("passwords and what the status page shows travel unencrypted to and from {}",
                          config.admin.listen.to_string()),
              "use it on a network that you trust, or keep 127.0.0.1:8079 and connect through ssh -L or a TLS proxy");
    }
    if (config.rewrite.enable && config.rewrite.trust_lists == Rule::leave) {
      warning("rewrite.trust_lists", "trust lists of the origin reach phones while their configs are rewritten",
              "such a phone no longer accepts rewritten configs: use rewrite.trust_lists = \"drop\", or "
              "rewrite.enable = false");
    }
  }
};

}  // namespace

void check_together(const Config& config, const Places& places, const std::function<void(Problem)>& report) {
  const Together together{config, places, report};
  together.listening();
  together.phones_files();
  together.ports();
  together.sip_servers();
  together.registrations();
  together.central();
  together.media();
  together.exposure();
}

void check_supplied(const Config& config, const Places& places, const std::function<void(Problem)>& report) {
  Together{config, places, report}.supplied();
}

}  // namespace dw::conf
