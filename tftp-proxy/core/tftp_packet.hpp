#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "sbc/base/byte_reader.hpp"
#include "sbc/base/byte_writer.hpp"

namespace dw::tftp {

inline constexpr std::uint16_t kTftpPort = 69;
inline constexpr std::size_t kMaxRequest = 2048;   ///< octets of an RRQ that we read (RFC 2347 allows 512)
inline constexpr std::size_t kMaxErrorText = 128;  ///< octets of a peer's ERROR text that we look at
inline constexpr std::size_t kDataHead = 4;        ///< octets before the body of a DATA
inline constexpr std::uint16_t kDefaultBlksize = 512;

enum class Opcode : std::uint16_t { rrq = 1, wrq = 2, data = 3, ack = 4, error = 5, oack = 6 };

/// RFC 1350 §5 appendix and RFC 2347. Other values may come in and are kept.
enum class ErrorCode : std::uint16_t {
  not_defined = 0,
  file_not_found = 1,
  access_violation = 2,
  disk_full = 3,
  illegal_operation = 4,
  unknown_tid = 5,
  file_exists = 6,
  no_such_user = 7,
  option_refused = 8,
};
std::string_view to_string(ErrorCode code);

enum class Mode : std::uint8_t { octet, netascii };
std::string_view to_string(Mode mode);
/// In any case of letters. Nothing for "mail" (RFC 1123 §4.2.3.1: not to be spoken) and for anything else.
std::optional<Mode> parse_mode(std::string_view text);

/// One option of an RRQ, WRQ or OACK, as written.
struct Option {
  std::string_view name;
  std::string_view value;
};

/// Walks the options of a packet (RFC 2347: name NUL value NUL …). What is incomplete at the end (a name
/// without a value, a value without its NUL) is left out.
class OptionWalk {
 public:
  explicit OptionWalk(Bytes options) : reader_(options) {}
  std::optional<Option> next();

 private:
  ByteReader reader_;
};

// The packets. All views are into the datagram they were parsed from.

/// RRQ or WRQ: opcode, file NUL, mode NUL, options.
struct Request {
  bool write = false;
  std::string_view file;
  std::string_view mode;
  Bytes options;
};
struct Data {
  std::uint16_t block = 0;
  Bytes octets;
};
struct Ack {
  std::uint16_t block = 0;
};
/// The text may come without its NUL; what is beyond kMaxErrorText is cut off.
struct ErrorMessage {
  ErrorCode code{};
  std::string_view text;
};
struct Oack {
  Bytes options;
};
using Packet = std::variant<Request, Data, Ack, ErrorMessage, Oack>;

/// Errors: truncated (a field does not fit), unsupported (no such opcode). Octets behind an ACK are ignored.
Result<Packet> parse_packet(Bytes datagram);
/// The opcode alone, when there is one of ours.
std::optional<Opcode> parse_opcode(Bytes datagram);

void write(ByteWriter& out, const Request& packet);
void write(ByteWriter& out, const Data& packet);
void write(ByteWriter& out, const Ack& packet);
void write(ByteWriter& out, const ErrorMessage& packet);
void write(ByteWriter& out, const Oack& packet);
void write(ByteWriter& out, const Option& option);  ///< for the `options` of an RRQ or OACK

/// For logs and test messages: `RRQ "SEP….cnf.xml" octet`, `DATA 7 (512)`, `ACK 7`; escaped.
std::string to_string(const Packet& packet);

}  // namespace dw::tftp
