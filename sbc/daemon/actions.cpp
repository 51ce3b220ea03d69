#include "sbc/daemon/actions.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "sbc/base/escape.hpp"

namespace dw {
namespace {

constexpr unsigned kConflict = 409, kBadGateway = 502, kUnavailable = 503, kTimeout = 504;

unsigned status_of(Errc code) {
  if (code == Errc::not_found) return kConflict;  // the phone is known; it is not registered now
  return kUnavailable;
}

std::string_view verb_of(bool boot) {
  return boot ? "reset" : "restart";
}

admin::Outcome sip_outcome(const std::string& key, std::uint16_t status, bool boot) {
  constexpr std::uint16_t kRedirection = 300;
  if (status == 0)
    return {kTimeout, fmt::format("{} did not answer within 10 s: it was asked to {} by NOTIFY", key, verb_of(boot))};
  if (status < kRedirection)
    return {200, fmt::format("{} was asked to {} and took it; a 7940 or 7960 does so only if \"sync\" in its file is "
                             "another than before",
                             key, verb_of(boot))};
  return {kBadGateway, fmt::format("{} was asked to {} and answered {}: its firmware takes no such NOTIFY", key,
                                   verb_of(boot), status)};
}

}  // namespace

void Actions::act(const phones::Phone& phone, admin::PhoneAction action, bool force, const admin::OnOutcome& done) {
  if (action == admin::PhoneAction::forget) return forget(phone, force, done);
  if (!phone.registered)
    return done({kConflict, phone.key() + " is not registered here now, so nothing can be said to it: take its power "
                                          "away and give it back"});
  if (!force && in_call(phone))
    return done({kConflict, phone.key() + " is in a call, which would end: wait, or force it"});
  start_over(phone, action == admin::PhoneAction::reset, done);
}

void Actions::start_over(const phones::Phone& phone, bool boot, const admin::OnOutcome& done) {
  if (!phone.sip_lines.empty()) return ask_by_sip(phone, boot, done);
  const auto type = boot ? sccp::ResetType::reset : sccp::ResetType::restart;
  const std::string key = phone.key();
  const auto sent = sccp_ ? sccp_->reset(phone.device.str(), type) : Result<void>(fail(Errc::not_found, "SCCP is off"));
  if (!sent) return done({status_of(sent.error().code), sent.error().text});
  add_step(phone, std::string(verb_of(boot)));
  done({200, fmt::format("{} was asked to {}; it registers again by itself", key, verb_of(boot))});
}

void Actions::ask_by_sip(const phones::Phone& phone, bool boot, const admin::OnOutcome& done) {
  const bool several = phone.device.empty() && std::ranges::any_of(phone.sip_lines, [&](const phones::SipLine& line) {
                         return line.peer != phone.sip_lines.front().peer;
                       });
  if (several)
    return done(
        {kConflict, fmt::format("several phones without a name are at {}: name the one you mean", phone.key())});
  const auto asked =
      sip_ ? sip_->start_over(phone, boot,
                              [this, key = phone.key(), boot, done](std::uint16_t status) {
                                const phones::Phone* still = inventory_.find(key);
                                if (still && still->registered)
                                  add_step(*still, status == 0
                                                       ? fmt::format("{}, no answer", verb_of(boot))
                                                       : fmt::format("{}, it answered {}", verb_of(boot), status));
                                done(sip_outcome(key, status, boot));
                              })
           : Result<void>(fail(Errc::not_found, "SIP is off"));
  if (!asked) done({status_of(asked.error().code), asked.error().text});
}

void Actions::forget(const phones::Phone& phone, bool force, const admin::OnOutcome& done) {
  const std::string key = phone.key();
  if (phone.registered && !force)
    return done({kConflict, key + " is registered here now: it would come back with its next message; force it to drop "
                                  "its story"});
  inventory_.forget(key);
  done({200, key + " is forgotten; if it comes back, its story starts again"});
}

bool Actions::in_call(const phones::Phone& phone) const {
  const auto is_its = [&](const phones::Call& call) {
    if (!phone.device.empty() && call.device == phone.device.str()) return true;
    return call.device.empty() && std::ranges::any_of(phone.sip_lines, [&](const phones::SipLine& line) {
             return line.peer.address == call.peer.address &&
                    line.aor == escaped(call.own_number, phones::Step::kMaxAor);
           });
  };
  return (sccp_ && std::ranges::any_of(sccp_->calls(), is_its)) || (sip_ && std::ranges::any_of(sip_->calls(), is_its));
}

void Actions::add_step(const phones::Phone& phone, std::string detail) {
  phones::SignallingStep step;
  step.at = wall_now();
  step.device = phone.device.str();
  step.event = phones::SignallingEvent::reset;
  step.protocol = phone.sip_lines.empty() ? phones::Protocol::sccp : phones::Protocol::sip;
  step.peer = phone.sip_lines.empty() ? phone.registered_from : phone.sip_lines.back().peer;
  if (!phone.sip_lines.empty()) step.aor = phone.sip_lines.back().aor;
  step.user_agent = phone.user_agent;
  step.detail = std::move(detail);
  inventory_.on_signalling(step);
}

void Actions::refresh(const std::string& name, const admin::OnOutcome& done) {
  if (refreshes_.size() >= kMaxRefreshes) return done({kUnavailable, "too many files are being fetched"});
  const std::uint64_t id = ++last_refresh_;
  Refresh& refresh = refreshes_[id];
  refresh.name = name;
  refresh.done = done;
  refresh.content = pipeline_.refresh(name);
  refresh.subscription = provisioning::Content::subscribe(refresh.content, [this, id] { look_at(id); });
  look_at(id);
}

void Actions::look_at(std::uint64_t id) {
  const auto found = refreshes_.find(id);
  if (found == refreshes_.end() || !found->second.content->done()) return;
  const Refresh over = std::move(found->second);
  refreshes_.erase(found);
  const provisioning::Content& content = *over.content;
  const std::string name = escaped(over.name);
  if (content.state() == provisioning::Content::State::complete)
    return over.done({200, fmt::format("{} was fetched again from {}: {} bytes", name, content.meta().origin,
                                       content.octets().size())});
  const Error& error = content.error();
  const unsigned status = error.code == Errc::not_found ? 404 : kBadGateway;
  over.done({status, fmt::format("{} could not be fetched: {}", name, error.text)});
}

}  // namespace dw
