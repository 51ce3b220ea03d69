#pragma once
#include <map>
#include <string>

#include "sbc/admin/sources.hpp"
#include "sbc/proxy/sccp_proxy.hpp"
#include "sbc/proxy/sip_proxy.hpp"
#include "tftp-proxy/pipeline.hpp"

namespace dw {

/// Does what an operator asks for: has a phone start over, forgets one, fetches a file again; and reports the outcome
/// in a sentence. On the loop's thread; what it is given outlives it.
class Actions {
 public:
  static constexpr std::size_t kMaxRefreshes = 16;  ///< running at the same time

  Actions(phones::Inventory& inventory, provisioning::Pipeline& pipeline)
      : inventory_(inventory), pipeline_(pipeline) {}
  Actions(const Actions&) = delete;
  Actions& operator=(const Actions&) = delete;

  /// Either may be null.
  void use(proxy::SccpProxy* sccp, proxy::SipProxy* sip) {
    sccp_ = sccp;
    sip_ = sip;
  }
  void act(const phones::Phone& phone, admin::PhoneAction action, bool force, const admin::OnOutcome& done);
  void refresh(const std::string& name, const admin::OnOutcome& done);

 private:
  struct Refresh {
    std::string name;
    provisioning::ContentPtr content;
    provisioning::Content::Subscription subscription;
    admin::OnOutcome done;
  };
  void start_over(const phones::Phone& phone, bool boot, const admin::OnOutcome& done);
  void ask_by_sip(const phones::Phone& phone, bool boot, const admin::OnOutcome& done);
  void forget(const phones::Phone& phone, bool force, const admin::OnOutcome& done);
  bool in_call(const phones::Phone& phone) const;
  void add_step(const phones::Phone& phone, std::string detail);
  void look_at(std::uint64_t id);

  phones::Inventory& inventory_;
  provisioning::Pipeline& pipeline_;
  proxy::SccpProxy* sccp_ = nullptr;
  proxy::SipProxy* sip_ = nullptr;
  std::map<std::uint64_t, Refresh> refreshes_;
  std::uint64_t last_refresh_ = 0;
};

}  // namespace dw
