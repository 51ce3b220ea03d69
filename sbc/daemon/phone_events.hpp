#pragma once
#include "sbc/daemon/config_homes.hpp"
#include "sbc/daemon/network_care.hpp"
#include "sbc/daemon/parts.hpp"

namespace dw {

/// Takes what the servers and the pipeline report of phones to the phones' stories, the records and the admissions.
/// On the loop's thread; what it is given outlives it.
class PhoneEvents {
 public:
  PhoneEvents(Parts& parts, const NetworkCare& network, ConfigHomes& homes)
      : parts_(parts), network_(network), homes_(homes) {}

  void on_call(const phones::Call& call);
  void on_file(const phones::FileStep& step);
  void on_signalling(const phones::SignallingStep& step);
  void on_rewrite(const provisioning::FileRequest& asked, const provisioning::Rewritten& made);

 private:
  Parts& parts_;
  const NetworkCare& network_;
  ConfigHomes& homes_;
};

}  // namespace dw
