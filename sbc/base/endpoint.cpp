#include "sbc/base/endpoint.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <optional>

#include "sbc/base/text_cursor.hpp"

namespace dw {
namespace {

/// "192.0.2.1": four numbers up to 255 without leading zeros, as inet_pton takes them.
std::optional<std::uint32_t> dotted(std::string_view text) {
  std::uint32_t address = 0, octet = 0;
  unsigned dots = 0, digits = 0;
  for (const char c : text) {
    if (c == '.') {
      if (digits == 0 || ++dots > 3) return std::nullopt;
      address = address << 8 | octet;
      octet = digits = 0;
    } else {
      if (c < '0' || c > '9' || (digits != 0 && octet == 0)) return std::nullopt;
      octet = octet * 10 + static_cast<std::uint32_t>(c - '0');
      ++digits;
      if (octet > 255) return std::nullopt;
    }
  }
  if (dots != 3 || digits == 0) return std::nullopt;
  return address << 8 | octet;
}

}  // namespace

IpAddress IpAddress::v4(std::uint32_t host_order) {
  IpAddress a;
  a.family_ = 4;
  for (unsigned i = 0; i < 4; ++i)
    a.octets_[i] = static_cast<std::uint8_t>(host_order >> (24 - 8 * i));
  return a;
}

IpAddress IpAddress::v6(std::span<const std::uint8_t, 16> octets, std::uint32_t scope) {
  constexpr std::array<std::uint8_t, 12> kMapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  if (std::equal(kMapped.begin(), kMapped.end(), octets.begin())) {
    IpAddress a;
    a.family_ = 4;
    std::copy(octets.begin() + 12, octets.end(), a.octets_.begin());
    return a;
  }
  IpAddress a;
  a.family_ = 6;
  a.scope_ = scope;
  std::copy(octets.begin(), octets.end(), a.octets_.begin());
  return a;
}

Result<IpAddress> IpAddress::parse(std::string_view text) {
  const auto refused = [&] { return fail(Errc::invalid, "not an IP address: \"" + std::string(text) + "\""); };
  std::string_view body = text;
  if (body.starts_with('[')) {
    if (!body.ends_with(']') || body.find(':') == body.npos) return refused();
    body = body.substr(1, body.size() - 2);
  }
  std::uint32_t scope = 0;
  if (const auto percent = body.find('%'); percent != body.npos) {
    const auto number = parse_number(body.substr(percent + 1), 0xffffffff);
    if (!number) return refused();
    scope = static_cast<std::uint32_t>(*number);
    body = body.substr(0, percent);
  }
  constexpr std::size_t kLongestLiteral = 45;  // INET6_ADDRSTRLEN less its NUL
  if (body.empty() || body.size() > kLongestLiteral) return refused();
  if (body.find(':') == body.npos) {
    const auto address = dotted(body);
    if (scope != 0 || !address) return refused();
    return v4(*address);
  }
  const std::string z(body);
  std::array<std::uint8_t, 16> raw{};
  if (inet_pton(AF_INET6, z.c_str(), raw.data()) != 1) return refused();
  return v6(raw, scope);
}

std::uint32_t IpAddress::v4_host_order() const {
  return std::uint32_t{octets_[0]} << 24 | std::uint32_t{octets_[1]} << 16 | std::uint32_t{octets_[2]} << 8 |
         octets_[3];
}

bool IpAddress::is_unspecified() const {
  return family_ == 0 || std::ranges::all_of(octets(), [](std::uint8_t o) { return o == 0; });
}

bool IpAddress::is_loopback() const {
  if (is_v4()) return octets_[0] == 127;
  return is_v6() && octets_[15] == 1 && std::all_of(octets_.begin(), octets_.end() - 1, [](auto o) { return o == 0; });
}

bool IpAddress::is_multicast() const {
  return is_v4() ? (octets_[0] & 0xf0) == 0xe0 : is_v6() && octets_[0] == 0xff;
}

bool IpAddress::is_broadcast() const {
  return is_v4() && v4_host_order() == 0xffffffff;
}

bool IpAddress::is_private() const {
  if (is_loopback()) return true;
  if (is_v4()) {
    const std::uint32_t a = v4_host_order();
    return a >> 24 == 10 || a >> 20 == 0xac1 || a >> 16 == 0xc0a8 || a >> 16 == 0xa9fe || a >> 22 == (0x64400000 >> 22);
  }
  return is_v6() && ((octets_[0] & 0xfe) == 0xfc || (octets_[0] == 0xfe && (octets_[1] & 0xc0) == 0x80));
}

IpAddress IpAddress::network(unsigned bits) const {
  IpAddress cut = *this;
  for (unsigned i = 0; i < cut.octets_.size(); ++i) {
    const unsigned first = i * 8;
    if (bits <= first) {
      cut.octets_[i] = 0;
    } else if (bits < first + 8) {
      cut.octets_[i] = static_cast<std::uint8_t>(cut.octets_[i] & (0xff << (first + 8 - bits)));
    }
  }
  return cut;
}

std::string IpAddress::to_string() const {
  if (family_ == 0) return "none";
  if (is_v4()) {
    std::string out;
    for (unsigned i = 0; i < 4; ++i) {
      const unsigned octet = octets_[i];
      if (i != 0) out += '.';
      if (octet >= 100) out += static_cast<char>('0' + octet / 100);
      if (octet >= 10) out += static_cast<char>('0' + octet / 10 % 10);
      out += static_cast<char>('0' + octet % 10);
    }
    return out;
  }
  std::array<char, INET6_ADDRSTRLEN> text{};
  inet_ntop(AF_INET6, octets_.data(), text.data(), text.size());
  std::string out(text.data());
  if (scope_ != 0) out += "%" + std::to_string(scope_);
  return out;
}

Result<Endpoint> Endpoint::parse(std::string_view text) {
  const auto parts = HostPort::parse(text);
  if (!parts) return std::unexpected(parts.error());
  const auto address = IpAddress::parse(parts->host);
  if (!address) return std::unexpected(address.error());
  if (parts->port == 0 && !text.ends_with(":0"))
    return fail(Errc::invalid, "a port is missing: \"" + std::string(text) + "\"");
  return Endpoint{*address, parts->port};
}

std::string Endpoint::to_string() const {
  const std::string port_text = ":" + std::to_string(port);
  return address.is_v6() ? "[" + address.to_string() + "]" + port_text : address.to_string() + port_text;
}

Result<HostPort> HostPort::parse(std::string_view text) {
  constexpr std::size_t kMaxHost = 253;  // RFC 1035 §2.3.4
  const auto refused = [&](const char* why) {
    return fail(Errc::invalid, std::string(why) + ": \"" + std::string(text.substr(0, 300)) + "\"");
  };
  std::string_view host = text;
  std::string_view port;
  if (text.starts_with('[')) {
    const auto close = text.find(']');
    if (close == text.npos) return refused("\"]\" is missing");
    host = text.substr(1, close - 1);
    std::string_view tail = text.substr(close + 1);
    if (!tail.empty() && !tail.starts_with(':')) return refused("only a port may follow \"]\"");
    if (!tail.empty()) port = tail.substr(1);
    if (!tail.empty() && port.empty()) return refused("a port is missing after \":\"");
    if (!IpAddress::parse(host)) return refused("not an IPv6 address");
  } else if (const auto colon = text.find(':'); colon != text.npos) {
    if (text.find(':', colon + 1) != text.npos) {  // a bare IPv6 literal has no port
      if (!IpAddress::parse(text)) return refused("not a host or host:port");
    } else {
      host = text.substr(0, colon);
      port = text.substr(colon + 1);
      if (port.empty()) return refused("a port is missing after \":\"");
    }
  }
  if (host.empty() || host.size() > kMaxHost) return refused("not a host");
  for (const char c : host) {
    const bool fine = (lower(c) >= 'a' && lower(c) <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-' ||
                      c == '_' || c == ':' || c == '%';
    if (!fine) return refused("a host name has only letters, digits, \".\" and \"-\"");
  }
  HostPort out{std::string(host), 0};
  if (!port.empty()) {
    const auto number = parse_number(port, 65535);
    if (!number) return refused("not a port (0 to 65535)");
    out.port = static_cast<std::uint16_t>(*number);
  }
  return out;
}

std::string HostPort::to_string() const {
  const bool literal6 = host.find(':') != std::string::npos;
  std::string out = literal6 && port != 0 ? "[" + host + "]" : host;
  if (port != 0) out += ":" + std::to_string(port);
  return out;
}

std::size_t hash_of(const IpAddress& address) {
  std::uint64_t h = 0xcbf29ce484222325;
  for (const std::uint8_t o : address.octets())
    h = (h ^ o) * 0x100000001b3;
  return static_cast<std::size_t>(h ^ address.scope());
}

}  // namespace dw
