#include "sbc/sccp/admission.hpp"

#include "sbc/sccp/station_name.hpp"

namespace dw::sccp {
namespace {

using Id = MessageId;

}  // namespace

Admission::Ruling Admission::judge(const Message& message, bool registered) {
  const MessageType& type = message.type();
  if (!registered) {
    if (type.early == MessageType::Early::dropped) return {Verdict::ignored, {}};
    if (type.early == MessageType::Early::ends)
      return {Verdict::ends, std::string(type.name) + " came before registration"};
    if (message.frame().octets.size() > kMaxBeforeRegistration)
      return {Verdict::ends, "a message that long came before registration"};
  }
  const bool names =
      message.is(Id::register_req) || message.is(Id::register_token_req) || message.is(Id::spcp_register_token_req);
  if (names) return judge_name(message);
  return {type.may_come(Direction::from_phone) ? Verdict::passes : Verdict::wrong_side, {}};
}

Admission::Ruling Admission::judge_name(const Message& message) {
  constexpr std::size_t kLeastRegister = 36;  // FreeSWITCH takes as little (sccp §1.5)
  const Bytes payload = message.frame().payload;
  auto name = station_name(payload, options_.any_device_name);
  if (!name) return {Verdict::bad_name, name.error().text};
  if (!device_.empty() && *name != device_)
    return {Verdict::bad_name, "a connection is one phone's, and it gave another name"};
  if (message.is(Id::register_req) && payload.size() < kLeastRegister)
    return {Verdict::bad_name, "its RegisterReq is too short"};
  device_ = std::move(*name);
  return {Verdict::passes, {}};
}

bool Admission::must_wait(std::uint32_t id, bool server_there) const {
  return !server_there || taken_ != waiting_.size() || (id == number(Id::register_req) && !admitted_);
}

bool Admission::keep(const Frame& frame) {
  if (octets_ + frame.octets.size() > kMaxWaiting) return false;
  octets_ += frame.octets.size();
  waiting_.emplace_back(frame.octets.begin(), frame.octets.end());
  return true;
}

bool Admission::head_must_wait() const {
  if (taken_ == waiting_.size() || admitted_) return false;
  const auto head = parse_frame(waiting_[taken_]);
  return head && head->id == number(Id::register_req);
}

std::optional<Buffer> Admission::next() {
  if (taken_ == waiting_.size() || head_must_wait()) return std::nullopt;
  Buffer octets = std::move(waiting_[taken_++]);
  octets_ -= octets.size();
  if (taken_ == waiting_.size()) {
    waiting_ = {};
    taken_ = 0;
  }
  return octets;
}

/// An alarm may wait for the message that names the phone, so that its fate can be reported of somebody.
bool Admission::connect_for(std::uint32_t id) {
  const bool alarm = id == number(Id::alarm) || id == number(Id::enhanced_alarm);
  if (connect_asked_ || alarm) return false;
  return connect_asked_ = true;
}

bool Admission::wants_admission() {
  if (admission_asked_ || !head_must_wait()) return false;
  return admission_asked_ = true;
}

}  // namespace dw::sccp
