// lab_hostile_igd ADDRESS: something on the LAN that answers every search for a router (SSDP), a thousand
// times and with as many locations, and whose descriptions are endless. Prints "ready", and how much each reader read.
#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>

namespace {

constexpr std::uint16_t kSsdpPort = 1900, kHttpPort = 5000;
constexpr int kAnswers = 1000;

sockaddr_in at(const char* address, std::uint16_t port) {
  sockaddr_in out{};
  out.sin_family = AF_INET;
  out.sin_port = htons(port);
  inet_pton(AF_INET, address, &out.sin_addr);
  return out;
}

template <class T>
const sockaddr* any(const T& address) {
  return static_cast<const sockaddr*>(static_cast<const void*>(&address));
}

int bound(int type, const sockaddr_in& own) {
  const int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);
  const int on = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (fd < 0 || bind(fd, any(own), sizeof own) != 0) {
    std::perror("bind");
    std::exit(2);
  }
  return fd;
}

void feed(int fd) {
  std::array<char, 4096> head{};
  (void)recv(fd, head.data(), head.size(), 0);
  std::string octets = "HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\n\r\n<root>";
  unsigned long long fed = 0;
  for (ssize_t count = 0; (count = send(fd, octets.data(), octets.size(), MSG_NOSIGNAL)) > 0; octets.assign(65536, 'a'))
    fed += static_cast<unsigned long long>(count);
  std::printf("fed %llu octets\n", fed);
  std::fflush(stdout);
  close(fd);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fputs("usage: lab_hostile_igd ADDRESS\n", stderr);
    return 2;
  }
  const int web = bound(SOCK_STREAM, at(argv[1], kHttpPort));
  const int ssdp = bound(SOCK_DGRAM, at("0.0.0.0", kSsdpPort));
  ip_mreq group{};
  inet_pton(AF_INET, "239.255.255.250", &group.imr_multiaddr);
  inet_pton(AF_INET, argv[1], &group.imr_interface);
  if (listen(web, 64) != 0 || setsockopt(ssdp, IPPROTO_IP, IP_ADD_MEMBERSHIP, &group, sizeof group) != 0) {
    std::perror("listen");
    return 2;
  }
  std::puts("ready");
  std::fflush(stdout);
  std::array<pollfd, 2> all = {pollfd{web, POLLIN, 0}, pollfd{ssdp, POLLIN, 0}};
  for (int place = 0; poll(all.data(), all.size(), -1) > 0;) {
    if (all[0].revents != 0) std::thread(feed, accept4(web, nullptr, nullptr, SOCK_CLOEXEC)).detach();
    if (all[1].revents == 0) continue;
    std::array<char, 2048> search{};
    sockaddr_storage from{};
    socklen_t size = sizeof from;
    (void)recvfrom(ssdp, search.data(), search.size(), 0, static_cast<sockaddr*>(static_cast<void*>(&from)), &size);
    for (int i = 0; i < kAnswers; ++i) {
      const std::string answer =
          "HTTP/1.1 200 OK\r\nST: urn:schemas-upnp-org:device:InternetGatewayDevice:1\r\nLOCATION: http://" +
          std::string(argv[1]) + ":" + std::to_string(kHttpPort) + "/" + std::to_string(place++) + ".xml\r\n\r\n";
      (void)sendto(ssdp, answer.data(), answer.size(), 0, any(from), size);
    }
  }
}
