#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "sbc/base/escape.hpp"
#include "sbc/doctor/access_findings.hpp"
#include "sbc/doctor/box.hpp"
#include "sbc/doctor/box_causes.hpp"
#include "sbc/doctor/finding_text.hpp"
#include "sbc/doctor/folding.hpp"
#include "sbc/doctor/keys.hpp"
#include "sbc/doctor/network_findings.hpp"
#include "sbc/phones/text.hpp"

namespace dw::doctor {
using namespace phones;
namespace {

/// No version of this program is older: a clock before that was never set.
constexpr WallTime kNotBefore = std::chrono::sys_days{std::chrono::year{2026} / 1 / 1};
constexpr std::uint64_t kFullPercent = 80;         // of media.ports in use: reported
constexpr std::uint64_t kDroppedPercent = 1;       // of audio, by this box: people hear it
constexpr std::uint64_t kDroppedPackets = 500;     // and ten seconds of one direction at least: no single hiccup
constexpr std::uint64_t kLittleRoom = 64'000'000;  // octets
constexpr std::size_t kMaxText = 300;              // octets kept of remote text
constexpr std::chrono::seconds kSilentServer{15};  // that was asked and has never answered
constexpr const char* kWithoutStun =
    "Dropwire works without it. Only edges that ask this box what their routers do (STUN) get no answer "
    "from it.";

std::string said(std::string_view text) {
  return printable(text, kMaxText);
}

class BoxExamination {
 public:
  BoxExamination(const BoxFacts& box, WallTime now) : box_(box), now_(now), causes_(box_causes(box, now)) {}

  std::vector<Finding> run() {
    daemon();
    for (const SettingsProblem& problem : box_.settings)
      look_at(problem);
    for (const PortUse& port : box_.ports)
      look_at(port);
    std::vector<Finding> network = network_findings(box_, now_);
    if (box_.own) own(*box_.own);
    for (const std::string& origin : box_.origins_here)
      add("origin_is_this_box", Severity::error,
          fmt::format("The file server {} is this Dropwire itself.", said(origin)));
    for (const DirectoryUse& directory : box_.directories)
      look_at(directory);
    if (box_.look_at_clock) clock();
    std::ranges::move(access_findings(box_, now_), std::back_inserter(out_));
    std::ranges::move(network, std::back_inserter(out_));
    for (Finding& f : out_) {
      f.means = for_place(f.means, box_.hosted ? Place::hosted : Place::edge);
      f.remedy = for_place(f.remedy, box_.hosted ? Place::hosted : Place::edge);
    }
    fold(out_);
    return std::move(out_);
  }

 private:
  bool running() const { return box_.daemon != BoxFacts::Daemon::absent; }
  Finding& add(Code code, Severity severity, std::string seen) {
    return out_.emplace_back(make_finding(code, severity, std::move(seen)));
  }

  void daemon();
  void look_at(const SettingsProblem& problem);
  void look_at(const PortUse& port);
  void look_at(const DirectoryUse& directory);
  void own(const OwnFacts& own);
  void unconfigured(const OwnFacts& own);
  void addresses(const OwnFacts& own);
  void origins(const OwnFacts& own);
  void cache(const OwnFacts& own);
  void sip(const OwnFacts& own);
  void servers(const OwnFacts& own, Protocol protocol);
  void media(const MediaState& media);
  void clock();

  const BoxFacts& box_;
  WallTime now_;
  BoxCauses causes_;
  std::vector<Finding> out_;
};

void BoxExamination::daemon() {
  if (box_.daemon == BoxFacts::Daemon::absent) {
    add("not_running", Severity::error, fmt::format("Nobody answers on {}.", said(box_.socket)));
  } else if (box_.daemon == BoxFacts::Daemon::forbidden) {
    add("not_allowed", Severity::warning,
        fmt::format("Dropwire runs, but you may not talk to it on {}.", said(box_.socket)));
  }
}

void BoxExamination::look_at(const SettingsProblem& problem) {
  if (!problem.error && running()) return;  // the daemon says so itself
  const std::string place = problem.place.empty() ? std::string() : problem.place + ": ";
  std::string seen = said(fmt::format("Settings: {}{}.", place, problem.text));
  Finding& found = problem.error ? add("settings_wrong", Severity::error, std::move(seen))
                                 : add("settings_doubtful", Severity::warning, std::move(seen));
  if (problem.error)
    found.means = running() ? "The running Dropwire still has the settings from before; it would not start again "
                              "with these."
                            : "Dropwire does not start with these settings.";
  if (!problem.hint.empty()) found.remedy = said("Hint: " + problem.hint + ".");
}

void BoxExamination::look_at(const PortUse& port) {
  const std::string where = fmt::format("{} {} ({})", port.udp ? "UDP" : "TCP", port.at.to_string(), port.setting);
  switch (port.state) {
    case PortUse::State::free:
      return;
    case PortUse::State::taken: {
      Finding& found =
          add("port_taken", port.needed ? Severity::error : Severity::warning,
              fmt::format("{} is taken by {}.", where, port.holder.empty() ? "another program" : said(port.holder)));
      if (!port.holder.empty()) found.remedy = "Stop that program, or choose another port or address.";
      if (!port.needed) found.means = kWithoutStun;
      return;
    }
    case PortUse::State::not_allowed:
      add("port_not_tried", Severity::info, fmt::format("{} was not tried: only root may.", where));
      return;
    case PortUse::State::no_such_address:
      add("address_absent", Severity::error, fmt::format("{}: this machine has no such address.", where));
      return;
    case PortUse::State::failed:
      add("port_failed", Severity::error, fmt::format("{}: {}.", where, said(port.error)));
  }
}

void BoxExamination::look_at(const DirectoryUse& d) {
  const char* means =
      d.setting == "cache.dir"
          ? "Files are served, but none is kept: every phone's boot fetches them over the internet again."
          : "What phones did is forgotten at each restart.";
  const std::string path = said(d.path);
  switch (d.state) {
    case DirectoryUse::State::missing:
      add("directory_missing", Severity::info, fmt::format("{} = {} does not exist yet.", d.setting, path)).remedy =
          fmt::format("Nothing, unless it runs without systemd: install -d -o dropwire {}", path);
      break;
    case DirectoryUse::State::not_a_directory:
      add("directory_wrong", Severity::warning, fmt::format("{} = {} is no directory.", d.setting, path)).means = means;
      break;
    case DirectoryUse::State::not_writable:
      add("directory_not_writable", Severity::warning, fmt::format("{} = {} can't be written.", d.setting, path))
          .means = means;
      break;
    case DirectoryUse::State::usable:
    case DirectoryUse::State::not_ours:
      break;
  }
  if (d.free_octets && *d.free_octets < kLittleRoom) {
    add("disk_nearly_full", Severity::warning,
        fmt::format("{} has {:.1f} MB left.", path, static_cast<double>(*d.free_octets) / 1e6))
        .means = means;
  }
}

void BoxExamination::own(const OwnFacts& own) {
  for (const Service& service : own.services) {
    const bool needed = service.enabled;
    if (needed ? service.up() : service.error.empty()) continue;
    Finding& found = add("listener_down", needed ? Severity::error : Severity::warning,
                         fmt::format("The {} service does not listen: {}", service.name, said(service.error)));
    if (!needed) found.means = kWithoutStun;
  }
  if (!own.configured) return unconfigured(own);
  addresses(own);
  origins(own);
  if (causes_.sccp == "no_call_servers") {
    add("no_call_servers", Severity::warning, "SCCP is on, and no call server is configured.");
  } else if (own.sccp_enabled) {
    servers(own, Protocol::sccp);
  }
  sip(own);
  media(own.media);
}

/// Its consequences (no origins, no call servers, no address) are no findings of their own.
void BoxExamination::unconfigured(const OwnFacts& own) {
  Finding& found =
      add("not_configured", Severity::error, "No central server is set, nor anything else to give to phones.");
  if (!own.loopback_only) found.means = "Phones that come here get \"file not found\", and none can register.";
}

void BoxExamination::addresses(const OwnFacts& own) {
  if (!own.phone_addresses.empty()) return;
  if (!own.loopback_only) {
    Finding& none = add("no_address", Severity::error, "This box has no address that a phone could reach.");
    if (!own.only_ipv6) return;
    none.seen = "This box has IPv6 addresses only.";
    none.means = "Cisco 7900 phones take an IPv4 address as TFTP Server 1, so none can reach this box.";
    none.remedy = "Give this box an IPv4 address in the phones' network. Toward the central server IPv6 is enough.";
    return;
  }
  Finding& found = add("no_address", Severity::info, "This box listens on loopback addresses only.");
  found.means = "No phone can reach it; programs on this machine can, as for a trial.";
  found.remedy = "For phones, name an address that they reach in access.listen.";
}

void BoxExamination::origins(const OwnFacts& own) {
  if (own.origins.empty()) {
    add("no_origins", Severity::error, "No file server is set.");
    return;
  }
  const bool all_down = std::ranges::none_of(own.origins, &OriginState::healthy);
  for (const OriginState& origin : own.origins) {
    if (origin.healthy) continue;
    if (!all_down && !origin.has_answered) {
      add("origin_never_answered", Severity::info,
          fmt::format("{} has never answered: {}", said(origin.url), said(origin.last_error)))
          .about = origin.url;
      continue;
    }
    Finding& found = add("origin_down", all_down ? Severity::error : Severity::warning,
                         fmt::format("{} does not answer: {}", said(origin.url), said(origin.last_error)));
    found.about = origin.url;
    found.means = all_down ? "Phones get what is in the cache; what is not there, they do not get."
                           : "Files come from the other file servers meanwhile.";
  }
  cache(own);
}

void BoxExamination::cache(const OwnFacts& own) {
  if (own.cache_enabled && own.cache.storing) return;
  Finding& found = add("cache_off", Severity::warning,
                       own.cache_enabled ? fmt::format("Nothing can be kept in {}.", said(own.cache.directory))
                                         : std::string("The disk cache is turned off."));
  found.remedy = own.cache_enabled ? "Check that the directory exists, belongs to the dropwire user and that the "
                                     "disk has room (df -h)."
                                   : "Set cache.enable = true.";
}

void BoxExamination::sip(const OwnFacts& own) {
  const auto service = std::ranges::find(own.services, "sip", &Service::name);
  if (service == own.services.end()) return;
  if (causes_.sip == "sip_off") {
    add("sip_off", Severity::warning, "SIP is off, and phones with SIP firmware are known here.");
  } else if (causes_.sip == "no_sip_servers") {
    add("no_sip_servers", Severity::warning, "SIP is on, and no SIP server is configured.");
  } else if (service->enabled) {
    servers(own, Protocol::sip);
  }
}

/// The servers of one protocol, at least one.
void BoxExamination::servers(const OwnFacts& own, Protocol protocol) {
  const bool all_down = !causes_.of(protocol).empty();
  const bool by_sip = protocol == Protocol::sip;
  // Where all phones have SCCP firmware nothing is missing.
  const bool nobody_misses_it =
      by_sip && !own.sip_phones && std::ranges::any_of(own.call_servers, [](const CallServer& s) {
        return s.protocol == Protocol::sccp && s.up && s.phones > 0;
      });
  const Severity severity = nobody_misses_it ? Severity::info : all_down ? Severity::error : Severity::warning;
  for (const CallServer& server : own.call_servers) {
    if (!ails(server, now_) || server.protocol != protocol) continue;
    const bool udp = server.transport == "udp";
    std::string seen = fmt::format("The {} server {} {}", by_sip ? "SIP" : "call", said(server.name),
                                   udp ? "does not answer" : "can't be reached");
    if (!server.last_error.empty()) seen += ": " + said(server.last_error);
    if (server.last_answer) {
      seen += fmt::format("; it answered last {} ago", to_words(now_ - *server.last_answer));
    } else if (server.since) {
      seen += fmt::format("; it has not answered since it was asked first, {} ago", to_words(now_ - *server.since));
    }
    Finding& found =
        by_sip ? add("sip_server_down", severity, std::move(seen)) : add("call_server_down", severity, std::move(seen));
    found.about = fmt::format("{} {}", server.transport, server.name);
    found.means = all_down
                      ? fmt::format("No phone can register or call by {} until it answers.", by_sip ? "SIP" : "SCCP")
                      : std::string("Phones register with the others meanwhile.");
    found.remedy = udp ? "Check that it runs, that it answers OPTIONS from this box's address, and that no firewall is "
                         "between (UDP)."
                       : "Check that it runs and listens there, and that no firewall is between: nc -vz followed by "
                         "host and "
                         "port.";
    if (all_down && !box_.hosted)
      found.remedy = fmt::format("Tell your operator: \"{} does not answer my Dropwire by {}.\" If it is your own: ",
                                 said(server.name), by_sip ? "SIP" : "SCCP") +
                     found.remedy;
    if (by_sip && !own.sip_phones) found.remedy += " If no phone here has SIP firmware: access.sip.enable = false.";
  }
}

void BoxExamination::media(const MediaState& media) {
  if (too_slow(media)) {
    Finding& found = add(
        "media_too_slow", Severity::error,
        fmt::format(
            "In the last five minutes {} of {} audio packets ({:.1f} %) waited in this box until they were too old.",
            media.dropped, media.lately,
            100.0 * static_cast<double>(media.dropped) / static_cast<double>(media.lately)));
    if (media.fast_path.state != FastPathState::State::on && !media.fast_path.why.empty())
      found.remedy += fmt::format(" The kernel could carry media at a small part of the cost, but does not: {}.",
                                  media.fast_path.why);
  }
  if (media.capacity == 0 || media.streams * 100 < media.capacity * kFullPercent) return;
  const bool full = media.streams >= media.capacity;
  Finding& found = add("media_ports_used_up", full ? Severity::error : Severity::warning,
                       fmt::format("{} of {} media streams are in use.", media.streams, media.capacity));
  if (full) found.means = "A further call has no audio.";
}

void BoxExamination::clock() {
  if (now_ < kNotBefore) {
    add("clock_wrong", Severity::error, fmt::format("The clock says {}.", to_rfc3339(now_)));
  } else if (box_.clock_synchronised == false) {
    add("clock_not_synchronised", Severity::info, "The kernel says that nothing keeps the clock right.");
  }
}

}  // namespace

bool too_slow(const MediaState& media) {
  return media.dropped >= kDroppedPackets && media.dropped * 100 >= media.lately * kDroppedPercent;
}

bool ails(const CallServer& server, WallTime now) {
  // One that was not asked may be there; one that was asked and never answered is not.
  const bool long_silent = server.state() == CallServer::State::silent && now - *server.since >= kSilentServer;
  return server.state() == CallServer::State::down || long_silent;
}

std::string_view to_string(FastPathState::State state) {
  switch (state) {
    case FastPathState::State::off:
      return "off";
    case FastPathState::State::unavailable:
      return "unavailable";
    case FastPathState::State::on:
      return "on";
  }
  return "off";
}

std::string_view to_string(CallServer::State state) {
  switch (state) {
    case CallServer::State::untried:
      return "untried";
    case CallServer::State::silent:
      return "silent";
    case CallServer::State::up:
      return "up";
    case CallServer::State::down:
      return "down";
  }
  return "untried";
}

std::vector<Finding> box_findings(const BoxFacts& box, WallTime now) {
  return BoxExamination(box, now).run();
}

}  // namespace dw::doctor
