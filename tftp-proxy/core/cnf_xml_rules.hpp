#pragma once
#include <array>

#include "tftp-proxy/core/cnf_policy.hpp"

// Which elements of an XML config are rewritten by themselves, and how.
namespace dw::provisioning::xml_rules {

using enum Becomes;
using O = RewriteOptions;

inline constexpr Change kDisable{word, "Disable"};
inline constexpr Change kFalse{flag, "false"};

/// cisco-provisioning §3.1, below the root. What is not here, or `same`, is left as it is. Call servers, line
/// proxies, the transport and the version stamp depend on other elements: cnf_xml.cpp.
inline constexpr std::array kAll = {
    Rule{"devicePool/srstInfo/srstOption", &O::srst, {same}, kDisable},
    Rule{"devicePool/srstInfo/ipAddr1", &O::srst, {host}, {no_host}, "port1", &O::sccp_port},
    Rule{"devicePool/srstInfo/ipAddr2", &O::srst, {no_host}, {no_host}},
    Rule{"devicePool/srstInfo/ipAddr3", &O::srst, {no_host}, {no_host}},
    Rule{"devicePool/srstInfo/sipIpAddr1", &O::srst, {host}, {no_host}, "sipPort1", &O::sip_port},
    Rule{"devicePool/srstInfo/sipIpAddr2", &O::srst, {no_host}, {no_host}},
    Rule{"devicePool/srstInfo/sipIpAddr3", &O::srst, {no_host}, {no_host}},
    Rule{"devicePool/srstInfo/ipV6Addr1", &O::srst, {host_v6}, {no_host}},
    Rule{"devicePool/srstInfo/ipV6Addr2", &O::srst, {no_host}, {no_host}},
    Rule{"devicePool/srstInfo/ipV6Addr3", &O::srst, {no_host}, {no_host}},
    Rule{"devicePool/srstInfo/sipIpV6Addr1", &O::srst, {host_v6}, {no_host}},
    Rule{"devicePool/srstInfo/sipIpV6Addr2", &O::srst, {no_host}, {no_host}},
    Rule{"devicePool/srstInfo/sipIpV6Addr3", &O::srst, {no_host}, {no_host}},
    Rule{"devicePool/srstInfo/isSecure", &O::srst, {same}, kFalse},
    Rule{"devicePool/dateTimeSetting/ntps/ntp/name", &O::ntp, {host}, {no_host}},
    Rule{"devicePool/dateTimeSetting/ntps/ntp/nameV6", &O::ntp, {host_v6}, {no_host}},
    Rule{"TVS/members/member/address", &O::tvs, {host}, {no_host}},
    Rule{"sipProfile/sipProxies/backupProxy", &O::backup_proxy, {host}, {no_host}, "backupProxyPort", &O::sip_port},
    Rule{"sipProfile/sipProxies/emergencyProxy",
         &O::emergency_proxy,
         {host},
         {no_host},
         "emergencyProxyPort",
         &O::sip_port},
    Rule{"sipProfile/sipProxies/outboundProxy",
         &O::outbound_proxy,
         {host},
         {no_host},
         "outboundProxyPort",
         &O::sip_port},
    Rule{"sipProfile/natEnabled", &O::nat, {flag, "true"}, kFalse},
    Rule{"sipProfile/natAddress", &O::nat, {no_host}, {no_host}},
    Rule{"sipProfile/natReceivedProcessing", &O::nat, kFalse, kFalse},
    Rule{"capfList/capf/processNodeName", &O::capf, {host}, {no_host}},
    Rule{"capfList/capf/ipv6Addr", &O::capf, {host_v6}, {no_host}},
    Rule{"encrConfig", &O::capf, kFalse, kFalse},
    Rule{"capfList/capf/encrConfig", &O::capf, kFalse, kFalse},
    Rule{"vendorConfig/loadServer", &O::load_server, {host}, {no_host}},
    Rule{"vendorConfig/ipv6LoadServer", &O::load_server, {host_v6}, {no_host}},
    Rule{"loadInformation", &O::firmware, {same}, {empty}},
    Rule{"inactiveLoadInformation", &O::firmware, {same}, {empty}},
    Rule{"addOnModules/addOnModule/loadInformation", &O::firmware, {same}, {empty}},
    Rule{"authenticationURL", &O::urls, {url}, {no_url}},
    Rule{"directoryURL", &O::urls, {url}, {no_url}},
    Rule{"servicesURL", &O::urls, {url}, {no_url}},
    Rule{"informationURL", &O::urls, {url}, {no_url}},
    Rule{"messagesURL", &O::urls, {url}, {no_url}},
    Rule{"idleURL", &O::urls, {url}, {no_url}},
    Rule{"phoneServices/phoneService/url", &O::urls, {url}, {no_url}},
    Rule{"sipProfile/sipLines/line/serviceURI", &O::urls, {url}, {no_url}},
    Rule{"vendorConfig/applicationURL", &O::urls, {url}, {no_url}},
    Rule{"vendorConfig/PushToTalkURL", &O::urls, {url}, {no_url}},
    Rule{"vendorConfig/problemReportUploadURL", &O::urls, {same}, {no_url}},  // phones POST there
    Rule{"vendorConfig/ldapServers", &O::urls, {same}, {no_host}},
    Rule{"vendorConfig/presenceServerPri", &O::urls, {same}, {no_host}},
    Rule{"vendorConfig/companyPhotoDir", &O::urls, {url}, {no_url}},
    Rule{"commonProfile/defaultBackground", &O::urls, {url}, {no_url}},
    Rule{"portalDefaultServer", &O::urls, {host}, {no_host}},
    Rule{"proxyServerURL", &O::urls, {host_port}, {empty}},
    Rule{"secureAuthenticationURL", &O::secure_urls, {url}, {no_url}},
    Rule{"secureDirectoryURL", &O::secure_urls, {url}, {no_url}},
    Rule{"secureServicesURL", &O::secure_urls, {url}, {no_url}},
    Rule{"secureInformationURL", &O::secure_urls, {url}, {no_url}},
    Rule{"secureMessagesURL", &O::secure_urls, {url}, {no_url}},
    Rule{"secureIdleURL", &O::secure_urls, {url}, {no_url}},
    Rule{"secureUDSUsersAccessURL", &O::secure_urls, {url}, {no_url}},
};

}  // namespace dw::provisioning::xml_rules
