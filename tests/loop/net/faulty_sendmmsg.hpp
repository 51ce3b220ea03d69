#pragma once
#include <sys/socket.h>

#include <functional>

namespace dw::test {

/// Replaces the C library's sendmmsg in this test binary while it exists, so that a test can cause a full buffer or a
/// refused datagram. `answer` returns the result (negative: minus the errno), or calls `real`. One at a time.
class FaultySendmmsg {
 public:
  using Answer = std::function<int(int descriptor, mmsghdr* messages, unsigned count, int flags)>;
  explicit FaultySendmmsg(Answer answer);
  ~FaultySendmmsg();
  FaultySendmmsg(const FaultySendmmsg&) = delete;
  FaultySendmmsg& operator=(const FaultySendmmsg&) = delete;

  static int real(int descriptor, mmsghdr* messages, unsigned count, int flags);
};

}  // namespace dw::test
