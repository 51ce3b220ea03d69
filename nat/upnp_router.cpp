#include "nat/upnp_router.hpp"

#include <miniupnpc/miniupnpc.h>
#include <miniupnpc/upnpcommands.h>
#include <miniupnpc/upnperrors.h>

#include <algorithm>
#include <array>
#include <memory>

#include <fmt/format.h>

namespace dw::nat {
namespace {

using portmap::Transport;

constexpr int kInvalidArgs = 402, kNotAuthorized = 606, kConflict = 718, kPermanentOnly = 725;
constexpr std::size_t kAddressText = 64;
constexpr unsigned char kTtl = 2;
constexpr const char* kDescription = "Dropwire";

const char* protocol_name(Transport transport) {
  return transport == Transport::tcp ? "TCP" : "UDP";
}

/// What libminiupnpc gives and wants back.
struct Devices {
  UPNPDev* first = nullptr;
  Devices() = default;
  Devices(const Devices&) = delete;
  Devices& operator=(const Devices&) = delete;
  ~Devices() { freeUPNPDevlist(first); }
};
struct Urls {
  UPNPUrls urls{};
  Urls() = default;
  Urls(const Urls&) = delete;
  Urls& operator=(const Urls&) = delete;
  ~Urls() { FreeUPNPUrls(&urls); }
};

std::string error_words(int code) {
  if (code == kNotAuthorized) return "it does not allow that (606)";
  if (code == kConflict) return "another device has that port (718)";
  const char* const words = strupnperror(code);
  return words ? fmt::format("{} ({})", words, code) : fmt::format("error {}", code);
}

}  // namespace

bool UpnpRouter::find(const Lan& lan, std::string& problem) {
  control_url_.clear();
  int error = 0;
  Devices devices;
  devices.first = upnpDiscover(kDiscoveryMs, lan.ours.to_string().c_str(), nullptr, UPNP_LOCAL_PORT_ANY, 0, kTtl, &error);
  problem = devices.first ? "no UPnP device on the LAN is a router" : "nothing on the LAN answers PCP, NAT-PMP or UPnP";
  std::vector<std::string> places;
  for (const UPNPDev* device = devices.first; device; device = device->pNext) {
    const std::string url = device->descURL ? device->descURL : "";
    if (!portmap::may_talk_to(url, lan.gateway, lan.ours, lan.routes)) continue;
    if (std::ranges::find(places, url) == places.end()) places.push_back(url);
  }
  // The router itself before anybody else.
  std::ranges::stable_partition(places, [&](const std::string& url) {
    const auto address = portmap::device_address(url);
    return address && *address == lan.gateway;
  });
  if (places.size() > kMaxDevices) places.resize(kMaxDevices);
  for (const std::string& place : places) {
    Urls found;
    IGDdatas data{};
    std::array<char, kAddressText> ours{};
    if (UPNP_GetIGDFromUrl(place.c_str(), &found.urls, &data, ours.data(), static_cast<int>(ours.size())) != 1) continue;
    const std::string control = found.urls.controlURL ? found.urls.controlURL : "";
    if (data.first.servicetype[0] == '\0' || !portmap::may_talk_to(control, lan.gateway, lan.ours, lan.routes)) continue;
    control_url_ = control;
    service_type_ = data.first.servicetype;
    return true;
  }
  return false;
}

/// Asks for the external port that is wanted, then for two others of the same parity.
portmap::UpnpAnswer::Port UpnpRouter::map(const Lan& lan, const portmap::UpnpAsk::Port& port, std::uint32_t lifetime) {
  constexpr int kTries = 4, kStep = 1000;
  portmap::UpnpAnswer::Port answer{port.wanted, 0, lifetime, {}};
  const std::string internal = std::to_string(port.wanted.internal), ours = lan.ours.to_string();
  unsigned external = port.external;
  for (int tries = 0; tries < kTries; ++tries) {
    const int error = UPNP_AddPortMapping(control_url_.c_str(), service_type_.c_str(), std::to_string(external).c_str(),
                                          internal.c_str(), ours.c_str(), kDescription, protocol_name(port.wanted.transport),
                                          nullptr, std::to_string(answer.lifetime).c_str());
    if (error == UPNPCOMMAND_SUCCESS) {
      answer.external = static_cast<std::uint16_t>(external);
      return answer;
    }
    answer.problem = error_words(error);
    if ((error == kPermanentOnly || error == kInvalidArgs) && answer.lifetime != 0) {
      answer.lifetime = 0;  // until it restarts, or we take it back
    } else if (error == kConflict && !port.wanted.follows && external + kStep <= UINT16_MAX) {
      external += kStep;
    } else {
      return answer;
    }
  }
  return answer;
}

portmap::UpnpAnswer UpnpRouter::run(const Lan& lan, const portmap::UpnpAsk& ask, const std::atomic<bool>& give_up) {
  portmap::UpnpAnswer answer;
  const TimePoint end = Clock::now() + kLongest;
  const auto late = [&] { return give_up.load() || Clock::now() >= end; };
  std::array<char, kAddressText> external{};
  const auto external_address = [&] {
    return UPNP_GetExternalIPAddress(control_url_.c_str(), service_type_.c_str(), external.data());
  };
  int error = control_url_.empty() ? UPNPCOMMAND_HTTP_ERROR : external_address();
  if (error == UPNPCOMMAND_HTTP_ERROR || error == UPNPCOMMAND_UNKNOWN_ERROR) {
    if (!find(lan, answer.problem)) return answer;
    error = external_address();
  }
  answer.found = error != UPNPCOMMAND_HTTP_ERROR && error != UPNPCOMMAND_UNKNOWN_ERROR;
  if (!answer.found) {
    answer.problem = "the router's UPnP does not answer";
    control_url_.clear();
    return answer;
  }
  if (const auto address = IpAddress::parse(external.data())) answer.external = *address;
  if (ask.check && !late()) {
    std::array<char, kAddressText> client{}, port{};
    std::array<char, 128> description{};
    std::array<char, 16> enabled{}, lease{};
    const int gone = UPNP_GetSpecificPortMappingEntry(
        control_url_.c_str(), service_type_.c_str(), std::to_string(ask.check->external).c_str(),
        protocol_name(ask.check->wanted.transport), nullptr, client.data(), port.data(), description.data(), enabled.data(),
        lease.data());
    answer.check_failed = gone != UPNPCOMMAND_SUCCESS || lan.ours.to_string() != client.data();
  }
  std::uint16_t rtp = 0;  // where the pair's first port went: the second must follow it
  for (const auto& port : ask.map) {
    portmap::UpnpAsk::Port wish = port;
    if (wish.wanted.follows && rtp != 0) wish.external = static_cast<std::uint16_t>(rtp + 1);
    answer.ports.push_back(late() ? portmap::UpnpAnswer::Port{port.wanted, 0, 0, "the router's UPnP is too slow"}
                                  : map(lan, wish, ask.lifetime));
    rtp = port.wanted.follows ? std::uint16_t{0} : answer.ports.back().external;
  }
  for (const auto& port : ask.unmap) {
    if (late()) break;
    (void)UPNP_DeletePortMapping(control_url_.c_str(), service_type_.c_str(), std::to_string(port.external).c_str(),
                                 protocol_name(port.wanted.transport), nullptr);
  }
  return answer;
}

}  // namespace dw::nat
