#pragma once
#include <cstdint>
#include <map>
#include <string>

#include "sbc/base/endpoint.hpp"
#include "sbc/base/time.hpp"
#include "sbc/sccp/message.hpp"

namespace dw::sccp {

/// What a phone and its call server say of each other when the phone registers, the protocol version that follows from
/// it (sccp §1.5), and whether the phone is registered. Sends nothing. Owned by the session. No I/O.
class Registration {
 public:
  static constexpr std::size_t kMaxLines = 42;

  /// RegisterReq. `leaving`: its payload as it leaves, in which the version becomes `max_version` at most.
  void on_register(const Message& message, MutableBytes leaving, std::uint32_t max_version);
  /// RegisterAck. Returns the interval of keepalives.
  Duration on_register_ack(const Message& message);
  void on_unregister() { leaving_ = true; }
  /// False: the phone has to stay, as it is in a call.
  bool on_unregister_ack(const Message& message);
  /// LineStatRes, in both forms. Whether lines() has changed.
  bool on_line(const Message& message);

  bool registered() const { return registered_; }
  bool left() const { return leaving_ || unregistered_; }              ///< the phone has said that it leaves
  bool awaits_good_bye() const { return leaving_ && !unregistered_; }  ///< and the server has not answered
  const IpAddress& stated() const { return stated_; }                  ///< the phone's address in its own words
  std::uint32_t device_type() const { return device_type_; }
  const std::string& firmware() const { return firmware_; }  ///< untrusted text
  std::uint32_t active_streams() const { return active_streams_; }
  unsigned version() const { return version_; }                                 ///< agreed on; 0: not known
  const std::map<std::uint32_t, std::string>& lines() const { return lines_; }  ///< untrusted text

 private:
  IpAddress stated_;
  std::uint32_t device_type_ = 0, active_streams_ = 0, offered_ = 0, version_ = 0;
  bool registered_ = false, leaving_ = false, unregistered_ = false;
  std::string firmware_;
  std::map<std::uint32_t, std::string> lines_;
};

}  // namespace dw::sccp
