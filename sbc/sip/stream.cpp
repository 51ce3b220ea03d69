#include "sbc/sip/stream.hpp"

#include <algorithm>
#include <utility>

#include "sbc/base/text_cursor.hpp"
#include "sbc/sip/message.hpp"

namespace dw::sip {
namespace {

constexpr std::string_view kEnd = "\r\n\r\n";
constexpr std::string_view kLine = "\r\n";

}  // namespace

Result<std::size_t> framed_content_length(std::string_view block) {
  TextCursor cursor(block);
  std::optional<std::size_t> length;
  while (!cursor.at_end()) {
    const std::string_view rest = cursor.rest();
    cursor.take_line();
    while (cursor.peek() == ' ' || cursor.peek() == '\t')
      cursor.take_line();  // its folds
    const std::string_view field = rest.substr(0, rest.size() - cursor.rest().size());
    const auto colon = field.find(':');
    if (colon == field.npos || field_name_of(trim(field.substr(0, colon))) != FieldName::content_length) continue;
    const auto number = parse_number(trim(field.substr(colon + 1)), Message::kMaxOctets);
    if (!number || (length && *length != *number)) return fail(Errc::malformed, "Content-Length is none");
    length = static_cast<std::size_t>(*number);
  }
  if (!length) return fail(Errc::malformed, "Content-Length is missing");
  return *length;
}

void StreamFramer::push(Bytes octets) {
  if (begin_ == buffer_.size()) {
    buffer_.clear();
    begin_ = scanned_ = 0;
  } else if (begin_ > Message::kMaxOctets) {
    buffer_.erase(buffer_.begin(), buffer_.begin() + static_cast<std::ptrdiff_t>(begin_));
    scanned_ -= std::min(scanned_, begin_);
    begin_ = 0;
  }
  buffer_.insert(buffer_.end(), octets.begin(), octets.end());
}

void StreamFramer::free_memory() {
  if (begin_ != buffer_.size()) return;
  Buffer().swap(buffer_);
  begin_ = scanned_ = 0;
}

Result<std::optional<StreamFramer::Piece>> StreamFramer::next() {
  const std::string_view all = as_text(buffer_);
  const std::string_view left = all.substr(begin_);
  if (left.starts_with('\0'))  // no message begins so; phones keep a connection open by it
    return Piece{Kind::pong, Bytes(buffer_).subspan(begin_++, 1)};
  if (left.starts_with(kEnd)) {
    begin_ += kEnd.size();
    return Piece{Kind::ping, {}};
  }
  if (left.starts_with(kLine)) {
    // Half a ping, until something else follows it.
    if (left.size() < kEnd.size() && kEnd.starts_with(left)) return std::nullopt;
    begin_ += kLine.size();
    return Piece{Kind::pong, {}};
  }
  if (left.size() < needed_) return std::nullopt;  // its header block was read once, and is not again
  const std::size_t from = std::max(begin_, scanned_);
  const auto found = all.find(kEnd, from);
  if (found == all.npos) {
    if (left.size() > Message::kMaxOctets) return fail(Errc::too_long, "the header block is too long");
    scanned_ = all.size() - std::min(left.size(), kEnd.size() - 1);
    return std::nullopt;
  }
  scanned_ = found;
  const std::size_t header = found + kEnd.size() - begin_;
  if (header > Message::kMaxOctets) return fail(Errc::too_long, "the header block is too long");
  const auto length = framed_content_length(left.substr(0, header));
  if (!length) return std::unexpected(length.error());
  needed_ = header + *length;
  if (left.size() < needed_) return std::nullopt;
  Piece piece{Kind::message, Bytes(buffer_).subspan(begin_, needed_)};
  begin_ += std::exchange(needed_, 0);
  scanned_ = begin_;
  return piece;
}

}  // namespace dw::sip
