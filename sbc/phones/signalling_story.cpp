#include "sbc/phones/signalling_story.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "sbc/base/escape.hpp"
#include "sbc/base/text_cursor.hpp"
#include "sbc/phones/boots.hpp"
#include "sbc/phones/sip_lines.hpp"
#include "sbc/phones/sip_story.hpp"
#include "sbc/phones/text.hpp"

namespace dw::phones {
namespace {

using Event = SignallingEvent;
using Silent = CallFigures::Silent;

constexpr std::uint32_t kMaxLine = 999;
constexpr std::array<std::pair<std::string_view, std::string_view>, 4> kCodecs = {
    {{"PCMU", "G.711 µ-law"}, {"PCMA", "G.711 A-law"}, {"G722", "G.722"}, {"G729", "G.729"}}};

/// Of one stream; a picture may well go one way.
Silent silence_of(const Call::Stream& stream) {
  const bool picture = starts_with_ignoring_case(stream.codec, "H26");
  if (stream.media.direct || picture || stream.both_open < CallFigures::kTalk) return Silent::nobody;
  const bool phone = stream.media.from_phone.audio == 0;
  const bool central = stream.media.from_central.audio == 0;
  return phone && central ? Silent::both : phone ? Silent::phone : central ? Silent::central : Silent::nobody;
}

/// "0 %", "under 0.1 %", "2.4 %".
std::string percent(std::uint64_t lost, std::uint64_t arrived_packets) {
  if (lost == 0) return "0 %";
  const double share = 100.0 * static_cast<double>(lost) / static_cast<double>(lost + arrived_packets);
  return share < 0.1 ? std::string("under 0.1 %") : fmt::format("{:.1f} %", share);
}

/// "lost 0 % from the phone", "lost 2.4 % toward it", "nothing arrived from the phone".
std::string way_words(std::uint64_t lost, std::uint64_t arrived_packets, std::string_view way) {
  if (arrived_packets == 0) return fmt::format("nothing arrived {}", way);
  return fmt::format("lost {} {}", percent(lost, arrived_packets), way);
}

/// What came and could not be sent on.
std::string kept_words(const CallFigures& call) {
  std::string out;
  const auto tell = [&](std::chrono::milliseconds kept, std::string_view which) {
    if (kept >= kUndelivered)
      out += fmt::format("; for {} none of the audio {} could be sent on", to_words(kept), which);
  };
  tell(call.kept_from_phone, "from the phone");
  tell(call.kept_from_central, "toward it");
  return out;
}

std::string media_words(const Step& step) {
  const CallFigures& call = step.call;
  if (call.direct) return "audio went directly between the phones";
  switch (call.silent) {
    case Silent::phone:
      return "had audio toward the phone only";
    case Silent::central:
      return "had audio from the phone only";
    case Silent::both:
      return "had no audio either way";
    case Silent::nobody:
      break;
  }
  if (call.from_phone == 0 && call.from_central == 0)
    return call.both_open > std::chrono::milliseconds::zero() ? "nothing arrived from either side" : "no audio";
  if (call.from_phone != 0 && call.from_central != 0) {
    return fmt::format("lost {} from the phone, {} toward it", percent(call.lost_from_phone, call.from_phone),
                       percent(call.lost_from_central, call.from_central)) +
           kept_words(call);
  }
  return way_words(call.lost_from_phone, call.from_phone, "from the phone") + ", " +
         way_words(call.lost_from_central, call.from_central, "toward it") + kept_words(call);
}

std::string call_words(const Step& step) {
  std::string out(to_string(step.call.way));
  out += out.empty() ? "call" : " call";
  if (!step.name.empty()) {
    const bool incoming = step.call.way == Call::Way::incoming;
    out += fmt::format(" {} {}", incoming ? "from" : "to", step.name);
  }
  if (!step.aor.empty()) out += ", line " + step.aor;
  if (step.call.line != 0) out += fmt::format(", line {}", step.call.line);
  out += ", " + to_words(step.took);
  if (!step.detail.empty()) {
    const auto known = std::ranges::find(kCodecs, step.detail, &std::pair<std::string_view, std::string_view>::first);
    out += ", " + (known == kCodecs.end() ? step.detail : std::string(known->second));
  }
  return out + ", " + media_words(step);
}

const Step* registered_before(const Phone& phone, std::size_t index) {
  for (std::size_t i = index; i-- > 0;) {
    const Step& step = phone.steps[i];
    if (step.type == StepType::signalling && step.event == Event::registered && !step.is_sip()) return &step;
  }
  return nullptr;
}

std::string sccp_registered_words(const Phone& phone, std::size_t index) {
  const Step& step = phone.steps[index];
  const Step* const before = registered_before(phone, index);
  std::string out = before != nullptr && before->name != step.name
                        ? fmt::format("moved from {} to {}", before->name, step.name)
                        : "registered with " + step.name;
  if (step.version != 0) out += fmt::format(", protocol {}", step.version);
  out += after_outage_words(phone, index);
  return out + without_files_words(phone, index);
}

std::string event_words(const Phone& phone, std::size_t index) {
  const Step& step = phone.steps[index];
  const std::string server = step.name.empty() ? "the call server" : step.name;
  switch (step.event) {
    case Event::registered:
      return sccp_registered_words(phone, index);
    case Event::refused:
      return with_detail(step.name.empty() ? "refused" : "refused by " + server, step);
    case Event::no_server:
      return with_detail("no call server answered, the phone was let go to try its next one", step);
    case Event::unregistered:
      return with_detail("said good-bye to " + server, step);
    case Event::superseded:
      return with_detail("a newer connection of the same phone took its place", step);
    case Event::reset:
      if (step.name.empty()) return with_detail("somebody asked it, from this box, to start over", step);
      return with_detail("was asked by " + server + " to start over", step);
    case Event::phone_lost:
      return with_detail("its connection ended without good-bye", step);
    case Event::server_lost:
      return with_detail(server + " ended the connection", step);
    case Event::keepalive_missed:
      return with_detail("missed a keepalive", step);
    case Event::call_preserved:
      return (step.detail.empty() ? "its call" : "its call with " + step.detail) +
             " goes on without that connection, for as long as both sides talk";
    case Event::media_silent:
      return with_detail("a call of it is silent", step);
    case Event::alarm:
      return with_detail("said why it restarted", step);
    case Event::call_refused:
      return with_detail("had a call refused by a limit", step);
    default:
      break;
  }
  return with_detail(std::string(to_string(step.event)), step);
}

bool ends_connection(Event event) {
  return event == Event::phone_lost || event == Event::unregistered || event == Event::superseded;
}

}  // namespace

const Step* outage_of(const Phone& phone, std::size_t end, Protocol protocol, std::string_view aor) {
  const Step* began = nullptr;
  for (std::size_t i = end; i-- > 0;) {
    const Step& step = phone.steps[i];
    if (step.type != StepType::signalling || step.protocol != protocol || step.aor != aor) continue;
    switch (step.event) {
      case Event::no_server:
        began = &step;
        break;
      case Event::refused:
        if (!step.name.empty()) return began;  // else it was us
        break;
      case Event::registered:
      case Event::bad_password:
      case Event::unregistered:
      case Event::reset:
      case Event::server_lost:
      case Event::call_refused:
      case Event::no_date:
        return began;
      default:
        break;
    }
  }
  return began;
}

bool repeats_line(const Phone& phone, const SignallingStep& reported) {
  constexpr std::chrono::minutes kRefusedAgain{15};
  if (reported.event == Event::call_refused) {
    return std::ranges::any_of(phone.steps, [&](const Step& s) {
      return s.type == StepType::signalling && s.event == reported.event && s.aor == aor_of(reported.aor) &&
             reported.at - s.at < kRefusedAgain;
    });
  }
  constexpr std::chrono::minutes kSameOutage{15};  // a phone that is up asks again long before
  return reported.event == Event::no_server && reported.at - phone.seen_before <= kSameOutage &&
         outage_of(phone, phone.steps.size(), reported.protocol, aor_of(reported.aor)) != nullptr;
}

std::string after_outage_words(const Phone& phone, std::size_t index) {
  const Step& step = phone.steps[index];
  const Step* const began = outage_of(phone, index, step.protocol, step.aor);
  return began == nullptr ? std::string()
                          : fmt::format(", {} after it found no call server", to_words(step.at - began->at));
}

std::string without_files_words(const Phone& phone, std::size_t index) {
  const Step* const failed = failed_config(phone, index);
  return failed == nullptr ? std::string() : ", without its files: it " + sentence_of(*failed);
}

Step step_of(const SignallingStep& reported) {
  Step out;
  out.at = reported.at;
  out.type = StepType::signalling;
  out.event = reported.event;
  out.version = reported.version;
  out.from = reported.peer.address;
  out.name = printable(reported.server, Step::kMaxName);
  out.detail = printable(reported.detail, Step::kMaxDetail);
  out.protocol = reported.protocol;
  if (reported.protocol == Protocol::sip) {
    out.aor = aor_of(reported.aor);
    out.status = reported.status;
    out.transport = escaped(reported.transport, Step::kMaxAor);
  }
  return out;
}

Step step_of(const Call& call) {
  Step out;
  out.at = call.since;
  out.took = std::chrono::duration_cast<std::chrono::milliseconds>(call.duration);
  out.type = StepType::call;
  out.protocol = call.protocol;
  out.aor = aor_of(call.own_number);
  const std::string party =
      call.far_name.empty() ? call.far_number : fmt::format("{} ({})", call.far_number, call.far_name);
  out.name = printable(party, Step::kMaxName);
  CallFigures& figures = out.call;
  figures.way = call.way;
  figures.line = std::min(call.line, kMaxLine);
  for (const Call::Stream& stream : call.streams) {
    if (out.detail.empty()) out.detail = printable(stream.codec, Step::kMaxDetail);
    figures.direct = figures.direct || stream.media.direct;
    figures.both_open =
        std::max(figures.both_open, std::chrono::duration_cast<std::chrono::milliseconds>(stream.both_open));
    if (figures.silent == Silent::nobody) figures.silent = silence_of(stream);
    const auto add = [](const MediaFlow& flow, std::uint64_t& came, std::uint64_t& lost,
                        std::chrono::milliseconds& kept) {
      kept = std::max(kept, std::chrono::duration_cast<std::chrono::milliseconds>(flow.undelivered));
      if (flow.audio == 0) return;  // keepalives and comfort noise are nothing to lose
      came += flow.packets;
      lost += flow.lost;
    };
    add(stream.media.from_phone, figures.from_phone, figures.lost_from_phone, figures.kept_from_phone);
    add(stream.media.from_central, figures.from_central, figures.lost_from_central, figures.kept_from_central);
    figures.strangers += stream.media.strangers;
  }
  return out;
}

bool is_empty(const Call& call) {
  return call.far_number.empty() && call.far_name.empty() && call.streams.empty();
}

std::string sentence_of_live(const Phone& phone, std::size_t index) {
  const Step& step = phone.steps[index];
  if (step.type == StepType::call) return call_words(step);
  return step.is_sip() ? sip_words(phone, index) : event_words(phone, index);
}

const Step* failed_config(const Phone& phone, std::size_t index) {
  const std::vector<Boot> boots = boots_of(phone);
  for (auto boot = boots.rbegin(); boot != boots.rend(); ++boot) {
    const Step* failed = nullptr;
    for (std::size_t i = boot->begin; i < std::min(boot->end, index); ++i) {
      const Step& step = phone.steps[i];
      if (!step.is_file()) continue;
      if (is_config(step.kind) && arrived(step)) return nullptr;
      const bool worse = failed == nullptr || !is_config(failed->kind) || is_config(step.kind);
      if ((is_config(step.kind) || stage_of(step.kind) == Stage::lists) && worse) failed = &step;
    }
    if (failed != nullptr) return failed;
  }
  return nullptr;
}

Standing standing_of(const Phone& phone) {
  Standing out;
  if (speaks_sip(phone)) return out;
  for (auto s = phone.steps.rbegin(); s != phone.steps.rend(); ++s) {
    if (s->type != StepType::signalling || s->is_sip() || s->event == Event::keepalive_missed ||
        s->event == Event::reset || s->event == Event::alarm || s->event == Event::call_preserved ||
        s->event == Event::media_silent)
      continue;
    if (s->event == Event::server_lost) {
      ++out.times;
      if (out.step == nullptr) out.step = &*s;
      continue;
    }
    if (ends_connection(s->event)) continue;
    if (s->event == Event::registered) {
      // The first that ended since then was that registration itself.
      if (out.times <= kUnanswered) return {Standing::Is::registered, &*s, 0};
      --out.times;
      break;
    }
    if (out.step != nullptr && out.times >= kUnanswered) break;
    if (phone.registered) continue;  // somebody else who says its name
    return {s->event == Event::refused ? Standing::Is::refused : Standing::Is::no_server, &*s, 0};
  }
  if (out.times < kUnanswered) return {};
  out.is = Standing::Is::unanswered;
  return out;
}

bool blames_address(const Step& refused) {
  constexpr std::array<std::string_view, 5> kWords = {"cross", "ip-address", "ip address", "already known", "same ip"};
  const auto same = [](char a, char b) { return lower(a) == lower(b); };
  return std::ranges::any_of(
      kWords, [&](std::string_view word) { return !std::ranges::search(refused.detail, word, same).empty(); });
}

std::string_view to_string(CallFigures::Silent silent) {
  switch (silent) {
    case Silent::nobody:
      return "";
    case Silent::phone:
      return "phone";
    case Silent::central:
      return "central";
    case Silent::both:
      return "both";
  }
  return "";
}

}  // namespace dw::phones
