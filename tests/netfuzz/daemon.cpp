#include "tests/netfuzz/daemon.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <sstream>

namespace dw::netfuzz {

namespace fs = std::filesystem;

Daemon::Daemon(const std::string& binary, const Places& places) : binary_(binary) {
  std::string name = (fs::temp_directory_path() / "netfuzz-XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr) {
    std::perror("netfuzz: no temporary directory");
    std::exit(2);
  }
  directory_ = name;
  for (const char* const folder : {"files", "cache", "state"})
    fs::create_directories(directory_ / folder);
  write_config(places);
}

Daemon::~Daemon() {
  if (process_ > 0) {
    kill(process_, SIGKILL);
    waitpid(process_, nullptr, 0);
  }
  std::error_code ignored;
  if (!keep_) fs::remove_all(directory_, ignored);
}

void Daemon::add_file(const std::string& name, const std::string& content) const {
  std::ofstream(directory_ / "files" / name, std::ios::binary) << content;
}

void Daemon::write_config(const Places& places) const {
  const std::string d = directory_.string(), central = places.central();
  const auto number = [](unsigned n) { return std::to_string(n); };
  std::ofstream(directory_ / "dropwire.toml")
      << "mode = \"hosted\"\n"
      << "access.listen = [\"" << places.daemon() << "\"]\naccess.tftp.port = " << number(Places::kTftp) << "\n"
      << "central.provisioning.origins = [\"http://" << central << ":6970/\", \"file://" << d << "/files/\"]\n"
      << "central.sip.servers = [\"udp:" << central << ":" << number(Places::kSip) << "\"]\n"
      << "central.sccp.servers = [\"" << central << ":" << number(Places::kSccp) << "\"]\n"
      << "media.ports = \"" << number(Places::kFirstMedia) << "-"
      << number(Places::kFirstMedia + Places::kMediaPorts - 1) << "\"\n"
      << "cache.dir = \"" << d << "/cache\"\nstate.dir = \"" << d << "/state\"\n"
      << "admin.listen = \"" << places.daemon() << ":8079\"\nadmin.socket = \"" << d << "/control\"\n"
      << "admin.password_file = \"" << d << "/password\"\nlog.level = \"info\"\ndrain.timeout = \"0s\"\n"
      << "access.sip.ban = \"0s\"\naccess.sip.message_rate = 100000\naccess.sip.registered_message_rate = 100000\n"
      << "access.sip.connection_rate = 10000\naccess.sip.unregistered_calls = true\naccess.sip.calls_per_source = 0\n"
      << "access.sip.call_attempts_per_source = 0\naccess.sip.call_attempts_per_phone = 0\naccess.sip.media_idle = \"10s\"\n"
      << "access.sccp.connection_rate = 10000\naccess.sccp.registrations_per_minute = 1000\naccess.sccp.media_idle = \"10s\"\n"
      << "access.sccp.call_attempts_per_phone = 0\naccess.sccp.call_attempts_per_source = 0\naccess.sccp.calls_per_source = 0\n"
      << "access.tftp.unproven_rate = 10000\naccess.tftp.give_up = \"5s\"\naccess.http.idle_timeout = \"5s\"\n"
      << "access.stun.rate = 10000\ncentral.sip.register_rate = 100000\n";
}

void Daemon::start() {
  process_ = fork();
  if (process_ != 0) return;
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  const int log = open((directory_ / "log").c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  dup2(log, 1);
  dup2(log, 2);
  // What is freed is kept back for a while: enough to see who uses it still, and no more than tells of a leak.
  setenv("ASAN_OPTIONS", "quarantine_size_mb=16:detect_leaks=1", 1);
  setenv("UBSAN_OPTIONS", "halt_on_error=1:print_stacktrace=1", 1);
  execl(binary_.c_str(), binary_.c_str(), "run", "--config", (directory_ / "dropwire.toml").c_str(), nullptr);
  _exit(127);
}

bool Daemon::runs() {
  int status = 0;
  if (process_ < 0 || waitpid(process_, &status, WNOHANG) == 0) return process_ > 0;
  process_ = -1;
  how_ = "status " + std::to_string(status);
  return false;
}

bool Daemon::stop() {
  kill(process_, SIGTERM);
  int status = 0;
  waitpid(process_, &status, 0);
  process_ = -1;
  how_ = "status " + std::to_string(status);
  return status == 0;
}

long Daemon::resident_kib() const {
  std::ifstream status("/proc/" + std::to_string(process_) + "/status");
  for (std::string line; std::getline(status, line);)
    if (line.starts_with("VmRSS:")) return std::atol(line.c_str() + 6);
  return 0;
}

std::string Daemon::log() const {
  std::ifstream in(directory_ / "log", std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

std::map<std::string, double> Daemon::metrics() const {
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un at{};
  at.sun_family = AF_UNIX;
  std::strncpy(at.sun_path, (directory_ / "control").c_str(), sizeof at.sun_path - 1);
  const timeval patience{20, 0};
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  const void* generic = &at;
  std::string answer;
  if (connect(fd, static_cast<const sockaddr*>(generic), sizeof at) == 0) {
    const std::string request = "GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    (void)!send(fd, request.data(), request.size(), MSG_NOSIGNAL);
    char part[4096];
    for (ssize_t count = 0; (count = recv(fd, part, sizeof part, 0)) > 0;)
      answer.append(part, static_cast<std::size_t>(count));
  }
  close(fd);
  std::map<std::string, double> out;
  std::istringstream lines(answer);
  for (std::string line; std::getline(lines, line);) {
    const std::size_t value = line.rfind(' '), label = line.find("{table=\"");
    if (!line.starts_with("dropwire_") || value == std::string::npos) continue;
    std::string name = line.substr(0, value);
    if (label != std::string::npos)
      name = line.substr(0, label) + " " + line.substr(label + 8, line.find('"', label + 8) - label - 8);
    out[name] = std::atof(line.c_str() + value);
  }
  return out;
}

}  // namespace dw::netfuzz
