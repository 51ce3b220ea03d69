#include "nat/media_receiver.hpp"

#include <algorithm>
#include <cstring>

namespace dw::nat {

MediaReceiver::MediaReceiver() {
  for (std::size_t i = 0; i < kMany; ++i) {
    Slot& slot = slots_[i];
    slot.part = {slot.octets.data(), slot.octets.size()};
    headers_[i].msg_hdr.msg_name = &slot.from.any;
    headers_[i].msg_hdr.msg_iov = &slot.part;
    headers_[i].msg_hdr.msg_iovlen = 1;
    headers_[i].msg_hdr.msg_control = slot.control.data();
  }
  look_at_clock();
}

/// Resets the fields that the kernel wrote in the last call.
void MediaReceiver::prepare(std::size_t slot) {
  headers_[slot].msg_hdr.msg_namelen = sizeof slots_[slot].from;
  headers_[slot].msg_hdr.msg_controllen = kControl;
}

std::optional<MediaReceiver::Datagram> MediaReceiver::plain(int descriptor) {
  Slot& slot = slots_[0];
  socklen_t size = sizeof slot.from;
  const ssize_t length =
      recvfrom(descriptor, slot.octets.data(), slot.octets.size(), MSG_DONTWAIT | MSG_TRUNC, &slot.from.any, &size);
  if (length < 0) return std::nullopt;
  Datagram out;
  out.from = net::to_endpoint(slot.from);
  const auto octets = static_cast<std::size_t>(length);
  out.oversized = octets > slot.octets.size();
  out.octets = Bytes(slot.octets).first(std::min(octets, slot.octets.size()));
  return out;
}

std::optional<MediaReceiver::Datagram> MediaReceiver::one(int descriptor) {
  prepare(0);
  const ssize_t length = recvmsg(descriptor, &headers_[0].msg_hdr, MSG_DONTWAIT);
  if (length < 0) return std::nullopt;
  headers_[0].msg_len = static_cast<unsigned>(length);
  return read(0);
}

std::size_t MediaReceiver::receive(int descriptor) {
  for (std::size_t i = 0; i < kMany; ++i)
    prepare(i);
  const int count = recvmmsg(descriptor, headers_.data(), kMany, MSG_DONTWAIT, nullptr);
  return static_cast<std::size_t>(std::max(count, 0));
}

MediaReceiver::Datagram MediaReceiver::read(std::size_t slot) const {
  // Not const, as the macros of <sys/socket.h> need it.
  msghdr message = headers_[slot].msg_hdr;
  Datagram out;
  out.from = net::to_endpoint(slots_[slot].from);
  out.octets = Bytes(slots_[slot].octets).first(headers_[slot].msg_len);
  out.oversized = (message.msg_flags & MSG_TRUNC) != 0;
  for (const cmsghdr* c = CMSG_FIRSTHDR(&message); c; c = CMSG_NXTHDR(&message, const_cast<cmsghdr*>(c))) {
    if (c->cmsg_level != SOL_SOCKET) continue;
    if (c->cmsg_type == SO_TIMESTAMPNS) {
      timespec came{};
      std::memcpy(&came, CMSG_DATA(c), sizeof came);
      out.age = std::chrono::seconds(now_.tv_sec - came.tv_sec) + std::chrono::nanoseconds(now_.tv_nsec - came.tv_nsec);
    } else if (c->cmsg_type == SO_RXQ_OVFL) {
      std::uint32_t count = 0;
      std::memcpy(&count, CMSG_DATA(c), sizeof count);
      out.overflowed = count;
    }
  }
  return out;
}

}  // namespace dw::nat
