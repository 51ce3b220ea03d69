#include <fmt/format.h>
#include <termios.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <optional>

#include "sbc/daemon/admin_access.hpp"
#include "sbc/daemon/commands.hpp"
#include "sbc/daemon/control_client.hpp"

/// `dropwire passwd`: who may use the admin side.
namespace dw::commands {
namespace {

/// Switches the terminal's echo off while this exists; signals are blocked, so that it is always switched on again. An
/// interrupt (Ctrl-C) ends the line at once, and is its last character.
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
    quiet.c_cc[VEOL] = before_.c_cc[VINTR];
    tcsetattr(terminal_, TCSAFLUSH, &quiet);
  }
  ~Quiet() {
    tcsetattr(terminal_, TCSAFLUSH, &before_);
    sigprocmask(SIG_SETMASK, &signals_, nullptr);
  }
  Quiet(const Quiet&) = delete;
  Quiet& operator=(const Quiet&) = delete;
  char interrupt() const { return static_cast<char>(before_.c_cc[VINTR]); }

 private:
  int terminal_;
  termios before_{};
  sigset_t signals_{};
};

/// One line without its end; if it is too long for a password, only the beginning. Nothing at the end of the input, or
/// after `interrupt`.
std::optional<std::string> read_line(std::optional<char> interrupt = std::nullopt) {
  std::string line;
  for (char c = 0; line.size() <= admin::kMaxPassword && ::read(STDIN_FILENO, &c, 1) == 1;) {
    if (c == '\n') return line;
    if (c == interrupt) return std::nullopt;
    line += c;
  }
  return line.empty() ? std::nullopt : std::optional(line);
}

/// The same, with a prompt at a terminal.
std::optional<std::string> read_answer(const Quiet& quiet) {
  auto line = read_line(quiet.interrupt());
  if (!line) fmt::print(stderr, "\n");  // nobody pressed Enter
  return line;
}

Result<std::string> ask_password(bool from_stdin, bool reader) {
  constexpr const char* kNone = "no password came; nothing was changed";
  if (from_stdin || isatty(STDIN_FILENO) != 1) {
    if (!from_stdin) return fail(Errc::invalid, "there is no terminal to ask at: give the password with --stdin");
    auto line = read_line();
    if (!line) return fail(Errc::invalid, kNone);
    return *line;
  }
  const Quiet quiet(STDIN_FILENO);
  fmt::print(stderr, "New password for {} (at least {} characters): ",
             reader ? "those who may only read Dropwire's status page" : "Dropwire's status page", admin::kMinPassword);
  const auto first = read_answer(quiet);
  if (!first) return fail(Errc::invalid, kNone);
  if (auto ok = admin::check_password(*first); !ok) return std::unexpected(ok.error());
  fmt::print(stderr, "Once more: ");
  const auto second = read_answer(quiet);
  if (!second) return fail(Errc::invalid, kNone);
  if (*first != *second) return fail(Errc::invalid, "the two differ; nothing was changed");
  return *first;
}

/// Whether the file can probably be written: checked before a password is asked for.
Result<void> look_whether_writable(const std::string& path) {
  const std::string folder = std::filesystem::path(path).parent_path().string();
  if (::access(folder.empty() ? "." : folder.c_str(), W_OK | X_OK) == 0) return {};
  return fail_errno(errno, "writing the password file " + path);
}

std::string with_root_hint(std::string text) {
  return geteuid() == 0 ? text : text + " (root may: use sudo)";
}

/// Has the daemon read the file; returns the message about that.
std::string tell_daemon(const Ask& ask) {
  net::UnixHttpRequest request;
  request.method = "POST";
  request.target = "/api/reload";
  const auto reply = ControlClient(socket_of(ask)).ask(std::move(request));
  if (!reply) {
    return reply.error().code == Errc::not_found
               ? "Dropwire is not running; it reads the file when it starts.\n"
               : fmt::format("The running Dropwire could not be asked to use it: {}\n", reply.error().text);
  }
  if (reply->status == 200) return "The running Dropwire uses it from now on.\n";
  return "The running Dropwire refused its settings, and with them this change: \"dropwire check\" tells why.\n";
}

}  // namespace

int passwd(const Ask& ask, Passwd what, bool reader, bool from_stdin) {
  const conf::Loaded loaded = conf::load(ask.settings);
  if (!loaded.ok()) return complain(with_root_hint("the settings can't be used: \"dropwire check\" tells why"));
  const conf::Admin& settings = loaded.config.admin;
  const std::string page_path = page_password_file(loaded.config);
  // A password chosen on the page takes precedence over the file, so the new one is written there.
  const bool on_page = what == Passwd::set && !reader && ::access(page_path.c_str(), F_OK) == 0;
  const std::string& path = on_page ? page_path : settings.password_file;
  auto credentials = admin::read_credentials(path);
  if (!credentials && credentials.error().code != Errc::malformed)
    return complain(with_root_hint(credentials.error().text));
  if (const auto ok = look_whether_writable(path); !ok) return complain(with_root_hint(ok.error().text));
  admin::Credentials wanted = credentials.value_or(admin::Credentials{});
  std::string token;
  switch (what) {
    case Passwd::set: {
      const auto password = ask_password(from_stdin, reader);
      if (!password) return complain(password.error().text);
      const auto hash = admin::hash_password(*password);
      if (!hash) return complain(hash.error().text);
      (reader ? wanted.reader_password : wanted.password) = *hash;
      break;
    }
    case Passwd::token:
      token = admin::new_token();
      (reader ? wanted.reader_token : wanted.token) = net::sha256(as_bytes(token));
      break;
    case Passwd::remove:
      if (reader) {
        wanted.reader_password.reset();
        wanted.reader_token.reset();
        break;
      }
      if (settings.enable && !settings.listen.address.is_loopback()) {
        return complain(
            fmt::format("admin.listen {} is open to other machines and needs a password: set it to "
                        "127.0.0.1 first",
                        settings.listen.to_string()));
      }
      wanted = {};
      if (unlink(page_path.c_str()) != 0 && errno != ENOENT)
        return complain(with_root_hint(fail_errno(errno, "removing " + page_path).error().text));
      break;
  }
  if (const auto written = write_credentials(path, wanted); !written)
    return complain(with_root_hint(written.error().text));
  if (what == Passwd::token) say(token + "\n");
  const char* done = what == Passwd::set     ? "The password is set"
                     : what == Passwd::token ? "The token is shown this once: Authorization: Bearer TOKEN. It is set"
                     : reader                ? "Password and token of the reader are removed"
                                             : "Password and token are removed";
  fmt::print(stderr, "{} ({}). {}", done, path, tell_daemon(ask));
  return kDone;
}

}  // namespace dw::commands
