#pragma once
#include <string>
#include <vector>

#include "sbc/admin/sources.hpp"
#include "sbc/daemon/admin_page.hpp"
#include "sbc/daemon/network_care.hpp"
#include "sbc/daemon/parts.hpp"
#include "sbc/daemon/shutdown.hpp"
#include "sbc/doctor/box.hpp"
#include "sbc/doctor/box_causes.hpp"

namespace dw {

/// What the daemon knows of itself, for the admin side and the doctor. Changes nothing. On the loop's thread; what it
/// is given outlives it.
class BoxStatus {
 public:
  BoxStatus(const Parts& parts, const NetworkCare& network, const AdminPage& page, const Shutdown& shutdown)
      : parts_(parts), network_(network), page_(page), shutdown_(shutdown) {}

  admin::Status status() const;
  std::vector<admin::Service> services() const;
  std::vector<std::string> phone_addresses() const;  ///< that a person may enter as TFTP Server 1
  std::vector<phones::Call> calls() const;           ///< that are running
  admin::FilesReport files() const;
  std::vector<doctor::Finding> findings() const;
  doctor::BoxCauses causes() const;
  void append_metrics(MetricsText& out) const;

 private:
  void add_sccp(admin::Status& s) const;
  void add_sip(admin::Status& s) const;
  std::vector<doctor::RefusedSource> refused_sources() const;

  const Parts& parts_;
  const NetworkCare& network_;
  const AdminPage& page_;
  const Shutdown& shutdown_;
  WallTime started_ = wall_now();
};

}  // namespace dw
