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

// What each part is told, out of the settings. Each part has its own Options; this is where they are filled.

provisioning::Cache::Options cache_options(const conf::Config& config);
provisioning::Pipeline::Options pipeline_options(const conf::Config& config);
provisioning::Admissions::Phones whose_files(const conf::Config& config);
provisioning::NameBudget::Options name_options(const conf::Config& config);
provisioning::TftpServer::Options tftp_options(const conf::Config& config);
provisioning::PhoneHttpServer::Options http_options(const conf::Config& config);
nat::WarmPool::Options warm_pool_options(const conf::Config& config);
nat::RelayOptions relay_options(const conf::Config& config);
proxy::MediaDesk::Options media_options(const conf::Config& config);
proxy::SccpProxy::Options sccp_options(const conf::Config& config);
proxy::SipProxy::Options sip_options(const conf::Config& config);
probe::StunServer::Options stun_options(const conf::Config& config);
probe::NetworkProbe::Options network_options(const conf::Config& config);
phones::Inventory::Options inventory_options(const conf::Config& config);
admin::RecordStore::Options record_options(const conf::Config& config);
admin::AdminServer::Options admin_options(const conf::Config& config);

/// How often a SIP server is asked whether it is there. The OPTIONS are what keeps the way of its requests open: at
/// least two come in the time that the router keeps a mapping, as measured. What a person has set stays.
Duration ping_of(const conf::Loaded& loaded, std::optional<std::chrono::seconds> mapping_lives);

/// Puts back into `wanted` what can't change while it runs (DECISIONS.md says why of each), and gives the names.
std::vector<std::string> keep_until_restart(const conf::Config& running, conf::Config& wanted);

}  // namespace dw
