#pragma once
#include <functional>
#include <memory>

#include "sbc/net/loop.hpp"

namespace dw::net {

/// Watches a descriptor that somebody else owns and that must outlive this.
class Poll {
 public:
  struct Events {
    bool readable = false;
    bool writable = false;
  };
  Poll(Loop& loop, int descriptor, std::function<void(Events)> on_events);
  ~Poll();
  Poll(Poll&&) noexcept;
  Poll& operator=(Poll&&) noexcept;

  void watch(Events wanted);  ///< neither: stops watching

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace dw::net
