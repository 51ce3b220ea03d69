// lab_probe SERVER NAME [key=value…]: sends one TFTP request, acknowledges nothing, and says what came back.
//   opcode=1  option=NAME:VALUE  source=ADDRESS  source_port=N  watch=SECONDS  broadcast=1
//   flood=N   that many requests instead, each from an address of its own below source=A.B.0.0, no answers
//   read
// The last line is "sent=S received=R packets=P": octets with IP and UDP headers.
#include <netinet/in.h>
#include <poll.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <string>

#include "tests/lab/socket.hpp"

namespace dw::lab {
namespace {

using Clock = std::chrono::steady_clock;

struct Ask {
  std::string server;
  std::string name;
  std::map<std::string, std::string> with;
  int number(const std::string& key, int otherwise) const {
    const auto it = with.find(key);
    return it == with.end() ? otherwise : std::atoi(it->second.c_str());
  }
};

std::string request(const Ask& ask) {
  std::string octets{'\0', static_cast<char>(ask.number("opcode", 1))};
  octets += ask.name + '\0' + "octet" + '\0';
  if (const auto it = ask.with.find("option"); it != ask.with.end()) {
    std::string option = it->second + '\0';
    option[option.find(':')] = '\0';
    octets += option;
  }
  return octets;
}

void bind_to(const Socket& socket, const std::string& address, int port) {
  sockaddr_storage own{};
  const socklen_t size = socket_address(address, static_cast<std::uint16_t>(port), own);
  const void* at = &own;
  if (bind(socket.fd(), static_cast<const sockaddr*>(at), size) != 0) {
    std::perror("bind");
    std::exit(2);
  }
}

bool send_request(const Socket& socket, const std::string& octets) {
  return sendto(socket.fd(), octets.data(), octets.size(), 0, socket.peer(), socket.peer_size()) ==
         static_cast<ssize_t>(octets.size());
}

int flood(const Ask& ask) {
  const std::string octets = request(ask);
  const std::string source = ask.with.at("source");
  const std::string net = source.substr(0, source.find(".0.0") + 1);
  const int count = ask.number("flood", 0);
  for (int i = 0; i < count; ++i) {
    const Socket socket(ask.server, 69, SOCK_DGRAM);
    bind_to(socket, net + std::to_string(i / 250 % 250) + "." + std::to_string(1 + i % 250), 0);
    if (!send_request(socket, octets)) socket.wait(POLLOUT, 10);
  }
  std::printf("flooded=%d\n", count);
  return 0;
}

int probe(const Ask& ask) {
  const Socket socket(ask.server, 69, SOCK_DGRAM);
  const bool v6 = ask.server.find(':') != std::string::npos;
  const std::size_t headers = v6 ? 48 : 28;
  const int on = 1;
  if (ask.with.contains("broadcast")) setsockopt(socket.fd(), SOL_SOCKET, SO_BROADCAST, &on, sizeof on);
  const auto source = ask.with.find("source");
  bind_to(socket, source != ask.with.end() ? source->second : v6 ? "::" : "0.0.0.0", ask.number("source_port", 0));
  const std::string octets = request(ask);
  if (!send_request(socket, octets)) {
    std::perror("send");
    return 2;
  }
  std::size_t received = 0;
  int packets = 0;
  const auto end = Clock::now() + std::chrono::seconds(ask.number("watch", 3));
  for (auto left = end - Clock::now(); left.count() > 0; left = end - Clock::now()) {
    if (!socket.wait(POLLIN, static_cast<int>(std::chrono::ceil<std::chrono::milliseconds>(left).count()))) break;
    std::array<unsigned char, 65536> buffer{};
    sockaddr_storage from{};
    socklen_t size = sizeof from;
    void* at = &from;
    const ssize_t count = recvfrom(socket.fd(), buffer.data(), buffer.size(), 0, static_cast<sockaddr*>(at), &size);
    if (count < 0) continue;
    ++packets;
    received += static_cast<std::size_t>(count) + headers;
    std::printf("from=%s opcode=%d number=%d octets=%zd\n", to_string(from).c_str(), buffer[1],
                buffer[2] << 8 | buffer[3], count);
  }
  std::printf("sent=%zu received=%zu packets=%d\n", octets.size() + headers, received, packets);
  return 0;
}

}  // namespace
}  // namespace dw::lab

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fputs("usage: lab_probe SERVER NAME [key=value...]\n", stderr);
    return 2;
  }
  dw::lab::Ask ask{argv[1], argv[2], {}};
  for (int i = 3; i < argc; ++i) {
    const std::string word = argv[i];
    ask.with[word.substr(0, word.find('='))] = word.substr(word.find('=') + 1);
  }
  return ask.with.contains("flood") ? dw::lab::flood(ask) : dw::lab::probe(ask);
}
