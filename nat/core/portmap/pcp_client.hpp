#pragma once
#include "nat/core/portmap/client.hpp"
#include "nat/core/portmap/filter.hpp"

namespace dw::nat::portmap {

/// PCP (RFC 6887): up to four requests under way, sent again as §8.1.1 says; the first port's doubles as the probe, and
/// later as the watch over the router. Limits who may reach the filtered ports, as far as the router takes that.
class PcpClient final : public Client {
 public:
  static constexpr unsigned kProbes = 2;       ///< of 3 s and 6 s, before NAT-PMP is tried
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
  /// After on_response() that gave `answer`, once what it leads to is asked.
  void judge_filter(TimePoint now, Actions& actions);

  /// Another router may be there, or it may know better by now.
  void begin_filter() { filter_.begin(); }
  /// True: it is another one than before.
  bool set_peers(std::optional<std::vector<IpNetwork>> peers, std::string why);
  /// What the router holds is of before. Those that it refused wait as long as they would.
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
