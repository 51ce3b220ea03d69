#pragma once
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <atomic>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "sbc/net/descriptor.hpp"
#include "sbc/net/listen_socket.hpp"
#include "sbc/net/socket_address.hpp"

namespace dw::test {

/// A TCP server on a thread of its own that answers whatever a test scripts, right or wrong: each connection
/// in its turn is read to the end of a request's head and given to the script, which writes what it likes;
/// then the connection is closed, unless the script keeps it for another request.
class ScriptedOrigin {
 public:
  class Peer {
   public:
    explicit Peer(net::Descriptor socket) : socket_(std::move(socket)) {}
    void send(std::string_view text) {
      while (!text.empty()) {
        const ssize_t count = ::send(socket_.number(), text.data(), text.size(), MSG_NOSIGNAL);
        if (count <= 0) return;
        text.remove_prefix(static_cast<std::size_t>(count));
      }
    }
    /// Until the client closes its side, or the patience of a test is over.
    void wait_for_close() {
      std::array<char, 4096> ignored;
      pollfd about{.fd = socket_.number(), .events = POLLIN, .revents = 0};
      while (::poll(&about, 1, kPatienceMs) == 1 && recv(socket_.number(), ignored.data(), ignored.size(), 0) > 0) {
      }
    }
    void keep() { kept_ = true; }
    bool take_kept() { return std::exchange(kept_, false); }
    /// A request's head; empty when the client closed.
    std::string read_head() {
      std::string head;
      char c = 0;
      pollfd about{.fd = socket_.number(), .events = POLLIN, .revents = 0};
      while (!head.ends_with("\r\n\r\n")) {
        if (::poll(&about, 1, kPatienceMs) != 1 || recv(socket_.number(), &c, 1, 0) != 1) return {};
        head += c;
      }
      return head;
    }

   private:
    static constexpr int kPatienceMs = 20'000;
    net::Descriptor socket_;
    bool kept_ = false;
  };
  using Script = std::function<void(Peer&, const std::string& head)>;

  explicit ScriptedOrigin(Script script) : script_(std::move(script)) {
    auto listener = net::listen_tcp({*IpAddress::parse("127.0.0.1"), 0});
    listener_ = std::move(*listener);
    thread_ = std::thread([this] { serve(); });
  }
  ~ScriptedOrigin() {
    ending_ = true;
    shutdown(listener_.number(), SHUT_RDWR);
    thread_.join();
  }
  ScriptedOrigin(const ScriptedOrigin&) = delete;
  ScriptedOrigin& operator=(const ScriptedOrigin&) = delete;

  std::string url(const std::string& path = "/file") const {
    return "http://" + net::local_endpoint(listener_.number()).to_string() + path;
  }
  std::vector<std::string> requests() const {
    const std::lock_guard lock(mutex_);
    return requests_;
  }

 private:
  void serve() {
    pollfd about{.fd = listener_.number(), .events = POLLIN, .revents = 0};
    while (!ending_ && ::poll(&about, 1, -1) == 1) {
      net::Descriptor accepted(accept4(listener_.number(), nullptr, nullptr, SOCK_CLOEXEC));
      if (!accepted) continue;
      Peer peer(std::move(accepted));
      do {
        const std::string head = peer.read_head();
        if (head.empty()) break;
        {
          const std::lock_guard lock(mutex_);
          requests_.push_back(head);
        }
        script_(peer, head);
      } while (peer.take_kept());
    }
  }

  Script script_;
  net::Descriptor listener_;
  std::atomic<bool> ending_ = false;
  mutable std::mutex mutex_;
  std::vector<std::string> requests_;
  std::thread thread_;
};

}  // namespace dw::test
