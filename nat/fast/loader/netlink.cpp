#include "nat/fast/loader/netlink.hpp"

#include <linux/rtnetlink.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <cerrno>
#include <utility>

namespace dw::nat::fast {
namespace {

constexpr std::size_t kMaxDatagram = 64 << 10;  // the kernel's are at most 32 KiB
constexpr int kMaxTries = 5;                    // while interfaces change under the listing
constexpr timeval kPatience{2, 0};              // the kernel answers at once
constexpr int kMaxDrained = 10'000;

Result<net::Descriptor> open_netlink(std::uint32_t groups, int flags) {
  net::Descriptor out(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | flags, NETLINK_ROUTE));
  sockaddr_nl address{};
  address.nl_family = AF_NETLINK;
  address.nl_groups = groups;
  if (!out || bind(out.number(), static_cast<sockaddr*>(static_cast<void*>(&address)), sizeof address) != 0)
    return fail_errno(errno, "can't ask the kernel for its interfaces");
  return out;
}

template <class Item, class Read>
Result<std::vector<Item>> list(const Buffer& request, Read read) {
  constexpr const char* kDoing = "can't list interfaces or their filters";
  Buffer datagram(kMaxDatagram);
  for (int tries = 0;; ++tries) {
    // Each time another socket, so that nothing of the answer before is left in it.
    auto socket = open_netlink(0, 0);
    if (!socket) return std::unexpected(socket.error());
    (void)setsockopt(socket->number(), SOL_SOCKET, SO_RCVTIMEO, &kPatience, sizeof kPatience);
    if (send(socket->number(), request.data(), request.size(), 0) < 0) return fail_errno(errno, kDoing);
    std::vector<Item> out;
    Dump dump;
    while (!dump.done && dump.error == 0) {
      const ssize_t length = recv(socket->number(), datagram.data(), datagram.size(), 0);
      if (length < 0 && errno == EINTR) continue;
      if (length <= 0) return fail_errno(length < 0 ? errno : EBADMSG, kDoing);
      read(Bytes(datagram).first(static_cast<std::size_t>(length)), out, dump);
    }
    if (dump.error != 0) return fail_errno(dump.error, kDoing);
    if (!dump.changed || tries == kMaxTries) return out;
  }
}

}  // namespace

Result<std::vector<Link>> list_links() {
  return list<Link>(ask_for_links(), read_links);
}

Result<std::vector<Filter>> list_filters(unsigned interface, Direction direction) {
  return list<Filter>(ask_for_filters(interface, direction), read_filters);
}

Result<LinkNews> LinkNews::open() {
  auto socket = open_netlink(RTMGRP_LINK | RTMGRP_TC, SOCK_NONBLOCK);
  if (!socket) return std::unexpected(socket.error());
  return LinkNews(std::move(*socket));
}

void LinkNews::drain() {
  std::uint8_t any = 0;
  // What is longer is cut off, and dropped news are an error (ENOBUFS) that goes away by reading it.
  for (int i = 0; i < kMaxDrained; ++i)
    if (recv(socket_.number(), &any, sizeof any, MSG_DONTWAIT) < 0 && errno != ENOBUFS && errno != EINTR) return;
}

}  // namespace dw::nat::fast
