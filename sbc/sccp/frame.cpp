#include "sbc/sccp/frame.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "sbc/base/byte_reader.hpp"
#include "sbc/base/byte_writer.hpp"
#include "sbc/sccp/messages.hpp"

namespace dw::sccp {
namespace {

constexpr std::size_t kLengthOctets = 8;  // length and version: what `length` does not count
constexpr std::uint32_t kMinLength = 4;   // the message id alone

/// Versions 1 and 2 never were; chan_sccp ends a session over one it does not know (sccp §1.4).
bool version_is_spoken(std::uint32_t version) {
  return version == 0 || (version >= 3 && version <= kMaxProtocolVersion);
}

}  // namespace

Result<Frame> parse_frame(Bytes octets) {
  ByteReader reader(octets);
  const std::uint32_t length = reader.u32le("length");
  Frame frame;
  frame.version = reader.u32le("header version");
  if (reader.ok() && length < kMinLength) reader.refuse(Errc::malformed, "length");
  if (reader.ok() && length > kMaxFrameOctets - kLengthOctets) reader.refuse(Errc::too_long, "length");
  if (reader.ok() && !version_is_spoken(frame.version)) reader.refuse(Errc::malformed, "header version");
  frame.id = reader.u32le("message id");
  if (reader.ok()) frame.payload = reader.take(length - kMinLength, "payload");
  if (reader.ok() && !reader.at_end()) reader.refuse(Errc::malformed, "end of frame");
  if (!reader.ok()) return std::unexpected(reader.error());
  frame.octets = octets;
  return frame;
}

void write_frame(Buffer& out, std::uint32_t version, std::uint32_t id, Bytes payload) {
  ByteWriter writer(out);
  writer.u32le(static_cast<std::uint32_t>(payload.size() + kMinLength));
  writer.u32le(version);
  writer.u32le(id);
  writer.octets(payload);
}

std::string fixed_text(Bytes payload, std::size_t offset, std::size_t octets) {
  if (offset >= payload.size()) return {};
  const std::string_view field = as_text(payload.subspan(offset, std::min(octets, payload.size() - offset)));
  return std::string(field.substr(0, field.find('\0')));
}

std::string to_string(const Frame& frame) {
  return fmt::format("{} (0x{:04x}) version {}, {} octets", name_of(frame.id), frame.id, frame.version,
                     frame.payload.size());
}

void FrameStream::feed(TimePoint now, Bytes arrived) {
  arrived_ = arrived;
  arrived_at_ = now;
}

std::size_t FrameStream::wanted(Bytes start) {
  if (start.size() < 4) return 0;
  ByteReader reader(start);
  const std::uint32_t length = reader.u32le("length");
  if (length < kMinLength) {
    error_ = Error{Errc::malformed, "a frame's length is below 4", 0};
  } else if (length > kMaxFrameOctets - kLengthOctets) {
    error_ = Error{Errc::too_long, fmt::format("a frame claims {} octets", length), 0};
  }
  return error_ ? 0 : length + kLengthOctets;
}

std::optional<Frame> FrameStream::next() {
  if (error_) return std::nullopt;
  if (partial_given_) {
    partial_.clear();
    partial_given_ = false;
  }
  Bytes whole;
  if (partial_.empty()) {
    const std::size_t size = wanted(arrived_);
    if (size != 0 && arrived_.size() >= size) {
      whole = arrived_.first(size);
      arrived_ = arrived_.subspan(size);
    }
  }
  if (whole.empty() && !error_) {
    // First the length, then as much as it says: never more than one frame is copied.
    for (int turn = 0; turn < 2 && !error_; ++turn) {
      const std::size_t size = partial_.size() < 4 ? 4 : wanted(partial_);
      const std::size_t take = std::min(arrived_.size(), size > partial_.size() ? size - partial_.size() : 0);
      partial_.insert(partial_.end(), arrived_.begin(), arrived_.begin() + static_cast<std::ptrdiff_t>(take));
      arrived_ = arrived_.subspan(take);
    }
    const std::size_t size = error_ ? 0 : wanted(partial_);
    if (size != 0 && partial_.size() == size) {
      whole = partial_;
      partial_given_ = true;
    }
  }
  if (error_) return std::nullopt;
  if (whole.empty()) {
    if (partial_.empty())
      partial_since_.reset();
    else if (!partial_since_)
      partial_since_ = arrived_at_;
    return std::nullopt;
  }
  partial_since_.reset();
  auto frame = parse_frame(whole);
  if (!frame) {
    error_ = frame.error();
    return std::nullopt;
  }
  return *frame;
}

}  // namespace dw::sccp
