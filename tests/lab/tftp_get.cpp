#include "tests/lab/tftp_get.hpp"

#include <poll.h>

#include <array>
#include <chrono>
#include <cstring>

#include "tests/lab/socket.hpp"

namespace dw::lab {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::size_t kBlock = 512;
constexpr std::size_t kFileMax = 64u << 20;
constexpr auto kAgainAfter = std::chrono::seconds(1);

std::string packet(std::uint16_t opcode, std::uint16_t number) {
  return {static_cast<char>(opcode >> 8), static_cast<char>(opcode & 0xff), static_cast<char>(number >> 8),
          static_cast<char>(number & 0xff)};
}
std::uint16_t u16be(std::string_view octets, std::size_t at) {
  return static_cast<std::uint16_t>(static_cast<unsigned char>(octets[at]) << 8 |
                                    static_cast<unsigned char>(octets[at + 1]));
}

class Download {
 public:
  Download(const Server& server, std::string_view name) : socket_(server.address, server.port, SOCK_DGRAM) {
    request_ = std::string("\0\1", 2) + std::string(name) + '\0' + "octet" + '\0';
    std::memcpy(&tid_, socket_.peer(), socket_.peer_size());
  }

  Got run(int tries) {
    last_ = request_;
    send();
    for (int left = tries; left > 0 && !done_;) {
      const auto wait = std::chrono::ceil<std::chrono::milliseconds>(sent_at_ + kAgainAfter - Clock::now());
      if (wait.count() <= 0) {
        if (--left == 0) break;
        ++got_.sent_again;
        send();
      } else if (socket_.wait(POLLIN, static_cast<int>(wait.count())) && receive()) {
        left = tries;
      }
    }
    if (!done_) got_.code = -1;
    return std::move(got_);
  }

 private:
  void send() {
    sent_at_ = Clock::now();
    const auto* to = static_cast<const sockaddr*>(static_cast<const void*>(&tid_));
    // A send that fails is a packet lost: the timer sends it again.
    if (sendto(socket_.fd(), last_.data(), last_.size(), 0, to, socket_.peer_size()) < 0) return;
  }

  // True when the transfer moved on.
  bool receive() {
    std::array<char, 2048> buffer{};
    sockaddr_storage from{};
    socklen_t size = sizeof from;
    void* out = &from;
    const ssize_t count = recvfrom(socket_.fd(), buffer.data(), buffer.size(), 0, static_cast<sockaddr*>(out), &size);
    if (count < 4 || (tid_known_ && std::memcmp(&from, &tid_, size) != 0)) return false;
    const std::string_view octets(buffer.data(), static_cast<std::size_t>(count));
    const std::uint16_t opcode = u16be(octets, 0);
    const std::uint16_t number = u16be(octets, 2);
    if (opcode == 5) {
      done_ = true;
      got_.code = number;
      return true;
    }
    if (opcode != 3 || octets.size() > 4 + kBlock) return false;
    if (number == static_cast<std::uint16_t>(next_ - 1) && next_ > 1) {  // our ACK was lost
      send();
      return false;
    }
    if (number != next_) return false;
    tid_ = from;
    tid_known_ = true;
    got_.octets.append(octets.substr(4));
    ++next_;
    last_ = packet(4, number);
    send();
    done_ = octets.size() < 4 + kBlock || got_.octets.size() > kFileMax;
    got_.ok = octets.size() < 4 + kBlock;
    return true;
  }

  Socket socket_;
  std::string request_;
  std::string last_;
  sockaddr_storage tid_{};
  bool tid_known_ = false;
  bool done_ = false;
  std::uint16_t next_ = 1;
  Clock::time_point sent_at_;
  Got got_;
};

}  // namespace

Got tftp_get(const Server& server, std::string_view name, int tries) {
  return Download(server, name).run(tries);
}

}  // namespace dw::lab
