#pragma once
// The load generator's sockets: they must cost less than what is measured.
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>

namespace bench {

[[noreturn]] inline void die(const char* what) {
  std::perror(what);
  std::exit(2);
}

/// A UDP socket that sends and receives in batches, and knows the destination address of each datagram.
class BatchSocket {
 public:
  static constexpr unsigned kBatch = 64;
  static constexpr std::size_t kOctets = 4096;

  explicit BatchSocket(sockaddr_in local) : fd_(socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)) {
    const int yes = 1, size = 32 << 20;
    setsockopt(fd_, IPPROTO_IP, IP_PKTINFO, &yes, sizeof yes);
    for (int option : {SO_RCVBUFFORCE, SO_SNDBUFFORCE})
      setsockopt(fd_, SOL_SOCKET, option, &size, sizeof size);
    if (fd_ < 0 || bind(fd_, reinterpret_cast<sockaddr*>(&local), sizeof local) != 0) die("a UDP port");
    for (unsigned i = 0; i < kBatch; ++i) {
      prepare(out_[i], out_headers_[i]);
      prepare(in_[i], in_headers_[i]);
      out_[i].octets.reserve(kOctets);
      in_[i].octets.resize(kOctets);
      in_[i].part = {in_[i].octets.data(), kOctets};
    }
  }
  BatchSocket(const BatchSocket&) = delete;
  int fd() const { return fd_; }

  /// Room for one datagram, sent with the next flush() or when the batch is full.
  std::string& next(sockaddr_in to, in_addr from) {
    if (pending_ == kBatch) flush();
    Slot& slot = out_[pending_++];
    slot.peer = to;
    in_pktinfo info{};
    info.ipi_spec_dst = from;
    auto* header = reinterpret_cast<cmsghdr*>(slot.control);
    header->cmsg_len = CMSG_LEN(sizeof info);
    header->cmsg_level = IPPROTO_IP;
    header->cmsg_type = IP_PKTINFO;
    std::memcpy(CMSG_DATA(header), &info, sizeof info);
    slot.octets.clear();
    return slot.octets;
  }
  void flush() {
    for (unsigned i = 0; i < pending_; ++i) {
      out_[i].part = {out_[i].octets.data(), out_[i].octets.size()};
      out_headers_[i].msg_hdr.msg_controllen = sizeof out_[i].control;
    }
    for (unsigned done = 0; done < pending_;) {
      const int n = sendmmsg(fd_, &out_headers_[done], pending_ - done, 0);
      if (n > 0)
        done += static_cast<unsigned>(n);
      else if (errno != EINTR && errno != EAGAIN)
        ++done;  // an ICMP error of an earlier datagram, or one that can't be sent
    }
    pending_ = 0;
  }
  /// Calls on_datagram(octets, peer, own address) for each that has come, up to a batch; how many.
  template <class Function>
  unsigned receive(Function on_datagram) {
    for (unsigned i = 0; i < kBatch; ++i) {
      in_headers_[i].msg_hdr.msg_controllen = sizeof in_[i].control;
      in_headers_[i].msg_hdr.msg_namelen = sizeof in_[i].peer;
    }
    const int n = recvmmsg(fd_, in_headers_, kBatch, 0, nullptr);
    for (int i = 0; i < n; ++i) {
      in_pktinfo info;
      std::memcpy(&info, CMSG_DATA(reinterpret_cast<cmsghdr*>(in_[i].control)), sizeof info);
      on_datagram(std::string_view(in_[i].octets.data(), in_headers_[i].msg_len), in_[i].peer, info.ipi_addr);
    }
    return n > 0 ? static_cast<unsigned>(n) : 0;
  }

 private:
  struct Slot {
    sockaddr_in peer;
    iovec part;
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(in_pktinfo))];
    std::string octets;
  };
  static void prepare(Slot& slot, mmsghdr& header) {
    slot.peer = {};
    header = {};
    header.msg_hdr.msg_name = &slot.peer;
    header.msg_hdr.msg_namelen = sizeof slot.peer;
    header.msg_hdr.msg_iov = &slot.part;
    header.msg_hdr.msg_iovlen = 1;
    header.msg_hdr.msg_control = slot.control;
    header.msg_hdr.msg_controllen = sizeof slot.control;
  }
  int fd_;
  unsigned pending_ = 0;
  Slot out_[kBatch], in_[kBatch];
  mmsghdr out_headers_[kBatch], in_headers_[kBatch];
};

}  // namespace bench
