#include "sbc/daemon/admin_access.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <grp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>

#include "sbc/net/descriptor.hpp"

namespace dw {
namespace {

constexpr const char* kGroup = "dropwire";

/// The group that may read a password file besides its owner: the daemon's.
Result<void> give_to_daemon(int file, const std::string& path) {
  if (geteuid() != 0) return {};
  const std::size_t slash = path.rfind('/');
  const std::string folder = slash == path.npos ? "." : path.substr(0, slash);
  struct stat there {};
  if (stat(folder.c_str(), &there) == 0 && there.st_uid != 0) {
    if (fchown(file, there.st_uid, there.st_gid) != 0)
      return fail_errno(errno, "giving the password file to the owner of " + folder);
    return {};
  }
  const group* daemon = getgrnam(kGroup);
  if (daemon == nullptr) return {};
  if (fchown(file, 0, daemon->gr_gid) != 0 || fchmod(file, 0640) != 0)
    return fail_errno(errno, "giving the password file to the group dropwire");
  return {};
}

Result<void> write_all(int file, std::string_view text) {
  while (!text.empty()) {
    const ssize_t count = ::write(file, text.data(), text.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return fail_errno(errno, "writing the password file");
    text.remove_prefix(static_cast<std::size_t>(count));
  }
  if (fsync(file) != 0) return fail_errno(errno, "writing the password file");
  return {};
}

void add(conf::Loaded& loaded, conf::Problem::Severity severity, std::string_view setting, std::string text,
         std::string hint) {
  const auto resolved = std::ranges::find(loaded.resolved, setting, &conf::Resolved::name);
  std::string where = resolved == loaded.resolved.end() || resolved->from == "default" ? "" : resolved->from;
  conf::Problem problem{severity, std::move(where), 0, 0, std::move(text), std::move(hint)};
  const bool error = severity == conf::Problem::Severity::error;
  loaded.problems.insert(error ? loaded.problems.begin() : loaded.problems.end(), std::move(problem));
}

}  // namespace

std::string page_password_file(const conf::Config& config) {
  return config.state.dir + "/admin.password";
}

admin::Credentials take_credentials(conf::Loaded& loaded) {
  using Severity = conf::Problem::Severity;
  const conf::Admin& settings = loaded.config.admin;
  if (!loaded.ok() || !settings.enable) return {};
  const bool open = !settings.listen.address.is_loopback();
  auto page = admin::read_credentials(page_password_file(loaded.config));
  if (!page) {
    add(loaded, Severity::warning, "state.dir", page.error().text,
        "\"dropwire passwd\" as root replaces it; until then it counts as none");
    page = admin::Credentials{};
  }
  auto read = admin::read_credentials(settings.password_file);
  if (read && page->password) read->password = page->password;
  if (!read && page->password) {
    add(loaded, Severity::warning, "admin.password_file", read.error().text,
        "the password that was chosen on the page counts");
    read = *page;
  }
  if (!read) {
    add(loaded, open ? Severity::error : Severity::warning, "admin.password_file", read.error().text,
        "\"dropwire passwd\" as root makes it readable for the daemon; until then nobody can log in");
    return {};
  }
  if (open && !read->password) {
    add(loaded, Severity::error, "admin.listen",
        fmt::format("admin.listen {} is open to other machines and there is no password: set one with \"dropwire "
                    "passwd\", or listen on 127.0.0.1",
                    settings.listen.to_string()),
        "");
  }
  return *read;
}

Result<void> write_credentials(const std::string& path, const admin::Credentials& credentials) {
  const std::string part = path + ".new";
  if (unlink(part.c_str()) != 0 && errno != ENOENT) return fail_errno(errno, "removing " + part);
  const net::Descriptor file(::open(part.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!file) return fail_errno(errno, "writing " + part);
  auto done = write_all(file.number(), to_text(credentials));
  if (done) done = give_to_daemon(file.number(), path);
  if (done && std::rename(part.c_str(), path.c_str()) != 0) done = fail_errno(errno, "writing " + path);
  if (!done) (void)unlink(part.c_str());
  return done;
}

}  // namespace dw
