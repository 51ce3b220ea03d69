#pragma once
#include "conf/load.hpp"
#include "nat/relay.hpp"
#include "nat/warm_pool.hpp"
#include "sbc/admin/record_store.hpp"
#include "sbc/admin/server.hpp"
#include "sbc/phones/inventory.hpp"
#include "sbc/probe/network_probe.hpp"
#include "sbc/probe/stun_server.hpp"
#include "sbc/proxy/media_desk.hpp"
#include "sbc/proxy/sccp_proxy.hpp"
#include "sbc/proxy/sip_proxy.hpp"
#include "tftp-proxy/cache.hpp"
#include "tftp-proxy/http_server.hpp"
#include "tftp-proxy/pipeline.hpp"
#include "tftp-proxy/tftp_server.hpp"

namespace dw {

// Each part has its own Options; these functions fill them from the settings.

provisioning::Cache::Options cache_options(const conf::Config& config);
provisioning::Pipeline::Options pipeline_options(const conf::Config& config);
provisioning::Admissions::Phones whose_files(const conf::Config& config);
provisioning::NameBudget::Options name_options(const conf::Config& config);
provisioning::TftpServer::Options tftp_options(const conf::Config& config);
provisioning::PhoneHttpServer::Options http_options(const conf::Config& config);
nat::WarmPool::Options warm_pool_options(const conf::Config& config);
nat::RelayOptions relay_options(const conf::Config& config);
bool wants_fast_path(const conf::Config& config);
proxy::MediaDesk::Options media_options(const conf::Config& config);
proxy::SccpProxy::Options sccp_options(const conf::Config& config);
proxy::SipProxy::Options sip_options(const conf::Config& config);
probe::StunServer::Options stun_options(const conf::Config& config);
probe::NetworkProbe::Options network_options(const conf::Config& config);
phones::Inventory::Options inventory_options(const conf::Config& config);
admin::RecordStore::Options record_options(const conf::Config& config);
admin::AdminServer::Options admin_options(const conf::Config& config);

/// How often a SIP server is pinged. The OPTIONS also keep the router's mapping open, so that its requests get in:
/// two are sent within the measured lifetime of a mapping. A value that was set by a person stays.
Duration ping_of(const conf::Loaded& loaded, std::optional<std::chrono::seconds> mapping_lives);

/// Resets in `wanted` what can't change at run time (DECISIONS.md says why for each), and returns the names.
std::vector<std::string> keep_until_restart(const conf::Config& running, conf::Config& wanted);

}  // namespace dw
