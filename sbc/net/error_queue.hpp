#pragma once
#include "sbc/net/datagram_socket.hpp"

namespace dw::net {

enum class QueuedError {
  none,   ///< the queue is empty
  other,  ///< one was taken off, and it is of no interest
  undelivered,
};
/// Takes one message off a socket's error queue (IP_RECVERR, IPV6_RECVERR). `room` gets what is quoted.
QueuedError take_error(int descriptor, MutableBytes room, Undelivered& into);

}  // namespace dw::net
