#include "sbc/sccp/registration.hpp"

#include <algorithm>

#include "sbc/sccp/call_table.hpp"
#include "sbc/sccp/liveness.hpp"

namespace dw::sccp {

void Registration::on_register(const Message& message, MutableBytes leaving, std::uint32_t max_version) {
  constexpr std::size_t kLoadOctets = 32;
  if (message.layout().count != 0) stated_ = message.address().address;
  device_type_ = message.read(Field::device_type);
  active_streams_ = message.read(Field::active_streams);
  if (message.from(Field::load).size() >= kLoadOctets) firmware_ = message.text(Field::load, kLoadOctets);
  offered_ = 0;
  if (!message.has(Field::version)) return;
  std::uint8_t& version = leaving[message.type().at(Field::version)];
  if (max_version < kMaxProtocolVersion && version > max_version) version = static_cast<std::uint8_t>(max_version);
  offered_ = std::min<std::uint32_t>(version, kMaxProtocolVersion);
}

Duration Registration::on_register_ack(const Message& message) {
  constexpr std::uint32_t kChanSkinny = 0x30;  // an ASCII '0', and the layouts of what the phone offered
  constexpr std::uint32_t kFlatOnly = 11;
  constexpr std::uint32_t kLongestKeepalive = 600;  // s
  const std::uint32_t answered = message.octet(Field::version);
  if (answered >= 1 && answered <= kMaxProtocolVersion) {
    version_ = offered_ == 0 ? answered : std::min(offered_, answered);
  } else {
    version_ = answered == kChanSkinny ? offered_ : std::min(offered_, kFlatOnly);
  }
  registered_ = true;
  leaving_ = unregistered_ = false;
  const std::uint32_t seconds = message.read(Field::seconds);
  if (seconds == 0) return Liveness::kDefaultInterval;
  return std::chrono::seconds(std::min(seconds, kLongestKeepalive));
}

bool Registration::on_unregister_ack(const Message& message) {
  leaving_ = false;
  if (message.read(Field::status) != 0) return false;
  unregistered_ = true;
  return true;
}

bool Registration::on_line(const Message& message) {
  const std::string text = message.text(Field::text, kNumberOctets);
  const std::uint32_t line = message.read(Field::line);
  if (text.empty() || (lines_.size() == kMaxLines && !lines_.contains(line))) return false;
  std::string& known = lines_[line];
  if (known == text) return false;
  known = text;
  return true;
}

}  // namespace dw::sccp
