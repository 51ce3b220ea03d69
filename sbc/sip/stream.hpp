#pragma once
#include <optional>
#include <string_view>

#include "sbc/base/bytes.hpp"
#include "sbc/base/result.hpp"

namespace dw::sip {

/// Cuts one connection's octets into messages (RFC 3261 §18.3, RFC 5626 §4.4.1): a header block, then as many
/// octets as Content-Length says. Keeps what is incomplete, at most one message of the largest size.
class StreamFramer {
 public:
  enum class Kind {
    message,  ///< `octets` is one message, good until the next call of push()
    ping,     ///< CR LF CR LF: the peer wants CR LF
    pong,     ///< CR LF by itself; or a NUL, which is its `octets`
  };
  struct Piece {
    Kind kind = Kind::message;
    Bytes octets;
  };

  /// What came in. Then call next() until it gives nothing.
  void push(Bytes octets);
  /// Errc::too_long, malformed: the stream can't be followed any further; end it.
  Result<std::optional<Piece>> next();
  /// The last piece is not needed any more. Frees the buffer if it is empty, so that an idle connection holds no
  /// memory.
  void free_memory();
  std::size_t buffered() const { return buffer_.size() - begin_; }

 private:
  Buffer buffer_;
  std::size_t begin_ = 0;    // of what was not handed out yet
  std::size_t scanned_ = 0;  // no header block ends before
  std::size_t needed_ = 0;   // octets of the message whose header block is there; 0: not known
};

/// The largest value of Content-Length in a header block that ends at `block`'s end: Errc::malformed when
/// there is none, when it is no number, and when two differ.
Result<std::size_t> framed_content_length(std::string_view block);

}  // namespace dw::sip
