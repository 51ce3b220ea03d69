#pragma once
#include <functional>
#include <string>

#include "nat/fast/core/loader_report.hpp"
#include "nat/fast/maps.hpp"
#include "sbc/net/loop.hpp"
#include "sbc/net/poll.hpp"
#include "sbc/net/timer.hpp"

namespace dw::nat::fast {

/// The daemon's connection to dropwire-fast, which is made again whenever it ends. On the loop's thread. No callback
/// may destroy this object.
class LoaderLink {
 public:
  static constexpr const char* kSocket = "/run/dropwire-fast/maps";
  static constexpr auto kFirstWait = std::chrono::milliseconds(250), kLongestWait = std::chrono::milliseconds(30'000);

  struct State {
    bool loaded = false;           ///< the program is in the kernel, and its maps are ours
    std::string why;               ///< not loaded: a sentence that says what to do
    bool more_interfaces = false;  ///< than are listed
    std::vector<InterfaceReport> interfaces;
    bool operator==(const State&) const = default;
  };
  struct Callbacks {
    std::function<void(Maps)> on_maps;  ///< of a program without any flows yet
    std::function<void()> on_lost;      ///< after on_maps: the loader has removed that program, or is gone
    std::function<void()> on_change;    ///< state() has changed; after the other two
  };

  LoaderLink(net::Loop& loop, std::string socket, Callbacks callbacks);
  LoaderLink(const LoaderLink&) = delete;

  const State& state() const { return state_; }

 private:
  void connect();
  void on_readable();
  void take(LoaderReport report, Maps maps);
  void end(std::string why);
  void set(State state);

  net::Loop& loop_;
  const std::string path_;
  const Callbacks callbacks_;
  State state_;
  net::Descriptor socket_;
  std::unique_ptr<net::Poll> poll_;  ///< destroyed before the socket that it watches
  net::Timer again_;
  Duration wait_ = kFirstWait;
};

}  // namespace dw::nat::fast
