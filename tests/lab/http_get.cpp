#include "tests/lab/http_get.hpp"

#include <poll.h>
#include <strings.h>

#include <array>
#include <charconv>
#include <cstdio>

#include "tests/lab/socket.hpp"

namespace dw::lab {
namespace {

constexpr int kPatience = 15'000;  // milliseconds
constexpr std::size_t kAnswerMax = 64u << 20;

bool connect(const Socket& socket) {
  if (::connect(socket.fd(), socket.peer(), socket.peer_size()) == 0) return true;
  if (!socket.wait(POLLOUT, kPatience)) return false;
  int error = 0;
  socklen_t size = sizeof error;
  return getsockopt(socket.fd(), SOL_SOCKET, SO_ERROR, &error, &size) == 0 && error == 0;
}

// The value of a header, without the blanks in front of it.
std::optional<std::string_view> header(std::string_view head, std::string_view name) {
  for (std::size_t at = head.find("\r\n"); at != std::string_view::npos; at = head.find("\r\n", at + 2)) {
    std::string_view line = head.substr(at + 2);
    line = line.substr(0, line.find("\r\n"));
    if (line.size() <= name.size() || line[name.size()] != ':') continue;
    if (strncasecmp(line.data(), name.data(), name.size()) != 0) continue;
    line.remove_prefix(name.size() + 1);
    while (line.starts_with(' '))
      line.remove_prefix(1);
    return line;
  }
  return std::nullopt;
}

int number(std::string_view text) {
  int value = -1;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

// Takes what was read so far: true when the answer is complete, whether good or bad.
bool complete(std::string_view answer, Got& got) {
  const std::size_t end = answer.find("\r\n\r\n");
  if (end == std::string_view::npos) return false;
  const std::string_view head = answer.substr(0, end);
  if (!head.starts_with("HTTP/1.1 ") || header(head, "Transfer-Encoding") || header(head, "Content-Encoding")) {
    return true;
  }
  const int length = number(header(head, "Content-Length").value_or(""));
  if (length < 0) return true;
  const std::string_view body = answer.substr(end + 4);
  if (body.size() < static_cast<std::size_t>(length)) return false;
  got.code = number(head.substr(9, 3));
  got.octets = body;
  got.ok = got.code == 200 && body.size() == static_cast<std::size_t>(length);
  return true;
}

}  // namespace

std::optional<Got> http_get(const Server& server, std::string_view name) {
  const Socket socket(server.address, server.port, SOCK_STREAM);
  if (!connect(socket)) return std::nullopt;
  const std::string request = "GET /" + std::string(name) + " HTTP/1.1\r\nHost:" + server.address + ":" +
                              std::to_string(server.port) + "\r\n\r\n";
  Got got;
  got.code = -1;
  if (send(socket.fd(), request.data(), request.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(request.size())) {
    return got;
  }
  std::string answer;
  std::array<char, 16384> buffer{};
  while (answer.size() < kAnswerMax && socket.wait(POLLIN, kPatience)) {
    const ssize_t count = recv(socket.fd(), buffer.data(), buffer.size(), 0);
    if (count <= 0) break;
    answer.append(buffer.data(), static_cast<std::size_t>(count));
    if (complete(answer, got)) break;
  }
  return got;
}

}  // namespace dw::lab
