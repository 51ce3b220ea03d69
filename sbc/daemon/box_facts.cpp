#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/timex.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "sbc/base/text_cursor.hpp"
#include "sbc/daemon/doctor.hpp"
#include "sbc/daemon/words.hpp"
#include "sbc/net/descriptor.hpp"
#include "sbc/net/resolver.hpp"
#include "sbc/net/socket_address.hpp"

namespace dw::doctor {
namespace {

namespace fs = std::filesystem;

/// Inodes of the sockets that hold a port, from /proc/net/udp and the like: the local address is the second
/// word ("00000000:0045"), the state the fourth (0A: listening), the inode the tenth.
std::set<std::string> inodes_holding(std::uint16_t port, bool udp) {
  std::set<std::string> inodes;
  const std::string wanted = fmt::format(":{:04X}", port);
  const std::string tables = udp ? "/proc/net/udp" : "/proc/net/tcp";
  for (const std::string& table : {tables, tables + "6"}) {
    std::ifstream in(table);
    for (std::string line; std::getline(in, line);) {
      std::istringstream row(line);
      std::vector<std::string> parts;
      for (std::string part; parts.size() < 10 && row >> part;)
        parts.push_back(part);
      if (parts.size() == 10 && parts[1].ends_with(wanted) && (udp || parts[3] == "0A")) inodes.insert(parts[9]);
    }
  }
  return inodes;
}

/// "dnsmasq (process 812)"; empty if we have no permission to see it.
std::string holder_of(std::uint16_t port, bool udp) {
  const std::set<std::string> inodes = inodes_holding(port, udp);
  if (inodes.empty()) return {};
  std::error_code failure;
  for (fs::directory_iterator process("/proc", failure), end; !failure && process != end; process.increment(failure)) {
    const std::string id = process->path().filename().string();
    if (!parse_number(id, UINT32_MAX)) continue;
    std::error_code hidden;
    for (fs::directory_iterator fd(process->path() / "fd", hidden); !hidden && fd != end; fd.increment(hidden)) {
      std::error_code gone;
      const std::string target = fs::read_symlink(fd->path(), gone).string();
      if (!target.starts_with("socket:[") || !inodes.contains(target.substr(8, target.size() - 9))) continue;
      std::string name;
      std::ifstream comm(process->path() / "comm");
      std::getline(comm, name);
      return fmt::format("{} (process {})", words::printable(name), id);
    }
  }
  return {};
}

PortUse try_port(std::string setting, const Endpoint& at, bool udp) {
  PortUse use{std::move(setting), at, udp, PortUse::State::free, {}, {}, true};
  const auto failed = [&] {
    use.state = errno == EADDRINUSE                 ? PortUse::State::taken
                : errno == EACCES || errno == EPERM ? PortUse::State::not_allowed
                : errno == EADDRNOTAVAIL            ? PortUse::State::no_such_address
                                                    : PortUse::State::failed;
    use.error = fail_errno(errno, "listening").error().text;
    if (use.state == PortUse::State::taken) use.holder = holder_of(at.port, udp);
    return use;
  };
  const net::Descriptor socket(
      ::socket(at.address.is_v6() ? AF_INET6 : AF_INET, (udp ? SOCK_DGRAM : SOCK_STREAM) | SOCK_CLOEXEC, 0));
  if (!socket) return failed();
  const int on = 1;
  if (!udp) setsockopt(socket.number(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  if (at.address.is_v6()) setsockopt(socket.number(), IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
  const net::SocketAddress address = net::to_socket_address(at);
  if (bind(socket.number(), &address.any, address.size()) != 0) return failed();
  if (!udp && listen(socket.number(), 1) != 0) return failed();
  return use;
}

DirectoryUse look_at_directory(std::string setting, const std::string& path) {
  DirectoryUse use{std::move(setting), path, DirectoryUse::State::usable, std::nullopt};
  struct stat about {};
  if (stat(path.c_str(), &about) != 0) {
    use.state = errno == ENOENT ? DirectoryUse::State::missing : DirectoryUse::State::not_ours;
  } else if (!S_ISDIR(about.st_mode)) {
    use.state = DirectoryUse::State::not_a_directory;
  } else if (geteuid() != 0 && about.st_uid != geteuid()) {
    use.state = DirectoryUse::State::not_ours;  // whether the daemon's user may write, only that user can try
  } else if (access(path.c_str(), W_OK | X_OK) != 0) {
    use.state = DirectoryUse::State::not_writable;
  }
  struct statvfs room {};
  if (use.state != DirectoryUse::State::missing && statvfs(path.c_str(), &room) == 0) {
    use.free_octets = std::uint64_t{room.f_bavail} * room.f_frsize;
  }
  return use;
}

std::optional<bool> clock_synchronised() {
  timex state{};
  const int answer = adjtimex(&state);
  if (answer < 0) return std::nullopt;
  return answer != TIME_ERROR && (state.status & STA_UNSYNC) == 0;
}

std::vector<PortUse> look_at_ports(const conf::Config& config) {
  std::vector<PortUse> ports;
  const conf::Access& access = config.access;
  for (const IpAddress& address : access.listen) {
    const auto look = [&](bool enabled, const char* setting, std::uint16_t port, bool udp) {
      if (enabled) ports.push_back(try_port(setting, {address, port}, udp));
    };
    look(access.tftp.enable, "access.tftp.port", access.tftp.port, true);
    look(access.sccp.enable, "access.sccp.port", access.sccp.port, false);
    look(access.http.enable, "access.http.port", access.http.port, false);
    look(access.sip.enable, "access.sip.port", access.sip.port, true);
    look(access.sip.enable, "access.sip.port", access.sip.port, false);
    const std::size_t stun = ports.size();
    look(access.stun.enable, "access.stun.port", access.stun.port, true);
    look(access.stun.enable, "access.stun.alternate_port", access.stun.alternate_port, true);
    for (std::size_t i = stun; i < ports.size(); ++i)
      ports[i].needed = false;
  }
  if (config.admin.enable) ports.push_back(try_port("admin.listen", config.admin.listen, false));
  return ports;
}

std::vector<DirectoryUse> look_at_directories(const conf::Config& config) {
  std::vector<DirectoryUse> out;
  if (config.cache.enable) out.push_back(look_at_directory("cache.dir", config.cache.dir));
  out.push_back(look_at_directory("state.dir", config.state.dir));
  return out;
}

}  // namespace

BoxFacts look_at_box(const conf::Loaded& loaded, BoxFacts::Daemon daemon, const std::string& socket) {
  BoxFacts box;
  box.daemon = daemon;
  box.socket = socket;
  box.hosted = loaded.config.mode == conf::Mode::hosted;
  add_settings(box, loaded, net::local_addresses());
  if (daemon == BoxFacts::Daemon::running) return box;
  box.look_at_clock = true;
  box.clock_synchronised = clock_synchronised();
  if (daemon == BoxFacts::Daemon::forbidden) return box;
  box.ports = look_at_ports(loaded.config);
  box.directories = look_at_directories(loaded.config);
  return box;
}

BoxFacts look_from_inside(const admin::Status& status, const conf::Config& config) {
  BoxFacts box;
  box.own = own_facts(status, config);
  box.hosted = config.mode == conf::Mode::hosted;
  box.configs_open = box.hosted && config.central.configured() && config.access.provisioning.phones == "all";
  box.mapping = status.router.facts;
  box.audio = status.audio;
  box.forward = ports_to_forward(config);
  box.directories = look_at_directories(config);
  box.look_at_clock = true;
  box.clock_synchronised = clock_synchronised();
  return box;
}

}  // namespace dw::doctor
