#pragma once
#include <vector>

#include "conf/config.hpp"
#include "nat/port_mapper.hpp"
#include "sbc/proxy/media_desk.hpp"
#include "sbc/proxy/sip_proxy.hpp"

/// From the router's mappings to the parts that advertise our addresses to the central side.
namespace dw {

/// `sip_port`: where SIP listens; 0: it does not.
nat::PortMapper::Options port_mapper_options(const conf::Config& config, std::uint16_t sip_port);

/// The mappings of SIP's port at our address `ours`.
std::vector<sip::Router::Mapped> mapped_sip(const std::vector<nat::portmap::Granted>& granted, const IpAddress& ours,
                                            std::uint16_t sip_port);
/// Our ports for TFTP downloads that the router has mapped.
std::vector<std::uint16_t> mapped_tftp(const std::vector<nat::portmap::Granted>& granted, const conf::Config& config);
/// The pairs whose external ports are an even one and the next, as SDP and SCCP name one port for both.
std::vector<proxy::MediaDesk::MappedPair> mapped_pairs(const std::vector<nat::portmap::Granted>& granted,
                                                       const IpAddress& ours);

}  // namespace dw
