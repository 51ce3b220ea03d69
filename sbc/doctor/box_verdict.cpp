#include "sbc/doctor/box_verdict.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "sbc/doctor/finding_code.hpp"

namespace dw::doctor {
using namespace phones;
namespace {

std::string upper(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(),
                         [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; });
  return out;
}

/// "1 phone is", "41 phones are"
std::string many(std::uint64_t phones, std::string_view one, std::string_view more) {
  return phones == 1 ? fmt::format("1 phone {}", one) : fmt::format("{} phones {}", phones, more);
}

Part listeners(const BoxView& view) {
  for (const Service& service : view.services) {
    if (state_of(service) != State::ok)
      return {"listeners", state_of(service), fmt::format("{} does not listen", upper(service.name))};
  }
  return {"listeners", State::ok, "all listen"};
}

Part findings_of(const BoxView& view) {
  State state = State::ok;
  std::size_t worse = 0;
  std::string_view first;
  for (const Finding& f : view.findings) {
    state = worst(state, state_of(f.severity));
    if (f.severity == Severity::info || !f.cause.empty()) continue;
    if (worse++ > 0) continue;
    const auto kind = std::ranges::find(kFindingKinds, f.code, &FindingKind::code);
    first = kind == kFindingKinds.end() ? f.code : kind->title;
  }
  if (worse == 0) return {"findings", state, "nothing was found wrong"};
  return {"findings", state, worse == 1 ? std::string(first) : fmt::format("{}, and {} more", first, worse - 1)};
}

/// One protocol that works is enough: a fault of the other is a finding, as severe as it is for phones.
Part telephone_server(const BoxView& view, WallTime now) {
  bool ok = false, failed = false, not_known = false;
  for (const Protocol protocol : {Protocol::sccp, Protocol::sip}) {
    State best = State::failed;
    bool any = false;
    for (const CallServer& server : view.call_servers) {
      if (server.protocol != protocol) continue;
      any = true;
      best = std::min(best, state_of(server, now));
    }
    if (!any) continue;
    (best == State::ok ? ok : best == State::failed ? failed : not_known) = true;
  }
  if (ok) return {"telephone_server", State::ok, "answers"};
  if (failed) return {"telephone_server", State::failed, "the telephone server does not answer"};
  if (not_known) return {"telephone_server", State::not_known, "the telephone server was not tried yet"};
  return {"telephone_server", State::ok, "none is used"};
}

Part files(const BoxView& view) {
  State best = view.origins.empty() ? State::ok : State::failed;
  for (const OriginState& origin : view.origins)
    best = std::min(best, state_of(origin, view.origins));
  return {"files", best,
          best == State::failed      ? "no file server answers"
          : best == State::not_known ? "no file was asked for yet"
          : view.origins.empty()     ? "there is no file server"
                                     : "the file server answers"};
}

Part phones_of(const BoxView& view) {
  if (view.phones == nullptr) return {"phones", State::ok, "not looked at"};
  const auto& counts = view.phones->counts();
  State state = State::ok;
  std::uint64_t all = 0;
  for (const State each : {State::ok, State::not_known, State::trouble, State::failed}) {
    if (counts.of(each) > 0) state = worst(state, each);
    all += counts.of(each);
  }
  if (counts.attention > 0) return {"phones", state, needing_words(counts.attention)};
  if (!counts.causes.empty()) {
    std::uint64_t suffer = 0;
    for (const auto& [cause, phones] : counts.causes)
      suffer += phones;
    return {"phones", state, many(suffer, "suffers from it", "suffer from it")};
  }
  if (view.phones->waiting() > 0)
    return {"phones", worst(state, State::not_known),
            many(view.phones->waiting(), "is being examined", "are being examined")};
  if (all == 0) return {"phones", State::not_known, "no phone has come yet"};
  if (state == State::not_known)
    return {"phones", state, many(counts.of(State::not_known), "is not registered", "are not registered")};
  return {"phones", state, many(all, "is registered", "are registered")};
}

}  // namespace

State state_of(const Service& service) {
  return !service.enabled || service.up() ? State::ok : State::failed;
}

State state_of(const OriginState& origin, std::span<const OriginState> origins) {
  if (origin.healthy) return origin.last_answer ? State::ok : State::not_known;
  const bool another = std::ranges::any_of(origins, [](const OriginState& o) { return o.healthy && o.last_answer; });
  return !another ? State::failed : origin.has_answered ? State::trouble : State::not_known;
}

State state_of(const CallServer& server, WallTime now) {
  if (ails(server, now)) return State::failed;
  return server.state() == CallServer::State::up ? State::ok : State::not_known;
}

std::string needing_words(std::uint64_t phones) {
  return many(phones, "needs attention", "need attention");
}

Verdict verdict_of_box(const BoxView& view, WallTime now) {
  Verdict out;
  out.parts = {listeners(view), findings_of(view), telephone_server(view, now), files(view), phones_of(view)};
  out.state = State::ok;
  for (const Part& part : out.parts)
    out.state = worst(out.state, part.state);
  if (view.draining || !view.configured) {
    out.state = State::failed;
    out.words = view.draining ? "Shutting down" : "Not configured";
    return out;
  }
  const auto names = std::ranges::find(out.parts, out.state, &Part::state);
  out.words = out.state == State::ok ? "All well" : names->words;
  if (!out.words.empty() && out.words[0] >= 'a' && out.words[0] <= 'z')
    out.words[0] = static_cast<char>(out.words[0] - 'a' + 'A');
  return out;
}

}  // namespace dw::doctor
