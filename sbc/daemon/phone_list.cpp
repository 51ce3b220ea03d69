#include "sbc/daemon/phone_list.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "sbc/net/descriptor.hpp"

namespace dw {
namespace {

/// Reads at most one octet more than the bound. A device or a pipe, which may never end, is no list.
Result<std::string> read_list(const std::string& path) {
  const net::Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!file) return fail_errno(errno, "reading it");
  struct stat about {};
  if (fstat(file.number(), &about) != 0) return fail_errno(errno, "reading it");
  if (!S_ISREG(about.st_mode)) return fail(Errc::invalid, "it is no regular file");
  std::string text(provisioning::kMaxPhoneListOctets + 1, '\0');
  std::size_t size = 0;
  while (size < text.size()) {
    const ssize_t count = ::read(file.number(), text.data() + size, text.size() - size);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return fail_errno(errno, "reading it");
    if (count == 0) break;
    size += static_cast<std::size_t>(count);
  }
  text.resize(size);
  return text;
}

}  // namespace

provisioning::PhoneList take_phone_list(conf::Loaded& loaded) {
  const std::string& path = loaded.config.access.provisioning.list;
  if (!loaded.ok() || path.empty()) return {};
  const auto text = read_list(path);
  auto list =
      text ? provisioning::parse_phone_list(*text) : Result<provisioning::PhoneList>(std::unexpected(text.error()));
  if (list) return std::move(*list);
  conf::Problem problem{conf::Problem::Severity::error,
                        path,
                        static_cast<unsigned>(list.error().offset),
                        1,
                        "access.provisioning.list: " + list.error().text,
                        "one phone a line, by name or MAC; # begins a comment"};
  loaded.problems.insert(loaded.problems.begin(), std::move(problem));
  return {};
}

}  // namespace dw
