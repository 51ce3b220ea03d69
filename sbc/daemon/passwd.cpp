#include <fmt/format.h>
#include <termios.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <optional>

#include "sbc/daemon/admin_access.hpp"
#include "sbc/daemon/commands.hpp"
#include "sbc/daemon/control_client.hpp"

/// `dropwire passwd`: who may use the admin side.
namespace dw::commands {
namespace {

/// The terminal without echo, for as long as this lives; signals wait so that it never stays so.
class Quiet {
 public:
  explicit Quiet(int terminal) : terminal_(terminal) {
    sigset_t wait;
    sigemptyset(&wait);
    for (const int number : {SIGINT, SIGTERM, SIGTSTP, SIGHUP, SIGQUIT})
      sigaddset(&wait, number);
    sigprocmask(SIG_BLOCK, &wait, &signals_);
    tcgetattr(terminal_, &before_);
    termios quiet = before_;
    quiet.c_lflag &= ~static_cast<tcflag_t>(ECHO | ISIG);
    quiet.c_lflag |= ECHONL;
    tcsetattr(terminal_, TCSAFLUSH, &quiet);
  }
  ~Quiet() {
    tcsetattr(terminal_, TCSAFLUSH, &before_);
    sigprocmask(SIG_SETMASK, &signals_, nullptr);
  }
  Quiet(const Quiet&) = delete;
  Quiet& operator=(const Quiet&) = delete;

 private:
  int terminal_;
  termios before_{};
  sigset_t signals_{};
};

/// One line without its end; nothing at the end of the input, after Ctrl-C, or when it is too long.
std::optional<std::string> read_line() {
  constexpr char kCtrlC = 3;
  std::string line;
  for (char c = 0; ::read(STDIN_FILENO, &c, 1) == 1;) {
    if (c == '\n') return line;
    if (c == kCtrlC || line.size() > admin::kMaxPassword) return std::nullopt;
    line += c;
  }
  return line.empty() ? std::nullopt : std::optional(line);
}

Result<std::string> ask_password(bool from_stdin) {
  constexpr const char* kNone = "no password came; nothing was changed";
  if (from_stdin || isatty(STDIN_FILENO) != 1) {
    if (!from_stdin) return fail(Errc::invalid, "there is no terminal to ask at: give the password with --stdin");
    auto line = read_line();
    if (!line) return fail(Errc::invalid, kNone);
    return *line;
  }
  const Quiet quiet(STDIN_FILENO);
  fmt::print(stderr, "New password for Dropwire's status page (at least {} characters): ", admin::kMinPassword);
  const auto first = read_line();
  if (!first) return fail(Errc::invalid, kNone);
  fmt::print(stderr, "Once more: ");
  const auto second = read_line();
  if (!second) return fail(Errc::invalid, kNone);
  if (*first != *second) return fail(Errc::invalid, "the two differ; nothing was changed");
  return *first;
}

/// Has the daemon read the file; what is said afterwards.
std::string tell_daemon(const Ask& ask) {
  net::UnixHttpRequest request;
  request.method = "POST";
  request.target = "/api/reload";
  const auto reply = ControlClient(socket_of(ask)).ask(std::move(request));
  if (!reply) {
    return reply.error().code == Errc::not_found ? "Dropwire is not running; it reads the file when it starts.\n"
                                                 : fmt::format("The running Dropwire was not told: {}\n",
                                                               reply.error().text);
  }
  if (reply->status == 200) return "The running Dropwire uses it from now on.\n";
  return "The running Dropwire refused its settings, and with them this change: \"dropwire check\" tells why.\n";
}

}  // namespace

int passwd(const Ask& ask, Passwd what, bool from_stdin) {
  const conf::Loaded loaded = conf::load(ask.settings);
  if (!loaded.ok()) return complain("the settings can't be used: \"dropwire check\" tells why");
  const conf::Admin& settings = loaded.config.admin;
  const std::string& path = settings.password_file;
  auto credentials = admin::read_credentials(path);
  if (!credentials && credentials.error().code != Errc::malformed) return complain(credentials.error().text);
  admin::Credentials wanted = credentials.value_or(admin::Credentials{});
  std::string token;
  switch (what) {
    case Passwd::set: {
      const auto password = ask_password(from_stdin);
      if (!password) return complain(password.error().text);
      const auto hash = admin::hash_password(*password);
      if (!hash) return complain(hash.error().text);
      wanted.password = *hash;
      break;
    }
    case Passwd::token:
      token = admin::new_token();
      wanted.token = net::sha256(as_bytes(token));
      break;
    case Passwd::remove:
      if (settings.enable && !settings.listen.address.is_loopback()) {
        return complain(fmt::format("admin.listen {} is open to other machines and needs a password: set it to "
                                    "127.0.0.1 first",
                                    settings.listen.to_string()));
      }
      wanted = {};
      break;
  }
  if (const auto written = write_credentials(path, wanted); !written) {
    return complain(geteuid() == 0 ? written.error().text
                                   : written.error().text + " (root may: use sudo)");
  }
  if (what == Passwd::token) say(token + "\n");
  const char* done = what == Passwd::set     ? "The password is set"
                     : what == Passwd::token ? "The token is shown this once: Authorization: Bearer TOKEN. It is set"
                                             : "Password and token are removed";
  fmt::print(stderr, "{} ({}). {}", done, path, tell_daemon(ask));
  return kDone;
}

}  // namespace dw::commands
