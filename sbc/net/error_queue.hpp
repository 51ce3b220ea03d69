#pragma once
#include "sbc/net/datagram_socket.hpp"

namespace dw::net {

enum class QueuedError {
  none,   ///< the queue is empty
  other,  ///< a message of no interest was removed
  undelivered,
};
/// Removes one message from a socket's error queue (IP_RECVERR, IPV6_RECVERR). The quoted octets are stored in `room`.
QueuedError take_error(int descriptor, MutableBytes room, Undelivered& into);

}  // namespace dw::net
