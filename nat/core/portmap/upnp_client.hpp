#pragma once
#include "nat/core/portmap/client.hpp"

namespace dw::nat::portmap {

/// UPnP IGD: all that is due goes into one UpnpAsk, which is done elsewhere, and nothing is asked until its answer is
/// there. Finding a router is part of each.
class UpnpClient final : public Client {
 public:
  using Client::Client;

  Protocol protocol() const override { return Protocol::upnp; }
  void begin_probe(TimePoint now) override { due_ = now; }
  bool probe(TimePoint now, Actions& actions) override { return ask(now, actions); }
  bool ask(TimePoint now, Actions& actions) override;
  bool remove(TimePoint now, Actions& actions) override;
  TimePoint probe_deadline() const override { return TimePoint::max(); }
  TimePoint deadline() const override;
  void look_soon(TimePoint now) override { due_ = now; }

  bool is_busy() const { return busy_; }
  /// False: no router was found.
  bool on_answer(TimePoint now, const UpnpAnswer& answer, Actions& actions);
  /// At the end: all is taken back, or what was under way when the end came has come in, and goes too. True: the router
  /// has granted some of it.
  bool on_last_answer(TimePoint now, const UpnpAnswer& answer, Actions& actions);

 private:
  bool busy_ = false, unmapping_ = false;
  TimePoint due_{};  ///< when the router is looked at, even if no port is due
};

}  // namespace dw::nat::portmap
