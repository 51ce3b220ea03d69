#include "nat/fast/core/loader_report.hpp"

#include <fmt/core.h>

#include <algorithm>

#include "sbc/base/byte_reader.hpp"

namespace dw::nat::fast {
namespace {

using State = InterfaceReport::State;
constexpr auto kLastState = State::not_ethernet;

bool read_flag(ByteReader& in, std::string_view field) {
  const std::uint8_t flag = in.u8(field);
  if (flag > 1) in.refuse(Errc::malformed, field);
  return flag == 1;
}

std::string read_text(ByteReader& in, std::size_t length, std::size_t max, std::string_view field) {
  if (length > max) in.refuse(Errc::too_long, field);
  return std::string(as_text(in.take(length, field)));
}

std::string_view cut(std::string_view text, std::size_t max) {
  return text.substr(0, max);
}

}  // namespace

Result<LoaderReport> parse_loader_report(Bytes octets) {
  ByteReader in(octets);
  LoaderReport out;
  if (in.u16be("version") != LoaderReport::kVersion) in.refuse(Errc::unsupported, "version");
  out.loaded = read_flag(in, "loaded");
  out.refused = read_text(in, in.u16be("length of the reason"), LoaderReport::kMaxRefused, "reason");
  out.more_interfaces = read_flag(in, "more interfaces");
  const std::size_t count = in.u16be("interfaces");
  if (count > LoaderReport::kMaxInterfaces) in.refuse(Errc::too_long, "interfaces");
  for (std::size_t i = 0; i < count && in.ok(); ++i) {
    InterfaceReport one;
    one.name = read_text(in, in.u8("length of a name"), LoaderReport::kMaxName, "name");
    const std::uint8_t state = in.u8("state");
    if (state > static_cast<std::uint8_t>(kLastState)) in.refuse(Errc::malformed, "state");
    one.state = static_cast<State>(state);
    one.why = read_text(in, in.u8("length of an interface's reason"), LoaderReport::kMaxWhy, "an interface's reason");
    out.interfaces.push_back(std::move(one));
  }
  if (in.ok() && !in.at_end()) in.refuse(Errc::too_long, "end");
  if (!in.ok()) return std::unexpected(in.error());
  return out;
}

void write(ByteWriter& out, const LoaderReport& report) {
  out.u16be(LoaderReport::kVersion);
  out.u8(report.loaded ? 1 : 0);
  const auto refused = cut(report.refused, LoaderReport::kMaxRefused);
  out.u16be(static_cast<std::uint16_t>(refused.size()));
  out.text(refused);
  const std::size_t count = std::min(report.interfaces.size(), LoaderReport::kMaxInterfaces);
  out.u8(report.more_interfaces || count < report.interfaces.size() ? 1 : 0);
  out.u16be(static_cast<std::uint16_t>(count));
  for (std::size_t i = 0; i < count; ++i) {
    const InterfaceReport& one = report.interfaces[i];
    const auto name = cut(one.name, LoaderReport::kMaxName), why = cut(one.why, LoaderReport::kMaxWhy);
    out.u8(static_cast<std::uint8_t>(name.size()));
    out.text(name);
    out.u8(static_cast<std::uint8_t>(one.state));
    out.u8(static_cast<std::uint8_t>(why.size()));
    out.text(why);
  }
}

std::string to_string(const InterfaceReport& interface) {
  switch (interface.state) {
    case State::attached:
      return interface.name + ": attached";
    case State::refused:
      return fmt::format("{}: not attached: {}", interface.name, interface.why);
    case State::down:
      return interface.name + ": down";
    case State::vlan:
      return interface.name + ": a VLAN, whose media stays with the sockets";
    case State::not_ethernet:
      return interface.name + ": not Ethernet, its media stays with the sockets";
  }
  return interface.name;
}

}  // namespace dw::nat::fast
