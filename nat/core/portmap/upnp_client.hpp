#pragma once
#include "nat/core/portmap/client.hpp"

namespace dw::nat::portmap {

/// UPnP IGD: everything due goes into one UpnpAsk, which is carried out elsewhere; nothing more is asked until its
/// answer comes. Each one includes finding the router.
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
  /// At the end: all is removed, or the request that was under way has been answered, and must be undone too. True: the
  /// router has granted some of it.
  bool on_last_answer(TimePoint now, const UpnpAnswer& answer, Actions& actions);

 private:
  bool busy_ = false, unmapping_ = false;
  TimePoint due_{};  ///< when to check the router, even if no port is due
};

}  // namespace dw::nat::portmap
