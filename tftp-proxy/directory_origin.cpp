#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <ctime>
#include <optional>

#include "sbc/base/text_cursor.hpp"
#include "sbc/net/descriptor.hpp"
#include "tftp-proxy/core/spelling.hpp"
#include "tftp-proxy/origin.hpp"

namespace dw::provisioning {
namespace {

constexpr std::size_t kMaxEntries = 200'000;  // of one directory that are looked at for another spelling
constexpr std::size_t kMaxDepth = 32;         // directories in a name
constexpr std::size_t kMaxLinks = 16;         // symbolic links on the way to a file

struct ReadJob {
  std::string directory, name, label, etag;
  std::uint64_t max_file = 0;

  // Out:
  Result<OriginEnd::Success> result = OriginEnd::Success::complete;
  bool reached = true;
  std::string real;
  std::vector<std::string> near;
  ContentMeta meta;
  Buffer octets;

  void run();

 private:
  void give_up(Errc code, const std::string& why) { result = fail(code, label + ": " + why); }
  void give_up_errno(int error);
  bool open_file(net::Descriptor& at);
  bool refuse_link();
  void read_all(int file, const struct stat& status);
};

void ReadJob::give_up_errno(int error) {
  switch (error) {
    case ENOENT:
    case ENOTDIR:
      give_up(Errc::not_found, "it has no such file");
      return;
    case EACCES:
    case EPERM:
      give_up(Errc::forbidden, "no right to read this file");
      return;
    default:
      result = fail_errno(error, "reading from " + label);
      result.error().code = Errc::unavailable;
      return;
  }
}

/// Calls `look` with the name of each entry, of at most kMaxEntries.
void list(int directory, const auto& look) {
  // A descriptor of its own: closedir closes it, and the position is not shared.
  const int copy = ::openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR* listing = copy >= 0 ? ::fdopendir(copy) : nullptr;
  if (listing == nullptr) {
    if (copy >= 0) ::close(copy);
    return;
  }
  for (std::size_t seen = 0; seen < kMaxEntries; ++seen) {
    const dirent* entry = ::readdir(listing);
    if (entry == nullptr) break;
    look(std::string_view(entry->d_name));
  }
  ::closedir(listing);
}

/// The entry that is `wanted` in another case; of several the first in the order of their octets.
std::string other_case(int directory, std::string_view wanted) {
  std::string best;
  list(directory, [&](std::string_view name) {
    if (equal_ignoring_case(name, wanted) && (best.empty() || name < best)) best = name;
  });
  return best;
}

/// One part of a path that is still to be opened.
struct Part {
  std::string name;
  bool asked = false;  ///< of the name that was asked, not of a link's target
};

void push_parts(std::vector<Part>& stack, std::string_view path, bool asked) {
  std::vector<Part> parts;
  while (!path.empty()) {
    const std::size_t slash = std::min(path.find('/'), path.size());
    if (slash > 0) parts.push_back({std::string(path.substr(0, slash)), asked});
    path.remove_prefix(std::min(slash + 1, path.size()));
  }
  stack.insert(stack.end(), parts.rbegin(), parts.rend());
}

/// The target of a link; empty when it is none.
std::string link_target(int directory, const std::string& name) {
  std::array<char, PATH_MAX> target{};
  const ssize_t size = ::readlinkat(directory, name.c_str(), target.data(), target.size());
  return size > 0 && static_cast<std::size_t>(size) < target.size()
             ? std::string(target.data(), static_cast<std::size_t>(size))
             : "";
}

/// An absolute target as a path below the tree, which may be written as it is configured or as it is really called;
/// nothing: it leads out.
std::optional<std::string> below_tree(const std::string& target, const std::string& directory) {
  std::array<char, PATH_MAX> real{};
  const std::string real_directory = ::realpath(directory.c_str(), real.data()) ? real.data() : directory;
  for (const std::string& tree : {directory, real_directory}) {
    const std::string prefix = tree == "/" ? tree : tree + "/";
    if (target.starts_with(prefix)) return target.substr(prefix.size());
    if (target == tree) return "";
  }
  return std::nullopt;
}

/// Walks the name one part at a time, each opened below the one before and never by the kernel through a symbolic link.
/// A link is read, and its target walked in the same way: so it is followed where it stays in the tree, and no name and
/// no race leads out. Ends with the file in `at`.
bool ReadJob::open_file(net::Descriptor& at) {
  std::vector<Part> stack;
  std::vector<net::Descriptor> above;  // of the directories between the tree's root and `at`
  push_parts(stack, name, true);
  const bool odd = name.starts_with('/') || name.ends_with('/') || name.contains("//") || name.contains('\0');
  if (stack.empty() || odd ||
      std::ranges::any_of(stack, [](const Part& p) { return p.name == "." || p.name == ".."; })) {
    give_up(Errc::forbidden, "the name climbs out of the tree");
    return false;
  }
  std::size_t links = 0;
  while (!stack.empty()) {
    Part part = std::move(stack.back());
    stack.pop_back();
    const bool last = stack.empty();
    if (part.name == ".") continue;
    if (part.name == "..") {
      if (above.empty()) return refuse_link();
      at = std::move(above.back());
      above.pop_back();
      continue;
    }
    if (above.size() > kMaxDepth) {
      give_up(Errc::forbidden, "the name climbs out of the tree");
      return false;
    }
    // O_NONBLOCK: a FIFO or a device is opened without waiting, and then refused for what it is.
    const int flags = O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK | (last ? 0 : O_DIRECTORY);
    int next = ::openat(at.number(), part.name.c_str(), flags);
    if (next < 0 && errno == ENOENT) {
      const std::string other = other_case(at.number(), part.name);
      if (!other.empty()) {
        part.name = other;
        next = ::openat(at.number(), part.name.c_str(), flags);
      } else {
        list(at.number(), [&](std::string_view entry) {
          if (last && near.size() < OriginEnd::kMaxNear && is_one_typo_away(part.name, entry)) near.emplace_back(entry);
        });
        errno = ENOENT;
      }
    }
    if (part.asked) real += real.empty() ? part.name : "/" + part.name;
    const int why = errno;
    if (next < 0 && (why == ELOOP || why == ENOTDIR)) {
      const std::string target = link_target(at.number(), part.name);
      if (!target.empty()) {
        if (++links > kMaxLinks) return refuse_link();
        if (!target.starts_with('/')) {
          push_parts(stack, target, false);
          continue;
        }
        const auto below = below_tree(target, directory);
        if (!below) return refuse_link();
        if (!above.empty()) at = std::move(above.front());
        above.clear();
        push_parts(stack, *below, false);
        continue;
      }
    }
    if (next < 0) {
      give_up_errno(why);
      return false;
    }
    above.push_back(std::move(at));
    at = net::Descriptor(next);
  }
  return true;
}

bool ReadJob::refuse_link() {
  give_up(Errc::not_found, "a symbolic link that leads out of the directory, which is not followed");
  return false;
}

std::string http_date(std::time_t at) {
  static constexpr const char* kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                            "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  std::tm t{};
  ::gmtime_r(&at, &t);
  char text[64];
  const int n = std::snprintf(text, sizeof text, "%s, %02d %s %d %02d:%02d:%02d GMT", kDays[t.tm_wday], t.tm_mday,
                              kMonths[t.tm_mon], t.tm_year + 1900, t.tm_hour, t.tm_min, t.tm_sec);
  return {text, static_cast<std::size_t>(std::max(n, 0))};
}

void ReadJob::read_all(int file, const struct stat& status) {
  const auto size = static_cast<std::uint64_t>(status.st_size);
  octets.resize(static_cast<std::size_t>(size));
  std::size_t filled = 0;
  while (filled < octets.size()) {
    const ssize_t n = ::read(file, octets.data() + filled, octets.size() - filled);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return give_up_errno(errno);
    if (n == 0) return give_up(Errc::unavailable, "the file became shorter while it was read");
    filled += static_cast<std::size_t>(n);
  }
  struct stat after {};
  if (::fstat(file, &after) == 0 && after.st_size != status.st_size) {
    give_up(Errc::unavailable, "the file was written to while it was read");
  }
}

void ReadJob::run() {
  net::Descriptor at(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (at.number() < 0) {
    reached = false;
    result = fail_errno(errno, "opening " + label);
    result.error().code = Errc::unavailable;
    return;
  }
  if (!open_file(at)) return;
  struct stat status {};
  if (::fstat(at.number(), &status) != 0) return give_up_errno(errno);
  if (!S_ISREG(status.st_mode)) return give_up(Errc::not_found, "not a regular file");
  const auto size = static_cast<std::uint64_t>(status.st_size);
  if (size > max_file) return give_up(Errc::too_long, "the file has " + std::to_string(size) + " octets");
  meta.size = size;
  meta.etag = "\"" + std::to_string(status.st_ino) + "-" + std::to_string(status.st_mtim.tv_sec) + "." +
              std::to_string(status.st_mtim.tv_nsec) + "-" + std::to_string(size) + "\"";
  meta.last_modified = http_date(status.st_mtim.tv_sec);
  meta.origin = label;
  if (!etag.empty() && etag == meta.etag) {
    result = OriginEnd::Success::unchanged;
    return;
  }
  read_all(at.number(), status);
}

/// Callbacks are reached only while the fetch lives.
struct DirectoryFetch : OriginFetch {
  explicit DirectoryFetch(OriginCallbacks c) : callbacks(std::make_shared<OriginCallbacks>(std::move(c))) {}
  std::shared_ptr<OriginCallbacks> callbacks;
};

class DirectoryOrigin : public Origin {
 public:
  DirectoryOrigin(net::Loop& loop, const OriginUrl& url, const Options& options)
      : loop_(loop), directory_(url.path), label_(url.label()), max_file_(options.max_file) {}

  bool finds_any_case() const override { return true; }

  std::unique_ptr<OriginFetch> fetch(const OriginRequest& request, OriginCallbacks callbacks) override {
    auto fetch = std::make_unique<DirectoryFetch>(std::move(callbacks));
    auto job = std::make_shared<ReadJob>();
    job->directory = directory_;
    job->name = request.name;
    job->label = label_;
    job->etag = request.etag;
    job->max_file = max_file_;
    loop_.work([job] { job->run(); },
               [job, weak = std::weak_ptr<OriginCallbacks>(fetch->callbacks)] { tell(*job, weak); });
    return fetch;
  }

 private:
  /// The fetch may go away in any callback, and its callbacks with it: hold them for the call, ask each time.
  static void tell(ReadJob& job, const std::weak_ptr<OriginCallbacks>& weak) {
    if (job.result && *job.result == OriginEnd::Success::complete) {
      if (const auto c = weak.lock()) c->on_found(job.meta, job.real);
      if (const auto c = weak.lock(); c && !job.octets.empty()) c->on_octets(job.octets);
    }
    if (const auto c = weak.lock()) c->on_end({std::move(job.result), job.reached, std::move(job.near)});
  }

  net::Loop& loop_;
  std::string directory_, label_;
  std::uint64_t max_file_;
};

}  // namespace

std::unique_ptr<Origin> make_directory_origin(net::Loop& loop, const OriginUrl& url, const Origin::Options& options) {
  return std::make_unique<DirectoryOrigin>(loop, url, options);
}

std::unique_ptr<Origin> make_origin(net::Loop& loop, const OriginUrl& url, const Origin::Options& options) {
  switch (url.scheme) {
    case OriginUrl::Scheme::http:
    case OriginUrl::Scheme::https:
      return make_http_origin(loop, url, options);
    case OriginUrl::Scheme::tftp:
      return make_tftp_origin(loop, url, options);
    case OriginUrl::Scheme::file:
      return make_directory_origin(loop, url, options);
  }
  return nullptr;
}

}  // namespace dw::provisioning
