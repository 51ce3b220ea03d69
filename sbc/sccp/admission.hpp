#pragma once
#include <optional>
#include <string>
#include <vector>

#include "sbc/sccp/message.hpp"
#include "sbc/sccp/session_types.hpp"

namespace dw::sccp {

/// What a phone may say before it is registered, by which name, and what waits until its call server is connected and
/// the name is free (sccp §6.1). Owns the name and the messages that wait. No I/O.
class Admission {
 public:
  static constexpr std::size_t kMaxBeforeRegistration = 2560;  ///< octets of one frame (sccp §1.2)
  static constexpr std::size_t kMaxWaiting = 8192;             ///< octets of all that waits

  enum class Verdict : std::uint8_t {
    passes,
    ignored,     ///< some phones say it that early, and no server understands it then
    wrong_side,  ///< only a server may say that
    bad_name,    ///< the phone is refused; `why` says it
    ends,        ///< the connection ends; `why` says it
  };
  struct Ruling {
    Verdict verdict{};
    std::string why;
  };

  explicit Admission(const SessionOptions& options) : options_(options) {}  ///< they outlive it

  Ruling judge(const Message& message, bool registered);
  /// RegisterReq waits until the name is free, and what comes behind it waits with it; everything waits for the server.
  bool must_wait(std::uint32_t id, bool server_there) const;
  bool keep(const Frame& frame);  ///< false: there is no room
  /// The next that may go, as long as the server is there; nothing when there is none, or `wants_admission`.
  std::optional<Buffer> next();

  /// Once: the message is reason enough to connect to a server. Keepalives and alarms alone are none.
  bool connect_for(std::uint32_t id);
  bool connect_asked() const { return connect_asked_; }
  bool wants_admission();  ///< once: a RegisterReq is at the head of what waits
  void admit() { admitted_ = true; }

  const std::string& device() const { return device_; }  ///< empty until it named itself
  std::size_t held() const { return octets_; }

 private:
  Ruling judge_name(const Message& message);
  bool head_must_wait() const;

  const SessionOptions& options_;
  std::string device_;
  std::vector<Buffer> waiting_;  // whole frames, in their order; those before `taken_` are gone
  std::size_t taken_ = 0;
  std::size_t octets_ = 0;
  bool connect_asked_ = false, admission_asked_ = false, admitted_ = false;
};

}  // namespace dw::sccp
