#include "sbc/daemon/doctor.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "sbc/daemon/words.hpp"
#include "tftp-proxy/core/origin_url.hpp"

namespace dw::doctor {
namespace {

using phones::Severity;

constexpr WallTime kNotBefore =
    std::chrono::sys_days{std::chrono::year{2026} / 1 / 1};  // nothing of us is older
constexpr std::uint64_t kLittleRoom = 64'000'000;            // octets

class Examination {
 public:
  Examination(const conf::Loaded& loaded, const BoxFacts& box) : loaded_(loaded), box_(box) {}

  std::vector<admin::DoctorFinding> run() {
    daemon();
    settings();
    for (const PortUse& port : box_.ports)
      look_at(port);
    for (const DirectoryUse& directory : box_.directories)
      look_at(directory);
    if (loaded_.ok()) origins();
    clock();
    return std::move(out_);
  }

 private:
  bool running() const { return box_.daemon != BoxFacts::Daemon::absent; }
  void add(const char* code, Severity severity, std::string seen, std::string means, std::string remedy) {
    out_.push_back({code, severity, std::move(seen), std::move(means), std::move(remedy)});
  }

  void daemon() {
    if (box_.daemon == BoxFacts::Daemon::absent) {
      add("not_running", Severity::error, fmt::format("Nobody answers on {}.", box_.socket),
          "Dropwire is not running (or has another control socket), so phones get nothing from this box.",
          "Start it: systemctl start dropwire. If it ends at once, journalctl -u dropwire tells why.");
    } else if (box_.daemon == BoxFacts::Daemon::forbidden) {
      add("not_allowed", Severity::warning,
          fmt::format("Dropwire runs, but you may not talk to it on {}.", box_.socket),
          "What it knows of its origins and phones is not in this report.", "Run the doctor with sudo.");
    }
  }

  void settings() {
    for (const conf::Problem& problem : loaded_.problems) {
      const bool wrong = problem.severity == conf::Problem::Severity::error;
      if (!wrong && running()) continue;  // the daemon says so itself
      const std::string place = problem.line > 0        ? fmt::format("{}:{}: ", problem.where, problem.line)
                                : problem.where.empty() ? std::string()
                                                        : problem.where + ": ";
      std::string seen = words::printable(fmt::format("Settings: {}{}.", place, problem.text));
      add(wrong ? "settings_wrong" : "settings_doubtful", wrong ? Severity::error : Severity::warning,
          std::move(seen),
          !wrong      ? "Dropwire starts with it, but perhaps not as you meant."
          : running() ? "The running Dropwire still has the settings from before; it would not start again "
                        "with these."
                      : "Dropwire does not start with these settings.",
          problem.hint.empty() ? "See \"dropwire check\"." : "Hint: " + problem.hint + ".");
    }
  }

  void look_at(const PortUse& port) {
    const std::string where =
        fmt::format("{} {} ({})", port.udp ? "UDP" : "TCP", port.at.to_string(), port.setting);
    switch (port.state) {
      case PortUse::State::free:
        return;
      case PortUse::State::taken:
        add("port_taken", Severity::error,
            fmt::format("{} is taken by {}.", where, port.holder.empty() ? "another program" : port.holder),
            "Dropwire can't listen there and does not start.",
            port.holder.empty()
                ? "Find the program with sudo ss -lunpt, and stop it or choose another port or address."
                : "Stop that program, or choose another port or address.");
        return;
      case PortUse::State::not_allowed:
        add("port_not_tried", Severity::info, fmt::format("{} was not tried: only root may.", where),
            "Whether it is free is not known.", "Run the doctor with sudo.");
        return;
      case PortUse::State::no_such_address:
        add("address_absent", Severity::error, fmt::format("{}: this machine has no such address.", where),
            "Dropwire can't listen there and does not start.",
            "Correct access.listen or admin.listen (ip address shows what there is).");
        return;
      case PortUse::State::failed:
        add("port_failed", Severity::error, fmt::format("{}: {}.", where, port.error),
            "Dropwire can't listen there.", "Choose another port or address.");
    }
  }

  void look_at(const DirectoryUse& d) {
    const bool cache = d.setting == "cache.dir";
    const char* means =
        cache ? "Files are served, but none is kept: every phone's boot crosses the internet anew."
              : "What phones did is forgotten at each restart.";
    switch (d.state) {
      case DirectoryUse::State::missing:
        add("directory_missing", Severity::info,
            fmt::format("{} = {} does not exist yet.", d.setting, d.path),
            "Dropwire makes it when it starts, if it may.",
            fmt::format("Nothing, unless it runs without systemd: install -d -o dropwire {}", d.path));
        break;
      case DirectoryUse::State::not_a_directory:
        add("directory_wrong", Severity::warning, fmt::format("{} = {} is no directory.", d.setting, d.path),
            means, fmt::format("Move it away, or choose another {}.", d.setting));
        break;
      case DirectoryUse::State::not_writable:
        add("directory_not_writable", Severity::warning,
            fmt::format("{} = {} can't be written.", d.setting, d.path), means,
            "Look for a read-only file system or its owner: ls -ld, findmnt.");
        break;
      case DirectoryUse::State::usable:
      case DirectoryUse::State::not_ours:
        break;
    }
    if (d.free_octets && *d.free_octets < kLittleRoom) {
      add("disk_nearly_full", Severity::warning,
          fmt::format("{} has {} left.", d.path, words::octets(*d.free_octets)), means,
          "Free some room, or lower cache.size.");
    }
  }

  /// An origin that is this very Dropwire would ask itself for ever.
  void origins() {
    const conf::Access& access = loaded_.config.access;
    for (const std::string& text : loaded_.config.central.provisioning.origins) {
      const auto url = provisioning::parse_origin(text);
      if (!url || url->host.empty()) continue;
      const auto address = IpAddress::parse(url->host);
      if (!address || !is_ours(*address)) continue;
      const bool same_service = url->http_family() ? access.http.enable && url->port == access.http.port
                                                   : access.tftp.enable && url->port == access.tftp.port;
      if (!same_service) continue;
      add("origin_is_this_box", Severity::error,
          fmt::format("The origin {} is this Dropwire itself.", url->label()),
          "It would ask itself, and no file would ever come.",
          "Set central to the telephone server, or give another port in central.provisioning.origins.");
    }
  }

  /// One of this machine's addresses on which we listen.
  bool is_ours(const IpAddress& address) const {
    if (!address.is_loopback() && std::ranges::find(box_.own_addresses, address) == box_.own_addresses.end())
      return false;
    return std::ranges::any_of(loaded_.config.access.listen, [&](const IpAddress& a) {
      return a == address || (a.is_unspecified() && a.is_v4() == address.is_v4());
    });
  }

  void clock() {
    if (running()) return;  // the daemon says so itself
    if (box_.now < kNotBefore) {
      add("clock_wrong", Severity::error, fmt::format("The clock says {}.", to_rfc3339(box_.now)),
          "No certificate of an https:// origin is valid at that time, and stories are dated wrongly.",
          "Turn time synchronisation on: timedatectl set-ntp true.");
    } else if (box_.clock_synchronised == false) {
      add("clock_not_synchronised", Severity::info, "The kernel says that nothing keeps the clock right.",
          "It may drift: stories are then dated wrongly, and in the end certificates refused.",
          "timedatectl set-ntp true, unless this machine's host keeps it right.");
    }
  }

  const conf::Loaded& loaded_;
  const BoxFacts& box_;
  std::vector<admin::DoctorFinding> out_;
};

}  // namespace

std::vector<admin::DoctorFinding> examine(const conf::Loaded& loaded, const BoxFacts& box) {
  return Examination(loaded, box).run();
}

}  // namespace dw::doctor
