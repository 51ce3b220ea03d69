#pragma once
#include <memory>
#include <string>

#include "nat/fast/kernel_maps.hpp"
#include "nat/fast/loader_link.hpp"
#include "nat/relay.hpp"
#include "sbc/doctor/box.hpp"

namespace dw {

/// Media in the kernel: while it is wanted and dropwire-fast has loaded its program, the relay's plain streams are
/// carried there. On the loop's thread; ends before the relay.
class FastPath {
 public:
  FastPath(net::Loop& loop, nat::Relay& relay, std::string socket = nat::fast::LoaderLink::kSocket);
  ~FastPath();
  FastPath(const FastPath&) = delete;

  /// media.fast_path. Not wanted: there is no connection to the loader.
  void want(bool wanted);
  doctor::FastPathState state() const;

 private:
  void on_maps(const nat::fast::Maps& maps);
  void on_lost();
  void log_change();

  net::Loop& loop_;
  nat::Relay& relay_;
  const std::string socket_;
  std::unique_ptr<nat::fast::LoaderLink> link_;
  std::string refused_;  ///< the loader's maps were of no use: why
  std::string logged_;
  bool carries_ = false;
};

}  // namespace dw
