#pragma once
// A TftpServer on loopback, files from a table, and a phone: a plain socket with its own idea of TFTP.
#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tftp-proxy/tftp_server.hpp"

namespace dw::provisioning::test {

using namespace std::chrono_literals;

class Shelf final : public Library {
 public:
  std::map<std::string, ContentPtr> files;
  std::vector<FileRequest> requests;

  ContentPtr open(const FileRequest& request) override {
    requests.push_back(request);
    const auto found = files.find(request.name);
    if (found == files.end()) return Content::failure({Errc::not_found, "not on the shelf"});
    return found->second;
  }
};

inline Buffer pattern(std::size_t size) {
  Buffer octets(size);
  for (std::size_t i = 0; i < size; ++i)
    octets[i] = static_cast<std::uint8_t>(i * 131 + i / 251);
  return octets;
}

class PhoneSocket {
 public:
  explicit PhoneSocket(const char* address = "127.0.0.1") : v6_(std::strchr(address, ':') != nullptr) {
    fd_ = socket(v6_ ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    sockaddr_storage at{};
    const socklen_t size = fill(at, address, 0);
    bound_ = fd_ >= 0 && bind(fd_, reinterpret_cast<sockaddr*>(&at), size) == 0;
  }
  ~PhoneSocket() {
    if (fd_ >= 0) close(fd_);
  }
  PhoneSocket(const PhoneSocket&) = delete;
  PhoneSocket& operator=(const PhoneSocket&) = delete;

  bool bound() const { return bound_; }
  void send(const Endpoint& to, const std::string& octets) const {
    sockaddr_storage at{};
    const socklen_t size = fill(at, to.address.to_string().c_str(), to.port);
    REQUIRE(sendto(fd_, octets.data(), octets.size(), 0, reinterpret_cast<sockaddr*>(&at), size) ==
            static_cast<ssize_t>(octets.size()));
  }
  void rrq(const Endpoint& to, const std::string& file, const std::string& options = {}) const {
    send(to, std::string("\0\1", 2) + file + '\0' + "octet" + '\0' + options);
  }
  void ack(const Endpoint& to, unsigned block) const {
    send(to, {0, 4, static_cast<char>(block >> 8U), static_cast<char>(block)});
  }
  /// One datagram and whence it came, if there is one.
  std::optional<std::pair<std::string, Endpoint>> take() const {
    std::array<char, 2048> octets{};
    sockaddr_storage from{};
    socklen_t size = sizeof from;
    const ssize_t got = recvfrom(fd_, octets.data(), octets.size(), 0, reinterpret_cast<sockaddr*>(&from), &size);
    if (got < 0) return std::nullopt;
    std::array<char, INET6_ADDRSTRLEN> text{};
    const auto* v4 = reinterpret_cast<const sockaddr_in*>(&from);
    const auto* v6 = reinterpret_cast<const sockaddr_in6*>(&from);
    inet_ntop(v6_ ? AF_INET6 : AF_INET,
              v6_ ? static_cast<const void*>(&v6->sin6_addr) : static_cast<const void*>(&v4->sin_addr), text.data(),
              text.size());
    const std::uint16_t port = ntohs(v6_ ? v6->sin6_port : v4->sin_port);
    return std::pair(std::string(octets.data(), static_cast<std::size_t>(got)),
                     Endpoint{*IpAddress::parse(text.data()), port});
  }

 private:
  socklen_t fill(sockaddr_storage& at, const char* address, std::uint16_t port) const {
    if (v6_) {
      auto& a = reinterpret_cast<sockaddr_in6&>(at);
      a.sin6_family = AF_INET6;
      a.sin6_port = htons(port);
      inet_pton(AF_INET6, address, &a.sin6_addr);
      return sizeof a;
    }
    auto& a = reinterpret_cast<sockaddr_in&>(at);
    a.sin_family = AF_INET;
    a.sin_port = htons(port);
    inet_pton(AF_INET, address, &a.sin_addr);
    return sizeof a;
  }

  bool v6_;
  bool bound_ = false;
  int fd_ = -1;
};

struct Scene {
  explicit Scene(std::vector<const char*> listen = {"127.0.0.1"}, bool single_port = true) {
    TftpServer::Options options;
    for (const char* address : listen)
      options.listen.push_back(*IpAddress::parse(address));
    options.port = 0;
    options.sessions.single_port = single_port;
    auto started = TftpServer::start(loop, options, shelf, known, [this](const auto& step) { steps.push_back(step); });
    REQUIRE(started);
    server = std::move(*started);
    at = server->local().front();
  }

  /// The next datagram that comes to the phone.
  std::pair<std::string, Endpoint> next(const PhoneSocket& phone) {
    std::optional<std::pair<std::string, Endpoint>> got;
    REQUIRE(loop.run_until(
        [&] {
          if (!got) got = phone.take();
          return got.has_value();
        },
        10s));
    return *got;
  }
  /// DATA of this block; what came of earlier ones again, on a busy machine, is passed over.
  std::pair<std::string, Endpoint> next_data(const PhoneSocket& phone, unsigned block) {
    for (;;) {
      auto got = next(phone);
      REQUIRE(got.first.size() >= 4);
      REQUIRE(got.first[1] == 3);
      const unsigned number =
          static_cast<unsigned char>(got.first[2]) * 256U + static_cast<unsigned char>(got.first[3]);
      REQUIRE(number <= block);
      if (number == block) return got;
    }
  }
  bool step_reported() {
    return loop.run_until([this] { return !steps.empty(); }, 10s);
  }

  net::Loop loop;
  Shelf shelf;
  KnownSources known{1};
  std::vector<phones::FileStep> steps;
  std::unique_ptr<TftpServer> server;
  Endpoint at;
};

}  // namespace dw::provisioning::test
