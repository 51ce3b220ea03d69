#pragma once
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <cstring>
#include <string>
#include <thread>

#include "sbc/base/endpoint.hpp"
#include "sbc/net/loop.hpp"

namespace dw::test {

/// A blocking client's connection, so that the octets of a request are exactly the test's own.
class Wire {
 public:
  explicit Wire(const Endpoint& to) : descriptor_(socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_port = htons(to.port);
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    join(reinterpret_cast<const sockaddr*>(&at), sizeof at);
  }
  explicit Wire(const std::string& path) : descriptor_(socket(AF_UNIX, SOCK_STREAM, 0)) {
    sockaddr_un at{};
    at.sun_family = AF_UNIX;
    std::strncpy(at.sun_path, path.c_str(), sizeof at.sun_path - 1);
    join(reinterpret_cast<const sockaddr*>(&at), sizeof at);
  }
  ~Wire() { close(descriptor_); }
  Wire(const Wire&) = delete;
  Wire& operator=(const Wire&) = delete;

  void send(const std::string& text) { (void)!::send(descriptor_, text.data(), text.size(), MSG_NOSIGNAL); }
  /// What comes until the other side closes, or until `enough` is among it.
  std::string receive(const std::string& enough = "") {
    std::string got;
    char part[4096];
    while (enough.empty() || got.find(enough) == std::string::npos) {
      const ssize_t count = recv(descriptor_, part, sizeof part, 0);
      if (count <= 0) break;
      got.append(part, static_cast<std::size_t>(count));
    }
    return got;
  }

 private:
  void join(const sockaddr* at, socklen_t size) {
    const timeval limit{20, 0};
    setsockopt(descriptor_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    (void)connect(descriptor_, at, size);
  }
  int descriptor_;
};

/// One request on a connection of its own, to the end of the answer, while the loop turns.
template <class To>
std::string talk(net::Loop& loop, const To& to, const std::string& request, const std::string& enough = "") {
  std::string answer;
  std::atomic<bool> done = false;
  std::thread client([&] {
    Wire wire(to);
    wire.send(request);
    answer = wire.receive(enough);
    done = true;
    loop.post([] {});
  });
  loop.run_until([&] { return done.load(); }, std::chrono::seconds(30));
  client.join();
  return answer;
}

}  // namespace dw::test
