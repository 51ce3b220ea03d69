#pragma once
#include "nat/core/portmap/client.hpp"
#include "nat/core/portmap/filter.hpp"

namespace dw::nat::portmap {

/// PCP (RFC 6887): up to four requests at a time, resent as in §8.1.1. The first port's request is also the probe, and
/// later the check whether the router has restarted. Limits who may reach the filtered ports, as far as the router
/// supports that.
class PcpClient final : public Client {
 public:
  static constexpr unsigned kProbes = 2;       ///< of 3 s and 6 s, then NAT-PMP is tried
  static constexpr unsigned kSilentTries = 5;  ///< of a first request to a router that spoke it before
  static constexpr std::size_t kWindow = 4;

  PcpClient(Mappings& mappings, const IpAddress& ours) : Client(mappings), ours_(ours) {}

  Protocol protocol() const override { return Protocol::pcp; }
  bool probe(TimePoint now, Actions& actions) override;
  bool ask(TimePoint now, Actions& actions) override;
  bool remove(TimePoint now, Actions& actions) override;
  TimePoint probe_deadline() const override { return mappings_.entries.front().due; }
  TimePoint deadline() const override { return mappings_.next_deadline({kWindow, kSilentTries}); }
  void look_soon(TimePoint now) override;

  Heard on_response(TimePoint now, Stage stage, const pcp::Response& response, Actions& actions);
  /// Call after on_response() returned `answer`, and after new requests were sent.
  void judge_filter(TimePoint now, Actions& actions);

  /// The router may be another one, or may accept the filter by now.
  void begin_filter() { filter_.begin(); }
  /// True: the filter has changed.
  bool set_peers(std::optional<std::vector<IpNetwork>> peers, std::string why);
  /// The router holds an old filter: asks again for all filtered ports, except those it refused, which wait as before.
  void ask_filter_again(TimePoint now);
  FilterFacts filter_facts() const;

 private:
  void send(TimePoint now, Mappings::Entry& entry, std::uint32_t lifetime, Actions& actions);
  Mappings::Send sender(TimePoint now, Actions& actions);
  Duration resend_after(TimePoint now, const Mappings::Entry& entry, bool removes) const;
  bool on_filter_refused(TimePoint now, Mappings::Entry& entry, pcp::Code code, Actions& actions);
  void on_map(TimePoint now, Mappings::Entry& entry, const pcp::Response& response, Actions& actions);

  IpAddress ours_;
  PeerFilter filter_;
  bool filter_agreed_ = false;
  TimePoint filter_since_{};
};

}  // namespace dw::nat::portmap
