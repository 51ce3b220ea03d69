#include "sbc/daemon/state_lock.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <cerrno>

namespace dw {

Result<StateLock> StateLock::take(const std::string& directory) {
  StateLock lock;
  if (::mkdir(directory.c_str(), 0750) != 0 && errno != EEXIST) return lock;
  lock.file_ = net::Descriptor(::open((directory + "/lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640));
  if (!lock.held()) return lock;
  if (::flock(lock.file_.number(), LOCK_EX | LOCK_NB) == 0) return lock;
  if (errno != EWOULDBLOCK) return StateLock();  // a file system without locks
  return fail(
      Errc::forbidden,
      fmt::format(
          "another Dropwire is running with the state directory {}; stop that one, or give this one its own with "
          "state.dir",
          directory));
}

}  // namespace dw
