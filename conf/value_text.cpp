// A setting's value as TOML text.
#include <fmt/format.h>

#include "conf/origin_text.hpp"
#include "conf/sip_server_text.hpp"
#include "conf/units.hpp"
#include "conf/value.hpp"

namespace dw::conf {
namespace {

template <class T, class Text>
std::string list_text(const std::vector<T>& entries, Text text) {
  std::string out = "[";
  for (const T& entry : entries) {
    if (out.size() > 1) out += ", ";
    out += in_quotes(text(entry));
  }
  return out + "]";
}

struct Show {
  const Config& config;

  std::string operator()(const BoolType& t) const { return t.field.of(config) ? "true" : "false"; }
  std::string operator()(const CountType& t) const { return std::to_string(t.field.of(config)); }
  std::string operator()(const NumberType& t) const { return fmt::format("{}", t.field.of(config)); }
  std::string operator()(const PortType& t) const { return std::to_string(t.field.of(config)); }
  std::string operator()(const PathType& t) const { return in_quotes(t.field.of(config)); }
  std::string operator()(const WordType& t) const { return in_quotes(t.field.of(config)); }
  std::string operator()(const ModeType& t) const { return in_quotes(to_string(t.field.of(config))); }
  std::string operator()(const RuleType& t) const { return in_quotes(to_string(t.field.of(config))); }
  std::string operator()(const DurationType& t) const { return in_quotes(duration_text(t.field.of(config))); }
  std::string operator()(const SizeType& t) const { return in_quotes(size_text(t.field.of(config))); }
  std::string operator()(const HostType& t) const { return in_quotes(t.field.of(config)); }
  std::string operator()(const HostListType& t) const {
    return list_text(t.field.of(config), [](const std::string& host) { return host; });
  }
  std::string operator()(const AddressListType& t) const {
    return list_text(t.field.of(config), [](const IpAddress& a) { return a.to_string(); });
  }
  std::string operator()(const SourceListType& t) const {
    return list_text(t.field.of(config), [](const IpAddress& a) { return a.to_string(); });
  }
  std::string operator()(const NetworkListType& t) const {
    return list_text(t.field.of(config), [](const IpNetwork& network) { return network.to_string(); });
  }
  std::string operator()(const CountOrAutoType& t) const {
    const auto& count = t.field.of(config);
    return count ? std::to_string(*count) : in_quotes("auto");
  }
  std::string operator()(const AddressOrAutoType& t) const {
    const auto& address = t.field.of(config);
    return in_quotes(address ? address->to_string() : "auto");
  }
  std::string operator()(const ServerType& t) const {
    const auto& server = t.field.of(config);
    return in_quotes(server ? server->to_string() : std::string());
  }
  std::string operator()(const EndpointType& t) const { return in_quotes(t.field.of(config).to_string()); }
  std::string operator()(const OriginListType& t) const {
    return list_text(t.field.of(config), [](const std::string& url) { return masked_origin(url); });
  }
  std::string operator()(const ServerListType& t) const {
    return list_text(t.field.of(config), [](const HostPort& server) { return server.to_string(); });
  }
  std::string operator()(const SipServerListType& t) const {
    return list_text(t.field.of(config), [](const SipServer& server) { return sip_server_text(server); });
  }
  std::string operator()(const WordListType& t) const {
    return list_text(t.field.of(config), [](const std::string& word) { return word; });
  }
  std::string operator()(const DialledListType& t) const {
    return list_text(t.field.of(config), [](const std::string& number) { return number; });
  }
  std::string operator()(const CodecListType& t) const {
    return list_text(t.field.of(config), [](const std::string& codec) { return codec; });
  }
  std::string operator()(const PortRangeType& t) const {
    const PortRange& range = t.field.of(config);
    return fmt::format("\"{}-{}\"", range.first, range.last);
  }
};

}  // namespace

std::string shown(const Setting& setting, const Config& config) {
  return std::visit(Show{config}, setting.type);
}

std::string in_quotes(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      out += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
    } else {
      out += c;
    }
  }
  return out + "\"";
}

}  // namespace dw::conf
