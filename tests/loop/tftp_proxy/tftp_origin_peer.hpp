#pragma once
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <atomic>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "sbc/net/descriptor.hpp"
#include "sbc/net/socket_address.hpp"

namespace dw::test {

/// A TFTP server on a thread of its own, written from RFC 1350 and 2347 without a line of ours: a fresh TID
/// for each RRQ, one transfer at a time, a second of patience. What it does wrong is set by the test.
class TftpOriginPeer {
 public:
  struct Behaviour {
    bool options = true;          ///< answers options with an OACK
    bool refuse_options = false;  ///< ERROR 8 to an RRQ with options
    bool silent = false;
    int die_after = -1;         ///< blocks; then silence
    int error_after = -1;       ///< blocks; then ERROR 0
    std::string extra_oack;     ///< appended to the OACK
    bool answer_twice = false;  ///< DATA 1 from a second TID too, saying something else
  };

  explicit TftpOriginPeer(std::map<std::string, std::string> files) : TftpOriginPeer(std::move(files), Behaviour{}) {}
  TftpOriginPeer(std::map<std::string, std::string> files, Behaviour behaviour)
      : files_(std::move(files)), behaviour_(std::move(behaviour)), socket_(bound()) {
    thread_ = std::thread([this] { serve(); });
  }
  ~TftpOriginPeer() {
    ending_ = true;
    thread_.join();
  }
  TftpOriginPeer(const TftpOriginPeer&) = delete;
  TftpOriginPeer& operator=(const TftpOriginPeer&) = delete;

  std::string url() const { return "tftp://" + net::local_endpoint(socket_.number()).to_string() + "/"; }
  std::vector<std::string> asked() const {
    const std::lock_guard lock(mutex_);
    return asked_;
  }
  int unknown_tid_errors() const { return unknown_tid_errors_; }
  int other_errors() const { return other_errors_; }

 private:
  using Octets = std::string;
  static net::Descriptor bound() {
    net::Descriptor s(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    const auto where = net::to_socket_address({*IpAddress::parse("127.0.0.1"), 0});
    (void)::bind(s.number(), &where.any, where.size());
    return s;
  }
  static Octets number(unsigned v) { return {static_cast<char>(v >> 8U), static_cast<char>(v & 0xffU)}; }

  std::optional<Octets> receive(int socket, net::SocketAddress& from, int wait_ms) const {
    for (int waited = 0; waited < wait_ms && !ending_; waited += 20) {
      pollfd about{.fd = socket, .events = POLLIN, .revents = 0};
      if (::poll(&about, 1, 20) != 1) continue;
      std::array<char, 2048> buffer{};
      socklen_t size = sizeof from;
      const ssize_t n = recvfrom(socket, buffer.data(), buffer.size(), 0, &from.any, &size);
      if (n > 0) return Octets(buffer.data(), static_cast<std::size_t>(n));
    }
    return std::nullopt;
  }
  static void send(int socket, const net::SocketAddress& to, const Octets& packet) {
    (void)sendto(socket, packet.data(), packet.size(), 0, &to.any, to.size());
  }

  void serve() {
    while (!ending_) {
      net::SocketAddress client{};
      const auto packet = receive(socket_.number(), client, 1000);
      if (!packet || packet->size() < 4 || (*packet)[1] != 1) continue;
      std::vector<std::string> words(1);
      for (const char c : packet->substr(2)) {
        if (c != '\0') {
          words.back() += c;
        } else {
          words.emplace_back();
        }
      }
      words.pop_back();
      {
        const std::lock_guard lock(mutex_);
        asked_.push_back(words[0]);
      }
      if (!behaviour_.silent) transfer(client, words);
    }
  }

  void transfer(const net::SocketAddress& client, const std::vector<std::string>& words) {
    const net::Descriptor tid = bound();
    if (behaviour_.refuse_options && words.size() > 2) {
      return send(tid.number(), client, Octets("\0\5\0\10no options\0", 15));
    }
    const auto file = files_.find(words[0]);
    if (file == files_.end()) return send(tid.number(), client, Octets("\0\5\0\1File not found\0", 19));
    std::size_t blksize = 512, window = 1;
    Octets oack;
    if (behaviour_.options) {
      for (std::size_t i = 2; i + 1 < words.size(); i += 2) {
        const std::string value = words[i] == "tsize" ? std::to_string(file->second.size()) : words[i + 1];
        if (words[i] == "blksize") blksize = std::stoul(value);
        if (words[i] == "windowsize") window = std::stoul(value);
        oack += words[i] + '\0' + value + '\0';
      }
    }
    if (!oack.empty() || !behaviour_.extra_oack.empty()) {
      if (!exchange(tid.number(), client, {number(6) + oack + behaviour_.extra_oack}, 0)) return;
    }
    const net::Descriptor second = bound();
    const std::size_t blocks = file->second.size() / blksize + 1;
    for (std::size_t done = 0; done < blocks;) {
      if (behaviour_.die_after >= 0 && done >= static_cast<std::size_t>(behaviour_.die_after)) return;
      if (behaviour_.error_after >= 0 && done >= static_cast<std::size_t>(behaviour_.error_after)) {
        return send(tid.number(), client, Octets("\0\5\0\0disk on fire\0", 17));
      }
      std::vector<Octets> packets;
      const std::size_t last = std::min(done + window, blocks);
      for (std::size_t b = done + 1; b <= last; ++b) {
        packets.push_back(number(3) + number(static_cast<unsigned>(b & 0xffffU)) +
                          file->second.substr((b - 1) * blksize, blksize));
      }
      if (!exchange(tid.number(), client, packets, static_cast<unsigned>(last & 0xffffU))) return;
      if (behaviour_.answer_twice && done == 0) {
        send(second.number(), client, number(3) + number(1) + "EVIL");
        net::SocketAddress from{};
        const auto answer = receive(second.number(), from, 2000);
        if (answer && *answer == Octets("\0\5\0\5", 4) + answer->substr(4)) ++unknown_tid_errors_;
      }
      done = last;
    }
  }

  /// Sends until `block` is acknowledged, three times at most.
  bool exchange(int socket, const net::SocketAddress& client, const std::vector<Octets>& packets, unsigned block) {
    for (int tries = 0; tries < 3 && !ending_; ++tries) {
      for (const Octets& p : packets)
        send(socket, client, p);
      net::SocketAddress from{};
      while (const auto answer = receive(socket, from, 1000)) {
        if ((*answer)[1] == 5) {
          ++other_errors_;
          return false;
        }
        if (*answer == number(4) + number(block)) return true;
      }
    }
    return false;
  }

  std::map<std::string, std::string> files_;
  Behaviour behaviour_;
  net::Descriptor socket_;
  std::atomic<bool> ending_ = false;
  std::atomic<int> unknown_tid_errors_ = 0, other_errors_ = 0;
  mutable std::mutex mutex_;
  std::vector<std::string> asked_;
  std::thread thread_;
};

}  // namespace dw::test
