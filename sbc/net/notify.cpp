#include "sbc/net/notify.hpp"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <limits>

#include "sbc/base/text_cursor.hpp"

namespace dw::net {

void notify_systemd(std::string_view state) {
  const char* given = std::getenv("NOTIFY_SOCKET");
  if (!given) return;
  const std::string_view path(given);
  sockaddr_un address{};
  if (path.size() < 2 || path.size() >= sizeof address.sun_path) return;
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.data(), path.size());
  if (path.front() == '@') address.sun_path[0] = '\0';  // the abstract namespace
  const int descriptor = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return;
  const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size());
  // A lost message is no reason to fail, so the result is ignored.
  (void)sendto(descriptor, state.data(), state.size(), MSG_NOSIGNAL | MSG_DONTWAIT,
               reinterpret_cast<const sockaddr*>(&address), length);
  close(descriptor);
}

unsigned long long watchdog_interval_us() {
  const char* interval = std::getenv("WATCHDOG_USEC");
  if (!interval) return 0;
  if (const char* asked = std::getenv("WATCHDOG_PID")) {
    const auto pid = parse_number(asked, std::numeric_limits<int>::max());
    if (!pid || static_cast<pid_t>(*pid) != getpid()) return 0;
  }
  return parse_number(interval, std::numeric_limits<std::uint32_t>::max() * 1'000'000ULL).value_or(0) / 2;
}

}  // namespace dw::net
