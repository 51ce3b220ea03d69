#include "sbc/net/listen_socket.hpp"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <cerrno>
#include <cstddef>
#include <cstring>

#include "sbc/net/socket_address.hpp"

namespace dw::net {
namespace {

constexpr int kBacklog = 4096;  // connections waiting to be accepted: a whole site may boot at once
constexpr int kStream = SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK;
constexpr mode_t kSocketMode = 0660;

bool is_socket(const std::string& path) {
  struct stat about {};
  return lstat(path.c_str(), &about) == 0 && S_ISSOCK(about.st_mode);
}

bool somebody_listens(const sockaddr_un& address) {
  const Descriptor probe(socket(AF_UNIX, kStream, 0));
  return connect(probe.number(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 ||
         errno != ECONNREFUSED;
}

}  // namespace

Result<Descriptor> listen_tcp(const Endpoint& where) {
  const int yes = 1;
  const SocketAddress address = to_socket_address(where);
  Descriptor listener(socket(address.any.sa_family, kStream, 0));
  const bool up =
      listener && setsockopt(listener.number(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) == 0 &&
      (where.address.is_v4() || setsockopt(listener.number(), IPPROTO_IPV6, IPV6_V6ONLY, &yes, sizeof yes) == 0) &&
      bind(listener.number(), &address.any, address.size()) == 0 && listen(listener.number(), kBacklog) == 0;
  if (!up) return fail_errno(errno, "can't listen on TCP " + where.to_string());
  return listener;
}

Result<Descriptor> listen_unix(const std::string& path) {
  const std::string doing = "can't listen on " + path;
  sockaddr_un address{};
  if (path.size() >= sizeof address.sun_path) return fail(Errc::too_long, doing + ": the path is too long");
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.data(), path.size());
  if (is_socket(path)) {
    if (somebody_listens(address)) return fail(Errc::system, doing + ": another process listens there");
    unlink(path.c_str());
  }
  Descriptor listener(socket(AF_UNIX, kStream, 0));
  // Linux gives the file the descriptor's mode (less the umask), so it is never accessible to more users than intended.
  const bool up = listener && fchmod(listener.number(), kSocketMode) == 0 &&
                  bind(listener.number(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 &&
                  chmod(path.c_str(), kSocketMode) == 0 && listen(listener.number(), kBacklog) == 0;
  if (!up) return fail_errno(errno, doing);
  return listener;
}

}  // namespace dw::net
