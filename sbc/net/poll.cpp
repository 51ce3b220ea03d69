#include "sbc/net/poll.hpp"

#include <utility>

#include "sbc/net/handle.hpp"
#include "sbc/net/log.hpp"

namespace dw::net {
namespace {

struct Watch {
  std::function<void(Poll::Events)> on_events;
  int wanted = 0;  // UV_READABLE | UV_WRITABLE
};
using Owned = Handle<uv_poll_t, Watch>;

void on_poll(uv_poll_t* poll, int status, int events) {
  Watch& watch = Owned::user_of(poll);
  if (status < 0) {
    // libuv stops watching a descriptor with a pending error (ICMP, a reset). The owner gets the error from its next
    // read or write, so keep watching.
    uv_poll_start(poll, watch.wanted, on_poll);
    events = watch.wanted;
  }
  watch.on_events({.readable = (events & UV_READABLE) != 0, .writable = (events & UV_WRITABLE) != 0});
}

}  // namespace

struct Poll::State {
  Owned handle;
};

Poll::Poll(Loop& loop, int descriptor, std::function<void(Events)> on_events) : state_(std::make_unique<State>()) {
  const int error =
      state_->handle.open(loop, Watch{std::move(on_events), 0},
                          [descriptor](uv_loop_t* uv, uv_poll_t* poll) { return uv_poll_init(uv, poll, descriptor); });
  if (error != 0)
    spdlog::error("event=poll_failed descriptor={} reason=\"{}\" a descriptor can't be watched", descriptor,
                  uv_strerror(error));
}

Poll::~Poll() = default;
Poll::Poll(Poll&&) noexcept = default;
Poll& Poll::operator=(Poll&&) noexcept = default;

void Poll::watch(Events wanted) {
  if (!state_->handle) return;
  const int events = (wanted.readable ? UV_READABLE : 0) | (wanted.writable ? UV_WRITABLE : 0);
  state_->handle.user().wanted = events;
  if (events == 0) {
    uv_poll_stop(state_->handle.raw());
  } else {
    uv_poll_start(state_->handle.raw(), events, on_poll);
  }
}

}  // namespace dw::net
