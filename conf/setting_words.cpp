#include <fmt/format.h>

#include <array>

#include "conf/settings.hpp"
#include "conf/units.hpp"
#include "conf/value.hpp"

namespace dw::conf {
namespace {

std::string range(std::string_view low, std::string_view high) {
  return fmt::format("{} to {}", low, high);
}

template <class List, class Text>
std::string either(const List& choices, Text text) {
  std::string out;
  for (std::size_t i = 0; i < choices.size(); ++i) {
    if (i > 0) out += i + 1 == choices.size() ? " or " : ", ";
    out += in_quotes(text(choices[i]));
  }
  return out;
}

struct TypeName {
  std::string operator()(const BoolType&) const { return "true or false"; }
  std::string operator()(const CountType&) const { return "a whole number"; }
  std::string operator()(const NumberType&) const { return "a number"; }
  std::string operator()(const PortType&) const { return "a port"; }
  std::string operator()(const PathType&) const { return "a path"; }
  std::string operator()(const WordType&) const { return "a word"; }
  std::string operator()(const ModeType&) const { return "a word"; }
  std::string operator()(const RuleType&) const { return "a word"; }
  std::string operator()(const DurationType&) const { return "a duration"; }
  std::string operator()(const SizeType&) const { return "a size"; }
  std::string operator()(const HostType&) const { return "a host"; }
  std::string operator()(const HostListType&) const { return "a list of hosts"; }
  std::string operator()(const CountOrAutoType&) const { return "a whole number"; }
  std::string operator()(const AddressListType&) const { return "a list of addresses"; }
  std::string operator()(const SourceListType&) const { return "a list of addresses"; }
  std::string operator()(const NetworkListType&) const { return "a list of networks"; }
  std::string operator()(const AddressOrAutoType&) const { return "an address"; }
  std::string operator()(const ServerType&) const { return "a server"; }
  std::string operator()(const EndpointType&) const { return "an address and port"; }
  std::string operator()(const OriginListType&) const { return "a list of URLs"; }
  std::string operator()(const ServerListType&) const { return "a list of servers"; }
  std::string operator()(const SipServerListType&) const { return "a list of SIP servers"; }
  std::string operator()(const WordListType&) const { return "a list of words"; }
  std::string operator()(const DialledListType&) const { return "a list of numbers as they are dialled"; }
  std::string operator()(const CodecListType&) const { return "a list of codecs"; }
  std::string operator()(const PortRangeType&) const { return "a range of ports"; }
};

struct Allowed {
  std::string operator()(const BoolType&) const { return {}; }
  std::string operator()(const CountType& t) const { return range(std::to_string(t.min), std::to_string(t.max)); }
  std::string operator()(const NumberType& t) const {
    return range(fmt::format("{}", t.min), fmt::format("{}", t.max));
  }
  std::string operator()(const PortType&) const { return range("0", "65535"); }
  std::string operator()(const PathType& t) const { return t.may_be_empty ? "may be empty" : ""; }
  std::string operator()(const WordType& t) const {
    return either(t.choices, [](std::string_view word) { return word; });
  }
  std::string operator()(const ModeType&) const {
    return either(std::array{Mode::edge, Mode::hosted}, [](Mode mode) { return to_string(mode); });
  }
  std::string operator()(const RuleType& t) const {
    return either(t.choices, [](Rule rule) { return to_string(rule); });
  }
  std::string operator()(const DurationType& t) const { return range(duration_text(t.min), duration_text(t.max)); }
  std::string operator()(const SizeType& t) const { return range(size_text(t.min), size_text(t.max)); }
  std::string operator()(const HostType&) const { return "may be empty"; }
  std::string operator()(const HostListType&) const { return {}; }
  std::string operator()(const CountOrAutoType& t) const {
    return fmt::format(R"({}, or "auto")", range(std::to_string(t.min), std::to_string(t.max)));
  }
  std::string operator()(const AddressListType&) const { return "at least one; IPv6 too"; }
  std::string operator()(const SourceListType&) const { return fmt::format("none or up to {}", kMaxSourceAddresses); }
  std::string operator()(const NetworkListType&) const { return fmt::format("none or up to {}", kMaxNetworks); }
  std::string operator()(const AddressOrAutoType&) const { return R"(or "auto")"; }
  std::string operator()(const ServerType&) const { return "or empty"; }
  std::string operator()(const EndpointType&) const { return {}; }
  std::string operator()(const OriginListType&) const { return {}; }
  std::string operator()(const ServerListType&) const { return {}; }
  std::string operator()(const SipServerListType&) const { return {}; }
  std::string operator()(const WordListType&) const {
    return fmt::format("of {} to {} characters each", kMinWord, kMaxWord);
  }
  std::string operator()(const DialledListType&) const {
    return fmt::format("of 1 to {} digits, * or # each", kMaxDialled);
  }
  std::string operator()(const CodecListType&) const { return "by their names in SDP, as \"G722\" or \"-G729\""; }
  std::string operator()(const PortRangeType&) const { return "within 1024-65535, at least two ports"; }
};

}  // namespace

std::string_view to_string(Mode mode) {
  return mode == Mode::edge ? "edge" : "hosted";
}

std::string_view to_string(Rule rule) {
  switch (rule) {
    case Rule::leave:
      return "leave";
    case Rule::rewrite:
      return "rewrite";
    case Rule::drop:
      return "drop";
  }
  return "";
}

std::string_view to_string(SipTransport transport) {
  switch (transport) {
    case SipTransport::udp:
      return "udp";
    case SipTransport::tcp:
      return "tcp";
    case SipTransport::tls:
      return "tls";
  }
  return "";
}

std::string type_name(const Setting& setting) {
  return std::visit(TypeName{}, setting.type);
}

std::string allowed(const Setting& setting) {
  return std::visit(Allowed{}, setting.type);
}

}  // namespace dw::conf
