#include "tests/loop/net/faulty_sendmmsg.hpp"

#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace dw::test {
namespace {
FaultySendmmsg::Answer current;
}  // namespace

FaultySendmmsg::FaultySendmmsg(Answer answer) {
  current = std::move(answer);
}
FaultySendmmsg::~FaultySendmmsg() {
  current = nullptr;
}

int FaultySendmmsg::real(int descriptor, mmsghdr* messages, unsigned count, int flags) {
  return static_cast<int>(syscall(SYS_sendmmsg, descriptor, messages, count, flags));
}

}  // namespace dw::test

extern "C" int sendmmsg(int descriptor, mmsghdr* messages, unsigned count, int flags) {
  using dw::test::FaultySendmmsg;
  if (!dw::test::current) return FaultySendmmsg::real(descriptor, messages, count, flags);
  const int result = dw::test::current(descriptor, messages, count, flags);
  if (result >= 0) return result;
  errno = -result;
  return -1;
}
