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

/// One of a stream's four sockets. epoll returns a pointer to it.
struct MediaSocket {
  MediaStream* stream = nullptr;
  Port port{};
  net::Descriptor descriptor;
  std::uint32_t overflowed = 0;  ///< packets dropped because its buffer was full, as the kernel counts them
  std::uint32_t served = 0;      ///< number of the last batch in which it had a packet, modulo 2^32
  bool behind = false;           ///< it had a packet in two batches in a row
};

/// A stream as its media thread sees it. The signalling thread makes it and hands it over with the `add` command. From
/// then on the signalling thread only reads the published fields, until the media thread reports that it has removed
/// the stream; then the signalling thread owns it again.
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

  // Owned by the media thread.
  RelaySession session;
  Promotion::Places places;            ///< set before the stream is handed over
  std::optional<Promotion> promotion;  ///< only while its packets may be carried by a FlowTable
  bool is_fed = false;                 ///< another stream is bridged to this one
  MediaStream* bridge = nullptr;       ///< on the same thread: our phone's packets go to this stream's phone
  std::size_t index = 0;               ///< in the thread's list of streams

  // Written by the media thread, read by the signalling thread.
  Published<MediaFlow> from_phone, from_central;
  Published<std::optional<Endpoint>> phone;
  std::atomic<std::uint64_t> strangers = 0;
  std::atomic<bool> is_carried = false;  ///< at least one direction, when last published
};

}  // namespace dw::nat
