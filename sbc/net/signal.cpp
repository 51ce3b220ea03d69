#include "sbc/net/signal.hpp"

#include <utility>

#include "sbc/net/handle.hpp"
#include "sbc/net/log.hpp"

namespace dw::net {

struct Signal::State {
  using Owned = Handle<uv_signal_t, std::function<void()>>;
  Owned handle;
};

Signal::Signal(Loop& loop, int number, std::function<void()> on_signal) : state_(std::make_unique<State>()) {
  state_->handle.open(loop, std::move(on_signal), uv_signal_init);
  const int error = uv_signal_start(
      state_->handle.raw(), [](uv_signal_t* signal, int) { State::Owned::user_of(signal)(); }, number);
  if (error != 0)
    spdlog::error("event=signal_failed signal={} reason=\"{}\" it will not be heard", number, uv_strerror(error));
  uv_unref(state_->handle.base());
}

Signal::~Signal() = default;
Signal::Signal(Signal&&) noexcept = default;
Signal& Signal::operator=(Signal&&) noexcept = default;

}  // namespace dw::net
