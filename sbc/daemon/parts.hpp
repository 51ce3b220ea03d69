#pragma once
#include <memory>

#include "conf/load.hpp"
#include "sbc/admin/phone_store.hpp"
#include "sbc/admin/record_store.hpp"
#include "sbc/base/known_sources.hpp"
#include "sbc/base/wire_tap.hpp"
#include "sbc/daemon/actions.hpp"
#include "sbc/daemon/clock_care.hpp"
#include "sbc/daemon/fast_path.hpp"
#include "sbc/daemon/fronts.hpp"
#include "sbc/daemon/options.hpp"
#include "sbc/daemon/state_lock.hpp"
#include "sbc/net/access_gate.hpp"
#include "sbc/net/random.hpp"

namespace dw {

/// What runs, each part after those that it uses, so that it is destroyed before them. App creates and configures
/// them; the classes beside it, each with one subject, use them and own what only they need. On the loop's thread.
struct Parts {
  Parts(conf::Loaded settings, provisioning::PhoneList list)
      : loaded(std::move(settings)),
        gate(loaded.config.access.networks),
        names(known, name_options(loaded.config), net::random_u64()),
        tftp_ports(std::make_shared<provisioning::TftpPorts>(loop)),
        inventory(inventory_options(loaded.config)) {
    admissions.set_phones(whose_files(loaded.config));
    admissions.set_list(std::move(list));
    names.use(admissions);
  }

  conf::Loaded loaded;  ///< the settings in force
  WallTime config_loaded = wall_now();
  StateLock state_lock;  ///< released after everything that writes there
  net::Loop loop;
  WireTap tap;
  KnownSources known{net::random_u64()};
  net::AccessGate gate;
  provisioning::NameBudget names;
  std::shared_ptr<provisioning::TftpPorts> tftp_ports;
  provisioning::Admissions admissions;
  std::unique_ptr<provisioning::Cache> cache;  ///< null: off
  phones::Inventory inventory;
  doctor::VerdictBook verdicts{inventory};
  std::unique_ptr<admin::PhoneStore> phone_store;
  std::unique_ptr<admin::RecordStore> records;
  std::unique_ptr<ClockCare> clock_care;
  std::unique_ptr<provisioning::Pipeline> pipeline;
  std::unique_ptr<nat::Relay> relay;  ///< null while neither SCCP nor SIP is on; the next three likewise
  std::unique_ptr<FastPath> fast_path;
  std::unique_ptr<nat::WarmPool> warm;
  std::unique_ptr<proxy::MediaDesk> media;
  Fronts fronts{tap, gate};
  std::unique_ptr<Actions> actions;
};

}  // namespace dw
