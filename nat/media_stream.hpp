#pragma once
#include <array>
#include <atomic>
#include <optional>

#include "nat/core/media/promotion.hpp"
#include "nat/core/media/relay_session.hpp"
#include "nat/published.hpp"
#include "sbc/net/descriptor.hpp"

namespace dw::nat {

struct MediaStream;

/// One of a stream's four; what epoll hands back for it.
struct MediaSocket {
  MediaStream* stream = nullptr;
  Port port{};
  net::Descriptor descriptor;
  std::uint32_t overflowed = 0;  ///< packets that found its buffer full, as the kernel counts them
  std::uint32_t served = 0;      ///< the last batch in which it had a packet, modulo 2^32
  bool behind = false;           ///< it had one in two batches in a row
};

/// A stream as its media thread has it. The signalling thread makes it and hands it over with the command
/// that adds it; from then on it reads what is published and touches nothing else, until the thread says that
/// it has removed the stream: then it owns it again.
struct MediaStream {
  MediaStream(MediaId with, const StreamRules& rules) : id(with), session(rules) {
    for (std::size_t i = 0; i < kPorts; ++i) {
      sockets[i].stream = this;
      sockets[i].port = static_cast<Port>(i);
    }
  }
  MediaSocket& socket(Port port) { return sockets[static_cast<std::size_t>(port)]; }

  const MediaId id;
  std::array<MediaSocket, kPorts> sockets;

  // The media thread's own.
  RelaySession session;
  Promotion::Places places;            ///< written before it is handed over
  std::optional<Promotion> promotion;  ///< while its packets may be carried
  bool is_fed = false;                 ///< it is the bridge of another
  MediaStream* bridge = nullptr;       ///< of the same thread: to its phone goes what our phone sends
  std::size_t index = 0;               ///< in the thread's list

  // Written by the media thread, read by the signalling thread.
  Published<MediaFlow> from_phone, from_central;
  Published<std::optional<Endpoint>> phone;
  std::atomic<std::uint64_t> strangers = 0;
  std::atomic<bool> is_carried = false;  ///< one direction or both, a moment ago
};

}  // namespace dw::nat
