#include "tftp-proxy/core/tftp_packet.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "sbc/base/escape.hpp"
#include "sbc/base/text_cursor.hpp"

namespace dw::tftp {
namespace {

void put_opcode(ByteWriter& out, Opcode opcode) {
  out.u16be(static_cast<std::uint16_t>(opcode));
}

std::string options_text(Bytes options) {
  std::string text;
  OptionWalk walk(options);
  while (const auto option = walk.next()) {
    text += fmt::format(" {}={}", escaped(option->name), escaped(option->value));
  }
  return text;
}

std::string_view cut_at_nul(Bytes octets) {
  const auto nul = std::find(octets.begin(), octets.end(), std::uint8_t{0});
  const auto length = static_cast<std::size_t>(nul - octets.begin());
  return as_text(octets.first(std::min(length, kMaxErrorText)));
}

Packet read_body(Opcode opcode, ByteReader& in) {
  switch (opcode) {
    case Opcode::rrq:
    case Opcode::wrq: {
      Request request;
      request.write = opcode == Opcode::wrq;
      request.file = in.text_to_nul(kMaxRequest, "file");
      request.mode = in.text_to_nul(kMaxRequest, "mode");
      request.options = in.rest();
      return request;
    }
    case Opcode::data: {
      const std::uint16_t block = in.u16be("block");
      return Data{block, in.rest()};
    }
    case Opcode::ack:
      return Ack{in.u16be("block")};
    case Opcode::error: {
      const auto code = static_cast<ErrorCode>(in.u16be("code"));
      return ErrorMessage{code, cut_at_nul(in.rest())};
    }
    case Opcode::oack:
      return Oack{in.rest()};
  }
  return Packet{};
}

}  // namespace

std::string_view to_string(ErrorCode code) {
  constexpr std::array<std::string_view, 9> kNames = {"not defined", "file not found",    "access violation",
                                                      "disk full",   "illegal operation", "unknown TID",
                                                      "file exists", "no such user",      "option refused"};
  const auto number = static_cast<std::size_t>(code);
  return number < kNames.size() ? kNames[number] : "unknown code";
}

std::string_view to_string(Mode mode) {
  return mode == Mode::octet ? "octet" : "netascii";
}

std::optional<Mode> parse_mode(std::string_view text) {
  if (equal_ignoring_case(text, "octet")) return Mode::octet;
  if (equal_ignoring_case(text, "netascii")) return Mode::netascii;
  return std::nullopt;
}

std::optional<Option> OptionWalk::next() {
  if (reader_.at_end()) return std::nullopt;
  Option option;
  option.name = reader_.text_to_nul(kMaxRequest, "option name");
  option.value = reader_.text_to_nul(kMaxRequest, "option value");
  if (!reader_.ok()) return std::nullopt;
  return option;
}

std::optional<Opcode> parse_opcode(Bytes datagram) {
  ByteReader in(datagram);
  const std::uint16_t number = in.u16be("opcode");
  if (!in.ok() || number < 1 || number > 6) return std::nullopt;
  return static_cast<Opcode>(number);
}

Result<Packet> parse_packet(Bytes datagram) {
  ByteReader in(datagram);
  const std::uint16_t number = in.u16be("opcode");
  if (!in.ok()) return std::unexpected(in.error());
  if (number < 1 || number > 6) return fail(Errc::unsupported, fmt::format("opcode {}", number));
  Packet packet = read_body(static_cast<Opcode>(number), in);
  if (!in.ok()) return std::unexpected(in.error());
  return packet;
}

void write(ByteWriter& out, const Request& packet) {
  put_opcode(out, packet.write ? Opcode::wrq : Opcode::rrq);
  out.text_nul(packet.file);
  out.text_nul(packet.mode);
  out.octets(packet.options);
}

void write(ByteWriter& out, const Data& packet) {
  put_opcode(out, Opcode::data);
  out.u16be(packet.block);
  out.octets(packet.octets);
}

void write(ByteWriter& out, const Ack& packet) {
  put_opcode(out, Opcode::ack);
  out.u16be(packet.block);
}

void write(ByteWriter& out, const ErrorMessage& packet) {
  put_opcode(out, Opcode::error);
  out.u16be(static_cast<std::uint16_t>(packet.code));
  out.text_nul(packet.text);
}

void write(ByteWriter& out, const Oack& packet) {
  put_opcode(out, Opcode::oack);
  out.octets(packet.options);
}

void write(ByteWriter& out, const Option& option) {
  out.text_nul(option.name);
  out.text_nul(option.value);
}

std::string to_string(const Packet& packet) {
  struct Text {
    std::string operator()(const Request& p) const {
      return fmt::format("{} \"{}\" {}{}", p.write ? "WRQ" : "RRQ", escaped(p.file), escaped(p.mode),
                         options_text(p.options));
    }
    std::string operator()(const Data& p) const { return fmt::format("DATA {} ({})", p.block, p.octets.size()); }
    std::string operator()(const Ack& p) const { return fmt::format("ACK {}", p.block); }
    std::string operator()(const ErrorMessage& p) const {
      return fmt::format("ERROR {} \"{}\"", static_cast<unsigned>(p.code), escaped(p.text));
    }
    std::string operator()(const Oack& p) const { return "OACK" + options_text(p.options); }
  };
  return std::visit(Text{}, packet);
}

}  // namespace dw::tftp
