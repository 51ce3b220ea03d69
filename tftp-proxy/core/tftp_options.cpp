#include "tftp-proxy/core/tftp_options.hpp"

#include <algorithm>
#include <cassert>
#include <limits>
#include <string>

#include "sbc/base/text_cursor.hpp"

namespace dw::tftp {
namespace {

enum OptionBit : unsigned { kBlksizeBit = 1, kTimeoutBit = 2, kTsizeBit = 4, kWindowsizeBit = 8 };

}  // namespace

Terms::Terms(const Request& request, Mode mode, const TermLimits& limits) : mode_(mode) {
  OptionWalk walk(request.options);
  while (const auto option = walk.next())
    take(*option, limits);
}

void Terms::take(const Option& option, const TermLimits& limits) {
  const auto is = [&](std::string_view name) { return equal_ignoring_case(option.name, name); };
  if (is("blksize")) {
    if (!first_time(kBlksizeBit)) return;
    const auto asked = parse_number(option.value, kMaxBlksize);
    if (!asked || *asked < kMinBlksize) return;
    blksize_ = static_cast<std::uint16_t>(std::min<std::uint64_t>(*asked, limits.max_blksize));
    agree(option.name, blksize_);
  } else if (is("timeout")) {
    if (!first_time(kTimeoutBit)) return;
    const auto asked = parse_number(option.value, kMaxTimeoutSeconds);
    if (!asked || *asked == 0) return;
    timeout_ = static_cast<std::uint8_t>(*asked);
    agree(option.name, timeout_);
  } else if (is("windowsize")) {
    if (!first_time(kWindowsizeBit)) return;
    const auto asked = parse_number(option.value, std::numeric_limits<std::uint16_t>::max());
    if (!asked || *asked == 0 || mode_ == Mode::netascii) return;
    windowsize_ = static_cast<std::uint16_t>(std::min<std::uint64_t>(*asked, limits.max_windowsize));
    agree(option.name, windowsize_);
  } else if (is("tsize")) {
    if (!first_time(kTsizeBit)) return;
    if (!parse_number(option.value, std::numeric_limits<std::uint64_t>::max()) || mode_ == Mode::netascii) return;
    std::ranges::copy(option.name, tsize_name_.begin());
    tsize_asked_ = true;
  }
}

bool Terms::first_time(unsigned option_bit) {
  if ((seen_ & option_bit) != 0) {
    repeated_option_ = true;
    return false;
  }
  seen_ = static_cast<std::uint8_t>(seen_ | option_bit);
  return true;
}

void Terms::agree(std::string_view name, std::uint64_t value) {
  const auto put = [&](std::string_view text) {
    assert(oack_size_ + text.size() + 1 <= oack_.size());
    std::ranges::copy(as_bytes(text), oack_.begin() + oack_size_);
    oack_size_ = static_cast<std::uint8_t>(oack_size_ + text.size());
    oack_[oack_size_++] = 0;
  };
  if (oack_size_ == 0) {
    oack_[1] = static_cast<std::uint8_t>(Opcode::oack);
    oack_size_ = 2;
  }
  put(name);
  put(std::to_string(value));
}

void Terms::set_size(std::optional<std::uint64_t> octets) {
  if (!tsize_asked_ || !octets) return;
  tsize_asked_ = false;
  agree({tsize_name_.data(), tsize_name_.size()}, *octets);
}

}  // namespace dw::tftp
