#include "conf/value.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "conf/origin_text.hpp"
#include "conf/sip_server_text.hpp"
#include "conf/units.hpp"
#include "sbc/base/codecs.hpp"
#include "sbc/base/escape.hpp"
#include "sbc/base/text_cursor.hpp"

namespace dw::conf {
namespace {

using Checked = std::optional<Complaint>;

std::string described(const Value& value) {
  struct {
    std::string operator()(bool b) const { return b ? "true" : "false"; }
    std::string operator()(std::int64_t n) const { return fmt::format("the number {}", n); }
    std::string operator()(double n) const { return fmt::format("the number {}", n); }
    std::string operator()(const std::string& s) const { return fmt::format("the text \"{}\"", escaped(s)); }
    std::string operator()(const std::vector<std::string>&) const { return "a list"; }
    std::string operator()(const Value::Other& other) const { return other.what; }
  } words;
  return std::visit(words, value.is);
}

std::string example(const Setting& setting, std::string_view instead = {}) {
  return fmt::format("for example {} = {}", setting.name, instead.empty() ? setting.by_default : instead);
}

/// Assigns one value to one setting. The function for each type checks first and stores last.
struct Assign {
  const Setting& setting;
  const Value& value;
  Config& config;

  Complaint mismatch(std::string_view instead = {}) const {
    return {fmt::format("{} is {}, not {}", setting.name, type_name(setting), described(value)),
            example(setting, instead)};
  }
  Complaint out_of_range(std::string_view given) const {
    return {fmt::format("{} is out of range: {}", setting.name, given), "allowed: " + allowed(setting)};
  }
  const std::string* text() const {
    const auto* s = std::get_if<std::string>(&value.is);
    return s != nullptr && s->size() <= kMaxText && s->find('\0') == std::string::npos ? s : nullptr;
  }
  const std::vector<std::string>* list() const { return std::get_if<std::vector<std::string>>(&value.is); }

  /// Parses each entry with `parse`, which returns Result<T>; stores nothing unless all are valid.
  template <class T, class Parse>
  Checked entries(std::vector<T>& into, bool may_be_empty, std::string_view instead, Parse parse,
                  std::size_t max_entries = kMaxList) const {
    const auto* given = list();
    if (given == nullptr) {
      Complaint complaint = mismatch(instead);
      if (text() != nullptr) complaint.hint = "a list is written in brackets: " + complaint.hint;
      return complaint;
    }
    if (given->size() > max_entries)
      return Complaint{fmt::format("{} has too many entries", setting.name), fmt::format("at most {}", max_entries)};
    if (given->empty() && !may_be_empty)
      return Complaint{fmt::format("{} is empty", setting.name), example(setting, instead)};
    std::vector<T> out;
    for (const std::string& entry : *given) {
      Result<T> one = entry.size() > kMaxText ? fail(Errc::too_long, "too long") : parse(entry);
      if (!one) {
        const std::string quoted = fmt::format("\"{}\"", masked_origin(escaped(entry)));
        const bool says_it = one.error().text.find(quoted) != std::string::npos;
        return Complaint{says_it ? fmt::format("{}: {}", setting.name, one.error().text)
                                 : fmt::format("{}: {}: {}", setting.name, quoted, one.error().text),
                         example(setting, instead)};
      }
      if (std::ranges::find(out, *one) != out.end())
        return Complaint{fmt::format("{} names \"{}\" twice", setting.name, masked_origin(escaped(entry))),
                         "name each once"};
      out.push_back(std::move(*one));
    }
    into = std::move(out);
    return std::nullopt;
  }

  Checked operator()(const BoolType& type) const {
    const auto* b = std::get_if<bool>(&value.is);
    if (b == nullptr) return Complaint{mismatch().text, "write true or false, without quotes"};
    type.field.in(config) = *b;
    return std::nullopt;
  }

  Checked operator()(const CountType& type) const {
    const auto* n = std::get_if<std::int64_t>(&value.is);
    if (n == nullptr) return mismatch();
    if (*n < type.min || *n > type.max) return out_of_range(std::to_string(*n));
    type.field.in(config) = static_cast<std::uint32_t>(*n);
    return std::nullopt;
  }

  Checked operator()(const NumberType& type) const {
    double n = 0;
    if (const auto* whole = std::get_if<std::int64_t>(&value.is)) {
      n = static_cast<double>(*whole);
    } else if (const auto* real = std::get_if<double>(&value.is)) {
      n = *real;
    } else {
      return mismatch();
    }
    if (!std::isfinite(n) || n < type.min || n > type.max) return out_of_range(fmt::format("{}", n));
    type.field.in(config) = n;
    return std::nullopt;
  }

  Checked operator()(const PortType& type) const {
    const auto* n = std::get_if<std::int64_t>(&value.is);
    if (n == nullptr) return mismatch();
    if (*n < 0 || *n > 65535) return out_of_range(std::to_string(*n));
    type.field.in(config) = static_cast<std::uint16_t>(*n);
    return std::nullopt;
  }

  Checked operator()(const PathType& type) const {
    const auto* s = text();
    if (s == nullptr) return mismatch();
    if (s->empty() && !type.may_be_empty) return Complaint{fmt::format("{} is empty", setting.name), example(setting)};
    type.field.in(config) = *s;
    return std::nullopt;
  }

  Checked operator()(const WordType& type) const {
    const auto* s = text();
    if (s == nullptr) return mismatch();
    if (std::ranges::find(type.choices, *s) == type.choices.end()) return not_a_choice(*s);
    type.field.in(config) = *s;
    return std::nullopt;
  }

  Checked operator()(const ModeType& type) const {
    const auto* s = text();
    if (s == nullptr) return mismatch();
    for (const Mode mode : {Mode::edge, Mode::hosted}) {
      if (*s != to_string(mode)) continue;
      type.field.in(config) = mode;
      return std::nullopt;
    }
    return not_a_choice(*s);
  }

  Checked operator()(const RuleType& type) const {
    const auto* s = text();
    if (s == nullptr) return mismatch();
    for (const Rule rule : type.choices) {
      if (*s != to_string(rule)) continue;
      type.field.in(config) = rule;
      return std::nullopt;
    }
    return not_a_choice(*s);
  }

  Complaint not_a_choice(const std::string& given) const {
    return {fmt::format("{} can't be \"{}\"", setting.name, escaped(given)), "allowed: " + allowed(setting)};
  }

  Checked operator()(const DurationType& type) const {
    const auto* s = text();
    if (s == nullptr) {
      Complaint complaint = mismatch();
      if (const auto* n = std::get_if<std::int64_t>(&value.is)) {
        complaint.hint = fmt::format("a duration has a unit (ms, s, m, h, d): \"{}s\"", *n);
      }
      return complaint;
    }
    const auto duration = parse_duration(*s);
    if (!duration)
      return Complaint{mismatch().text, "digits and one unit: \"500ms\", \"30s\", \"10m\", \"1h\", \"7d\""};
    if (*duration < type.min || *duration > type.max) return out_of_range(duration_text(*duration));
    type.field.in(config) = *duration;
    return std::nullopt;
  }

  Checked operator()(const SizeType& type) const {
    const auto* s = text();
    if (s == nullptr) {
      Complaint complaint = mismatch();
      if (const auto* n = std::get_if<std::int64_t>(&value.is); n != nullptr && *n >= 0) {
        complaint.hint = fmt::format("a size has a unit: \"{}\"", size_text(static_cast<std::uint64_t>(*n)));
      }
      return complaint;
    }
    const auto size = parse_size(*s);
    if (!size) return Complaint{mismatch().text, "digits and one unit: \"64KiB\", \"10MB\", \"2GiB\""};
    if (*size < type.min || *size > type.max) return out_of_range(size_text(*size));
    type.field.in(config) = *size;
    return std::nullopt;
  }

  Checked operator()(const HostType& type) const {
    constexpr std::string_view kExample = R"("pbx.example.net")";
    const auto* s = text();
    if (s == nullptr) return mismatch(kExample);
    if (s->empty()) {
      type.field.in(config).clear();
      return std::nullopt;
    }
    if (const auto scheme = s->find("://"); scheme != std::string::npos) {
      const auto named = HostPort::parse(s->substr(scheme + 3, s->find('/', scheme + 3) - scheme - 3));
      return Complaint{
          fmt::format("{} is a host, not a URL: {}", setting.name, masked_origin(escaped(*s))),
          fmt::format("write {} = {}; a URL that files come from belongs into central.provisioning.origins",
                      setting.name, named ? fmt::format("\"{}\"", named->host) : std::string(kExample))};
    }
    const auto host = HostPort::parse(*s);
    if (!host) return Complaint{fmt::format("{}: {}", setting.name, host.error().text), example(setting, kExample)};
    if (host->to_string() != host->host)
      return Complaint{fmt::format("{} takes a host without a port", setting.name),
                       "ports other than the usual ones are given in the central.* lists"};
    type.field.in(config) = host->host;
    return std::nullopt;
  }

  Checked operator()(const HostListType& type) const {
    return entries(type.field.in(config), true, R"(["dropwire.example.net"])",
                   [](const std::string& entry) -> Result<std::string> {
                     const auto host = HostPort::parse(entry);
                     if (!host) return std::unexpected(host.error());
                     if (host->to_string() != host->host) return fail(Errc::invalid, "a host has no port here");
                     return host->host;
                   });
  }

  Checked operator()(const AddressListType& type) const {
    return entries(type.field.in(config), false, R"(["0.0.0.0"] or ["0.0.0.0", "::"])",
                   [](const std::string& entry) { return IpAddress::parse(entry); });
  }

  Checked operator()(const SourceListType& type) const {
    return entries(
        type.field.in(config), true, R"(["192.0.2.11", "192.0.2.12"])",
        [](const std::string& entry) -> Result<IpAddress> {
          Result<IpAddress> address = IpAddress::parse(entry);
          if (address && !is_one_machine(*address)) return fail(Errc::invalid, "nothing can be sent from there");
          return address;
        },
        kMaxSourceAddresses);
  }

  Checked operator()(const NetworkListType& type) const {
    return entries(
        type.field.in(config), true, R"(["192.0.2.0/24", "198.51.100.7"])",
        [](const std::string& entry) { return IpNetwork::parse(entry); }, kMaxNetworks);
  }

  static bool is_one_machine(const IpAddress& address) {
    return !address.is_unspecified() && !address.is_multicast() && !address.is_broadcast();
  }

  Checked operator()(const CountOrAutoType& type) const {
    if (const auto* s = text(); s != nullptr && *s == "auto") {
      type.field.in(config).reset();
      return std::nullopt;
    }
    const auto* n = std::get_if<std::int64_t>(&value.is);
    if (n == nullptr) {
      Complaint complaint = mismatch();
      complaint.hint = "allowed: " + allowed(setting);
      return complaint;
    }
    if (*n < type.min || *n > type.max) return out_of_range(std::to_string(*n));
    type.field.in(config) = static_cast<std::uint32_t>(*n);
    return std::nullopt;
  }

  Checked operator()(const AddressOrAutoType& type) const {
    const auto* s = text();
    if (s == nullptr) return mismatch();
    if (*s == "auto") {
      type.field.in(config).reset();
      return std::nullopt;
    }
    const auto address = IpAddress::parse(*s);
    if (!address)
      return Complaint{fmt::format("{}: {}", setting.name, address.error().text),
                       "\"auto\" or an address such as \"192.0.2.7\""};
    if (!is_one_machine(*address)) {
      return Complaint{fmt::format("{}: nobody can be reached at {}", setting.name, address->to_string()),
                       "\"auto\" or an address of one machine"};
    }
    type.field.in(config) = *address;
    return std::nullopt;
  }

  Checked operator()(const ServerType& type) const {
    constexpr std::string_view kExample = R"("pbx.example.net:3478")";
    const auto* s = text();
    if (s == nullptr) return mismatch(kExample);
    if (s->empty()) {
      type.field.in(config).reset();
      return std::nullopt;
    }
    auto server = HostPort::parse(*s);
    if (!server) return Complaint{fmt::format("{}: {}", setting.name, server.error().text), example(setting, kExample)};
    if (server->port == 0) server->port = type.default_port;
    type.field.in(config) = std::move(*server);
    return std::nullopt;
  }

  Checked operator()(const EndpointType& type) const {
    const auto* s = text();
    if (s == nullptr) return mismatch();
    const auto endpoint = Endpoint::parse(*s);
    if (!endpoint)
      return Complaint{fmt::format("{}: {}", setting.name, endpoint.error().text),
                       example(setting) + " or \"[::1]:8079\""};
    type.field.in(config) = *endpoint;
    return std::nullopt;
  }

  Checked operator()(const OriginListType& type) const {
    return entries(type.field.in(config), true, R"(["http://pbx.example.net:6970/", "tftp://pbx.example.net/"])",
                   [](const std::string& entry) { return checked_origin(entry); });
  }

  Checked operator()(const ServerListType& type) const {
    return entries(type.field.in(config), true, R"(["pbx.example.net:2000"])", [&](const std::string& entry) {
      Result<HostPort> server = HostPort::parse(entry);
      if (server && server->port == 0) server->port = type.default_port;
      return server;
    });
  }

  Checked operator()(const SipServerListType& type) const {
    return entries(type.field.in(config), true, R"(["udp:pbx.example.net:5060"])", &parse_sip_server);
  }

  Checked operator()(const WordListType& type) const {
    return entries(type.field.in(config), true, setting.by_default,
                   [](const std::string& entry) -> Result<std::string> {
                     if (entry.size() < kMinWord || entry.size() > kMaxWord)
                       return fail(Errc::invalid, fmt::format("has not {} to {} characters", kMinWord, kMaxWord));
                     if (std::ranges::any_of(entry, [](char c) { return c < 0x20 || c >= 0x7f; }))
                       return fail(Errc::invalid, "has characters beyond plain ASCII");
                     return entry;
                   });
  }

  Checked operator()(const DialledListType& type) const {
    return entries(type.field.in(config), true, setting.by_default,
                   [](const std::string& entry) -> Result<std::string> {
                     if (entry.empty() || entry.size() > kMaxDialled ||
                         entry.find_first_not_of("0123456789*#") != std::string::npos)
                       return fail(Errc::invalid, fmt::format("is not 1 to {} digits, * or #", kMaxDialled));
                     return entry;
                   });
  }

  Checked operator()(const CodecListType& type) const {
    return entries(type.field.in(config), true, R"(["PCMA", "PCMU", "-G729"])",
                   [](const std::string& entry) -> Result<std::string> {
                     if (!is_codec_rule(entry))
                       return fail(Errc::invalid,
                                   fmt::format("\"{}\" is not a codec's name as SDP has it", escaped(entry)));
                     return entry;
                   });
  }

  Checked operator()(const PortRangeType& type) const {
    const auto* s = text();
    if (s == nullptr) return mismatch();
    const auto dash = s->find('-');
    const auto first = parse_number(std::string_view(*s).substr(0, dash), 65535);
    const auto last =
        dash == std::string::npos ? std::nullopt : parse_number(std::string_view(*s).substr(dash + 1), 65535);
    if (!first || !last) return mismatch();
    if (*first < 1024 || *last < *first + 1) return out_of_range(*s);
    type.field.in(config) = {static_cast<std::uint16_t>(*first), static_cast<std::uint16_t>(*last)};
    return std::nullopt;
  }
};

}  // namespace

std::optional<Complaint> assign(const Setting& setting, const Value& value, Config& config) {
  return std::visit(Assign{setting, value, config}, setting.type);
}

}  // namespace dw::conf
