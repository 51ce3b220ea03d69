#pragma once
#include "nat/core/portmap/client.hpp"
#include "nat/core/portmap/natpmp.hpp"

namespace dw::nat::portmap {

/// NAT-PMP (RFC 6886): one request at a time, resent as in §3.1. The request for the external address is also the
/// probe, and later the check whether the router has restarted.
class NatPmpClient final : public Client {
 public:
  static constexpr unsigned kProbes = 5;  ///< 7.75 s in all, then UPnP is tried
  static constexpr unsigned kTries = 9;   ///< RFC 6886 §3.1

  using Client::Client;

  Protocol protocol() const override { return Protocol::nat_pmp; }
  void begin_probe(TimePoint now) override;
  void begin_asking(TimePoint now) override;
  bool probe(TimePoint now, Actions& actions) override;
  bool ask(TimePoint now, Actions& actions) override;
  bool remove(TimePoint now, Actions& actions) override;
  TimePoint probe_deadline() const override { return due_; }
  TimePoint deadline() const override;
  void look_soon(TimePoint now) override;

  Heard on_response(TimePoint now, Stage stage, const natpmp::Response& response, Actions& actions);

 private:
  Mappings::Pace pace() const { return {1, kTries, asked_}; }
  void send_map(TimePoint now, Mappings::Entry& entry, std::uint32_t lifetime, Actions& actions);
  void send_address_request(TimePoint now, Actions& actions);
  Heard on_address(TimePoint now, Stage stage, const natpmp::Response& response, Actions& actions);

  // The request for the external address.
  bool asked_ = false;  ///< waiting for its answer
  TimePoint due_{};
  unsigned tries_ = 0;
};

}  // namespace dw::nat::portmap
