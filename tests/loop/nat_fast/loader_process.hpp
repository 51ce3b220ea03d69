#pragma once
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <array>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <optional>
#include <vector>

#include "nat/fast/core/loader_report.hpp"
#include "nat/fast/maps.hpp"
#include "tests/loop/nat_fast/kernel.hpp"

namespace dw::nat::fast::test {

constexpr auto kPatience = std::chrono::seconds(20);

/// Polls, as the kernel gives no event for it.
inline bool comes_true(const std::function<bool()>& condition) {
  const auto end = Clock::now() + kPatience;
  while (!condition()) {
    if (Clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return true;
}

inline std::string output_of(const Host& host, const std::string& command) {
  std::string out;
  host.run([&] {
    FILE* const pipe = popen(command.c_str(), "r");
    REQUIRE(pipe);
    std::array<char, 4096> piece{};
    while (const std::size_t length = std::fread(piece.data(), 1, piece.size(), pipe))
      out.append(piece.data(), length);
    pclose(pipe);
  });
  return out;
}

/// The filters of traffic control at an interface, ours and others'.
inline bool has_program(const Host& host, const std::string& interface) {
  return output_of(host, "tc filter show dev " + interface + " ingress").find("dropwire_media:[") != std::string::npos;
}
inline bool has_clsact(const Host& host, const std::string& interface) {
  return output_of(host, "tc qdisc show dev " + interface).find("clsact") != std::string::npos;
}

/// dropwire-fast, run as its unit runs it: as its own user with two capabilities.
class LoaderProcess {
 public:
  static constexpr const char* kBoth = "-all,+bpf,+net_admin";

  explicit LoaderProcess(const Host& host, const char* capabilities = kBoth, const std::string& in = {}) {
    std::array<char, 32> name{"/tmp/dropwire-fast.XXXXXX"};
    if (in.empty()) {
      REQUIRE(mkdtemp(name.data()));
      directory_ = name.data();
      owns_ = true;
      REQUIRE(chown(directory_.c_str(), kUser, kGroup) == 0);
      REQUIRE(chmod(directory_.c_str(), 0755) == 0);
    } else {
      directory_ = in;
    }
    host.run([&] {
      pid_ = fork();
      REQUIRE(pid_ >= 0);
      if (pid_ != 0) return;
      const std::string bounding = std::string("--bounding-set=") + capabilities,
                        inherited = std::string("--inh-caps=") + capabilities,
                        ambient = std::string("--ambient-caps=") + capabilities;
      execlp("setpriv", "setpriv", "--reuid=65534", "--regid=1", "--clear-groups", "--no-new-privs", bounding.c_str(),
             inherited.c_str(), ambient.c_str(), DROPWIRE_FAST, "--user", "daemon", "--directory", directory_.c_str(),
             nullptr);
      _exit(127);
    });
  }
  ~LoaderProcess() {
    if (pid_ > 0) end(SIGKILL);
    if (owns_) std::filesystem::remove_all(directory_);
  }
  LoaderProcess(const LoaderProcess&) = delete;

  /// The exit status; -1: ended by a signal.
  int end(int signal) {
    if (signal != 0) kill(pid_, signal);
    int status = 0;
    REQUIRE(waitpid(pid_, &status, 0) == pid_);
    pid_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }
  std::string socket_path() const { return directory_ + "/maps"; }
  const std::string& directory() const { return directory_; }
  std::string kept_log() const {
    std::ifstream file(directory_ + "/verifier.log");
    return {std::istreambuf_iterator<char>(file), {}};
  }

 private:
  static constexpr uid_t kUser = 65534;  // nobody
  static constexpr gid_t kGroup = 1;     // daemon
  std::string directory_;
  bool owns_ = false;
  pid_t pid_ = -1;
};

/// A client that connects to it.
class Client {
 public:
  explicit Client(const std::string& path, uid_t user = 0) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    REQUIRE(path.size() < sizeof address.sun_path);
    std::memcpy(address.sun_path, path.data(), path.size());
    bool connected = false;
    std::thread([&] {
      // On this thread only: the C library's functions would change the ids of all threads. Debian's users have groups
      // of the same number.
      if (user != 0 && (syscall(SYS_setgroups, 0, nullptr) != 0 || syscall(SYS_setresgid, user, user, user) != 0 ||
                        syscall(SYS_setresuid, user, user, user) != 0))
        return;
      connected = comes_true([&] {
        socket_ = net::Descriptor(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
        return connect(socket_.number(), static_cast<sockaddr*>(static_cast<void*>(&address)), sizeof address) == 0;
      });
    }).join();
    REQUIRE(connected);
  }

  /// The next message; nothing when the connection has ended.
  std::optional<LoaderReport> next() {
    pollfd waiting{socket_.number(), POLLIN, 0};
    REQUIRE(poll(&waiting, 1, static_cast<int>(std::chrono::milliseconds(kPatience).count())) == 1);
    Buffer octets(LoaderReport::kMaxOctets);
    iovec part{octets.data(), octets.size()};
    alignas(cmsghdr) std::array<char, 256> control{};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    const ssize_t length = recvmsg(socket_.number(), &message, MSG_CMSG_CLOEXEC);
    if (length <= 0) return std::nullopt;
    given = 0;
    for (cmsghdr* c = CMSG_FIRSTHDR(&message); c; c = CMSG_NXTHDR(&message, c)) {
      std::array<int, 3> numbers{-1, -1, -1};
      given = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
      REQUIRE(given == numbers.size());
      std::memcpy(numbers.data(), CMSG_DATA(c), sizeof numbers);
      maps = {net::Descriptor(numbers[0]), net::Descriptor(numbers[1]), net::Descriptor(numbers[2])};
    }
    const auto report = parse_loader_report(Bytes(octets).first(static_cast<std::size_t>(length)));
    REQUIRE(report);
    last = *report;
    return last;
  }
  /// Reads messages until one gives this interface that state; nothing: is not listed.
  bool says(const std::string& name, std::optional<InterfaceReport::State> state) {
    const auto end = Clock::now() + kPatience;
    while (Clock::now() < end) {
      std::optional<InterfaceReport::State> found;
      for (const InterfaceReport& one : last.interfaces)
        if (one.name == name) found = one.state;
      if (found == state) return true;
      if (!next()) return false;
    }
    return false;
  }
  void close() { socket_.reset(); }
  void send(std::string_view text) const { REQUIRE(::send(socket_.number(), text.data(), text.size(), 0) > 0); }

  LoaderReport last;
  std::size_t given = 0;  ///< descriptors with the last message
  Maps maps;

 private:
  net::Descriptor socket_;
};

}  // namespace dw::nat::fast::test
