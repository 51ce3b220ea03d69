#include "nat/upnp_router.hpp"

#include <miniupnpc/miniupnpc.h>
#include <miniupnpc/upnperrors.h>
#include <miniupnpc/upnpreplyparse.h>

#include <fmt/format.h>

#include "nat/ssdp.hpp"
#include "sbc/base/text_cursor.hpp"
#include "sbc/net/http_now.hpp"

namespace dw::nat {
namespace {

using portmap::Transport;

constexpr int kUnknown = 501, kInvalidArgs = 402, kNotAuthorized = 606, kConflict = 718, kPermanentOnly = 725;
constexpr unsigned kRemoveTries = 2;
constexpr std::size_t kMaxDescription = 256 << 10, kMaxAnswer = 16 << 10;  ///< octets
constexpr std::string_view kDescription = "Dropwire";

const char* protocol_name(Transport transport) {
  return transport == Transport::tcp ? "TCP" : "UDP";
}

/// The URLs that libminiupnpc allocates and frees.
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

/// Names and values of an answer's elements.
struct Values {
  NameValueParserData data{};
  explicit Values(const std::string& xml) { ParseNameValue(xml.data(), static_cast<int>(xml.size()), &data); }
  Values(const Values&) = delete;
  Values& operator=(const Values&) = delete;
  ~Values() { ClearNameValueList(&data); }
  std::string_view operator[](const char* name) {
    const char* const value = GetValueFromNameValueList(&data, name);
    return value ? value : std::string_view();
  }
};

/// The arguments that identify a mapping.
std::vector<std::pair<const char*, std::string>> of(const portmap::UpnpAsk::Port& port) {
  return {{"NewRemoteHost", ""},
          {"NewExternalPort", std::to_string(port.external)},
          {"NewProtocol", protocol_name(port.wanted.transport)}};
}

}  // namespace

/// Calls an action of the service that was found (UPnP Device Architecture 1.1 §3.2). `wanted`: the element of the
/// answer to return.
UpnpRouter::Said UpnpRouter::ask(const std::string& action, const std::vector<Argument>& arguments, const char* wanted,
                                 const std::atomic<bool>* give_up) const {
  std::string xml = fmt::format(
      "<?xml version=\"1.0\"?>\r\n<s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\" "
      "s:encodingStyle=\"http://schemas.xmlsoap.org/soap/encoding/\"><s:Body><u:{} xmlns:u=\"{}\">",
      action, service_type_);
  for (const auto& [name, value] : arguments)
    xml += fmt::format("<{}>{}</{}>", name, value, name);
  xml += fmt::format("</u:{}></s:Body></s:Envelope>\r\n", action);
  const auto reply = net::http_now({.url = control_url_,
                                    .headers = {"Content-Type: text/xml; charset=\"utf-8\"",
                                                fmt::format("SOAPAction: \"{}#{}\"", service_type_, action)},
                                    .post = std::move(xml),
                                    .max_octets = kMaxAnswer,
                                    .give_up = give_up});
  if (!reply) return {};
  Values values(reply->body);
  Said said{.answered = true};
  if (const auto code = values["errorCode"]; !code.empty()) {
    said.error = static_cast<int>(parse_number(code, 9999).value_or(kUnknown));
  } else if (reply->status != 200) {
    said.error = kUnknown;
  } else if (wanted) {
    said.value = values[wanted];
  }
  return said;
}

bool UpnpRouter::find(const Lan& lan, std::string& problem, const std::atomic<bool>& give_up) {
  control_url_.clear();
  const auto may_talk = [&](std::string_view url) {
    return portmap::may_talk_to(url, lan.gateway, lan.ours, lan.routes);
  };
  const auto places = ssdp_search(lan.ours, lan.gateway, may_talk, give_up);
  problem =
      places.empty() ? "nothing on the LAN answers PCP, NAT-PMP or UPnP" : "no UPnP device on the LAN is a router";
  for (const std::string& place : places) {
    if (give_up) return false;
    const auto description = net::http_now({.url = place, .max_octets = kMaxDescription, .give_up = &give_up});
    if (!description || description->status != 200) continue;
    IGDdatas data{};
    parserootdesc(description->body.data(), static_cast<int>(description->body.size()), &data);
    Urls found;
    GetUPNPUrls(&found.urls, &data, place.c_str(), 0);
    const std::string control = found.urls.controlURL ? found.urls.controlURL : "";
    if (!portmap::is_service_type(data.first.servicetype) || !may_talk(control)) continue;
    control_url_ = control;
    service_type_ = data.first.servicetype;
    return true;
  }
  return false;
}

/// Asks for the wanted external port, then for two others of the same parity.
portmap::UpnpAnswer::Port UpnpRouter::map(const Lan& lan, const portmap::UpnpAsk::Port& port, std::uint32_t lifetime,
                                          const std::atomic<bool>& give_up) {
  constexpr int kTries = 4, kStep = 1000;
  portmap::UpnpAnswer::Port answer{port.wanted, 0, lifetime, {}};
  unsigned external = port.external;
  for (int tries = 0; tries < kTries; ++tries) {
    const Said said = ask("AddPortMapping",
                          {{"NewRemoteHost", ""},
                           {"NewExternalPort", std::to_string(external)},
                           {"NewProtocol", protocol_name(port.wanted.transport)},
                           {"NewInternalPort", std::to_string(port.wanted.internal)},
                           {"NewInternalClient", lan.ours.to_string()},
                           {"NewEnabled", "1"},
                           {"NewPortMappingDescription", std::string(kDescription)},
                           {"NewLeaseDuration", std::to_string(answer.lifetime)}},
                          nullptr, &give_up);
    if (said.answered && said.error == 0) {
      answer.external = static_cast<std::uint16_t>(external);
      return answer;
    }
    answer.problem = said.answered ? error_words(said.error) : "the router's UPnP does not answer";
    if ((said.error == kPermanentOnly || said.error == kInvalidArgs) && answer.lifetime != 0) {
      answer.lifetime = 0;  // until the router restarts or we remove it
    } else if (said.error == kConflict && !port.wanted.follows && external + kStep <= UINT16_MAX) {
      external += kStep;
    } else {
      return answer;
    }
  }
  return answer;
}

portmap::UpnpAnswer UpnpRouter::run(const Lan& lan, const portmap::UpnpAsk& ask_for, const std::atomic<bool>& give_up) {
  portmap::UpnpAnswer answer;
  const TimePoint end = Clock::now() + kLongest;
  const auto late = [&] { return give_up.load() || Clock::now() >= end; };
  const auto external_address = [&] { return ask("GetExternalIPAddress", {}, "NewExternalIPAddress", &give_up); };
  Said external = control_url_.empty() ? Said{} : external_address();
  if (!external.answered) {
    if (!find(lan, answer.problem, give_up)) return answer;
    external = external_address();
  }
  answer.found = external.answered;
  if (!answer.found) {
    answer.problem = "the router's UPnP does not answer";
    control_url_.clear();
    return answer;
  }
  if (const auto address = IpAddress::parse(external.value)) answer.external = *address;
  if (ask_for.check && !late()) {
    const Said there = ask("GetSpecificPortMappingEntry", of(*ask_for.check), "NewInternalClient", &give_up);
    answer.check_failed = there.answered && (there.error != 0 || there.value != lan.ours.to_string());
  }
  for (const auto& port : ask_for.map) {
    portmap::UpnpAsk::Port wish = port;
    const std::uint16_t before =
        port.after_previous && !answer.ports.empty() ? answer.ports.back().external : std::uint16_t{0};
    if (before != 0) wish.external = static_cast<std::uint16_t>(before + 1);
    answer.ports.push_back(late() ? portmap::UpnpAnswer::Port{port.wanted, 0, 0, "the router's UPnP is too slow"}
                                  : map(lan, wish, ask_for.lifetime, give_up));
  }
  for (const auto& port : ask_for.unmap) {
    for (unsigned tries = 0; tries < kRemoveTries && !late(); ++tries)
      if (ask("DeletePortMapping", of(port), nullptr, &give_up).answered) break;
  }
  return answer;
}

}  // namespace dw::nat
