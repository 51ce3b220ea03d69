// lab_half PORT FILE OCTETS: an HTTP server that announces FILE's whole length, sends only OCTETS octets
// of it, whatever range was requested, and closes. Says "ready" when it listens; says "broke off" for each
// answer.
#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>

namespace {

int listen_on(std::uint16_t port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in own{};
  own.sin_family = AF_INET;
  own.sin_port = htons(port);
  const void* at = &own;
  if (bind(fd, static_cast<const sockaddr*>(at), sizeof own) != 0 || listen(fd, 16) != 0) {
    std::perror("listen");
    std::exit(2);
  }
  return fd;
}

// Until the empty line, or a second of silence.
bool read_head(int fd) {
  std::string head;
  std::array<char, 4096> buffer{};
  pollfd readable{fd, POLLIN, 0};
  while (head.size() < 65536 && head.find("\r\n\r\n") == std::string::npos) {
    if (poll(&readable, 1, 1000) != 1) return false;
    const ssize_t count = read(fd, buffer.data(), buffer.size());
    if (count <= 0) return false;
    head.append(buffer.data(), static_cast<std::size_t>(count));
  }
  return true;
}

void write_all(int fd, const std::string& octets) {
  for (std::size_t at = 0; at < octets.size();) {
    const ssize_t count = send(fd, octets.data() + at, octets.size() - at, MSG_NOSIGNAL);
    if (count <= 0) return;
    at += static_cast<std::size_t>(count);
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fputs("usage: lab_half PORT FILE OCTETS\n", stderr);
    return 2;
  }
  std::ifstream in(argv[2], std::ios::binary);
  const std::string file{std::istreambuf_iterator<char>(in), {}};
  const std::string answer = "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(file.size()) + "\r\n\r\n" +
                             file.substr(0, static_cast<std::size_t>(std::atol(argv[3])));
  const int listener = listen_on(static_cast<std::uint16_t>(std::atoi(argv[1])));
  std::puts("ready");
  std::fflush(stdout);
  for (;;) {
    const int fd = accept(listener, nullptr, nullptr);
    if (fd < 0) return 1;
    if (read_head(fd)) {
      write_all(fd, answer);
      std::puts("broke off");
      std::fflush(stdout);
    }
    close(fd);
  }
}
