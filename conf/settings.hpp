#pragma once
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "conf/config.hpp"

namespace dw::conf {

/// Where a setting lives in Config.
template <class T>
struct Field {
  T& (*in)(Config&);
  const T& (*of)(const Config&);
};

// The types a setting can have. Bounds are inclusive.
struct BoolType {
  Field<bool> field;
};
struct CountType {
  Field<std::uint32_t> field;
  std::uint32_t min;
  std::uint32_t max;
};
struct NumberType {
  Field<double> field;
  double min;
  double max;
};
struct PortType {
  Field<std::uint16_t> field;
};
struct PathType {
  Field<std::string> field;
  bool may_be_empty;
};
struct WordType {
  Field<std::string> field;
  std::span<const std::string_view> choices;
};
struct ModeType {
  Field<Mode> field;
};
struct RuleType {
  Field<Rule> field;
  std::span<const Rule> choices;
};
struct DurationType {
  Field<Duration> field;
  Duration min;
  Duration max;
};
struct SizeType {
  Field<std::uint64_t> field;
  std::uint64_t min;
  std::uint64_t max;
};
struct HostType {
  Field<std::string> field;
};
struct HostListType {
  Field<std::vector<std::string>> field;
};
struct CountOrAutoType {
  Field<std::optional<std::uint32_t>> field;
  std::uint32_t min;
  std::uint32_t max;
};
/// Addresses to listen on: at least one.
struct AddressListType {
  Field<std::vector<IpAddress>> field;
};
/// Source addresses, each used for one phone: may be empty, and long.
struct SourceListType {
  Field<std::vector<IpAddress>> field;
};
/// Networks or single addresses: may be empty.
struct NetworkListType {
  Field<std::vector<IpNetwork>> field;
};
struct AddressOrAutoType {
  Field<std::optional<IpAddress>> field;
};
/// One server, or "" for none.
struct ServerType {
  Field<std::optional<HostPort>> field;
  std::uint16_t default_port;
};
struct EndpointType {
  Field<Endpoint> field;
};
struct OriginListType {
  Field<std::vector<std::string>> field;
};
struct ServerListType {
  Field<std::vector<HostPort>> field;
  std::uint16_t default_port;
};
struct SipServerListType {
  Field<std::vector<SipServer>> field;
};
/// Words to search for in what phones send: may be empty.
struct WordListType {
  Field<std::vector<std::string>> field;
};
/// Dialled numbers: digits, * and #.
struct DialledListType {
  Field<std::vector<std::string>> field;
};
/// Encoding names, with or without "-" before them.
struct CodecListType {
  Field<std::vector<std::string>> field;
};
struct PortRangeType {
  Field<PortRange> field;
};

using Type =
    std::variant<BoolType, CountType, NumberType, PortType, PathType, WordType, ModeType, RuleType, DurationType,
                 SizeType, HostType, HostListType, CountOrAutoType, AddressListType, SourceListType, NetworkListType,
                 AddressOrAutoType, ServerType, EndpointType, OriginListType, ServerListType, SipServerListType,
                 WordListType, DialledListType, CodecListType, PortRangeType>;

/// One setting: everything that the loader, the reference and the shipped file need.
struct Setting {
  std::string_view name;  ///< dotted
  Type type;
  std::string_view by_default;         ///< as TOML
  std::string_view by_default_hosted;  ///< as TOML; empty: the same in both modes
  std::string_view unit;               ///< of a bare number; empty if the type implies it
  std::string_view meaning;            ///< one sentence

  std::string_view default_for(Mode mode) const {
    return mode == Mode::hosted && !by_default_hosted.empty() ? by_default_hosted : by_default;
  }
};

/// Settings with one prefix, as grouped in the reference.
struct Section {
  std::string_view prefix;  ///< "access.tftp"; empty: names without a dot
  std::string_view title;
};

/// All settings, in the order of the reference.
std::span<const Setting> settings();
std::span<const Section> sections();
/// The section of a setting: the longest matching prefix.
const Section& section_of(const Setting& setting);
const Setting* find_setting(std::string_view name);

std::string_view to_string(Mode mode);
std::string_view to_string(Rule rule);
std::string_view to_string(SipTransport transport);

/// "whole number", "duration", … and the allowed values: "1 to 64", "\"leave\" or \"rewrite\"". Empty if anything is
/// allowed.
std::string type_name(const Setting& setting);
std::string allowed(const Setting& setting);

}  // namespace dw::conf
