// Any octets as a TCP connection's: however they are cut, the same messages, pings and errors come out; and
// what the framer calls one message is one for the parser, to the octet.
#include <algorithm>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "sbc/sip/message.hpp"
#include "sbc/sip/stream.hpp"

namespace {

using namespace dw;
using namespace dw::sip;

struct Out {
  std::vector<std::string> pieces;
  std::size_t octets = 0;  ///< in them
  bool broken = false;
  std::size_t left = 0;
  bool operator==(const Out&) const = default;
};

Out cut(Bytes stream, std::size_t first, std::size_t step) {
  StreamFramer framer;
  Out out;
  for (std::size_t at = 0, n = first; at < stream.size(); at += n, n = step) {
    n = std::min(n, stream.size() - at);
    const Buffer piece(stream.begin() + static_cast<std::ptrdiff_t>(at),
                       stream.begin() + static_cast<std::ptrdiff_t>(at + n));
    framer.push(piece);
    for (;;) {
      const auto next = framer.next();
      if (!next) {
        out.broken = true;
        return out;
      }
      if (!*next) break;
      const auto& [kind, octets] = **next;
      out.octets += kind == StreamFramer::Kind::message ? octets.size()
                    : kind == StreamFramer::Kind::ping  ? 4
                    : octets.empty()                    ? 2
                                                        : 1;
      out.pieces.emplace_back(kind == StreamFramer::Kind::message ? as_text(octets)
                              : kind == StreamFramer::Kind::ping  ? "ping"
                                                                  : "pong");
    }
  }
  out.left = framer.buffered();
  if (out.octets + out.left != stream.size()) std::abort();
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Bytes stream(data, size);
  const Out whole = cut(stream, size, 1);
  // Octet by octet where that is cheap, else in about 32 pieces of a length that the input chooses, and in
  // two.
  const std::size_t step = size < 128 ? 1 : size / 32 + data[0] % 32U;
  const std::size_t first = size < 2 ? 1 : 1 + (data[1] * 251U + data[size - 1]) % size;
  if (cut(stream, step, step) != whole || cut(stream, first, size) != whole) std::abort();
  static const auto message = std::make_unique<Message>();
  for (const std::string& piece : whole.pieces) {
    if (piece == "ping" || piece == "pong") continue;
    if (!message->parse(as_bytes(piece))) continue;
    if (message->fault()) continue;
    if (message->text().size() != piece.size()) std::abort();
    if (message->content_length() != message->body().size()) std::abort();
  }
  return 0;
}
