#include "sbc/phones/sip_lines.hpp"

#include "sbc/phones/alarm.hpp"

#include <algorithm>

#include "sbc/base/escape.hpp"
#include "sbc/base/text_cursor.hpp"
#include "sbc/phones/inventory.hpp"
#include "sbc/phones/text.hpp"

namespace dw::phones {
namespace {

using Event = SignallingEvent;

constexpr std::chrono::seconds kTogether{5};  // what belongs to one answer, in whatever order

bool ends_line(const SignallingStep& reported) {
  switch (reported.event) {
    case Event::refused:
      // A server that failed has not dropped the binding.
      return !asks_for_patience(reported.status) && (reported.status < 500 || reported.status > 599);
    case Event::unregistered:
    case Event::superseded:
    case Event::phone_lost:
    case Event::server_lost:
      return true;
    default:
      return false;
  }
}

/// After sip_lines changed.
void follow_lines(Phone& phone) {
  phone.registered = !phone.sip_lines.empty();
  phone.registered_from = phone.registered ? phone.sip_lines.back().peer : Endpoint();
  phone.server = phone.registered ? phone.sip_lines.back().server : std::string();
  phone.version = 0;
  phone.lines.clear();
  for (const SipLine& line : phone.sip_lines) {
    if (!line.aor.empty()) phone.lines.push_back(line.aor);
  }
}

void add_line(Phone& phone, const SignallingStep& reported) {
  SipLine line{aor_of(reported.aor), reported.peer, printable(reported.server, Step::kMaxName)};
  const std::size_t most = phone.device.empty() ? Inventory::kMaxLinesAtAddress : Inventory::kMaxLines;
  const auto known = std::ranges::find(phone.sip_lines, line.aor, &SipLine::aor);
  if (known != phone.sip_lines.end()) {
    *known = std::move(line);
  } else if (phone.sip_lines.size() < most) {
    phone.sip_lines.push_back(std::move(line));
  }
  follow_lines(phone);
}

const Step* last_of(const Phone& phone, const auto& is_it) {
  const auto found =
      std::find_if(phone.steps.rbegin(), phone.steps.rend(), [&](const Step& s) { return s.is_sip() && is_it(s); });
  return found == phone.steps.rend() ? nullptr : &*found;
}

/// A refresh: the line stands as the story says.
bool repeats(const Phone& phone, const SignallingStep& reported) {
  const std::string aor = aor_of(reported.aor);
  const Step* const last = last_of(phone, [&](const Step& s) { return s.aor == aor && tells_standing(s); });
  return last != nullptr && last->event == Event::registered && last->transport == reported.transport &&
         last->from == reported.peer.address && last->name == printable(reported.server, Step::kMaxName);
}

}  // namespace

std::string aor_of(std::string_view untrusted) {
  return escaped(untrusted, Step::kMaxAor);
}

const SipLine* line_of(const Phone& phone, std::string_view aor) {
  const auto found = std::ranges::find(phone.sip_lines, aor, &SipLine::aor);
  return found == phone.sip_lines.end() ? nullptr : &*found;
}

bool is_other(const Phone& phone, const SignallingStep& reported) {
  if (!phone.registered || reported.event == Event::registered) return false;
  if (phone.sip_lines.empty()) return true;  // it is registered by SCCP
  if (const SipLine* const line = line_of(phone, aor_of(reported.aor)); line != nullptr)
    return reported.event != Event::unregistered && line->peer.address != reported.peer.address;
  return std::ranges::none_of(phone.sip_lines,
                              [&](const SipLine& line) { return line.peer.address == reported.peer.address; });
}

bool asks_for_patience(std::uint16_t status) {
  return status == 408 || status == 423 || status == 503;
}

void update_lines(Phone& phone, const SignallingStep& reported) {
  if (reported.event == Event::registered) return add_line(phone, reported);
  if (!ends_line(reported)) return;
  const std::string aor = aor_of(reported.aor);
  const auto gone = std::erase_if(phone.sip_lines, [&](const SipLine& line) {
    return aor.empty() ? line.peer.address == reported.peer.address : line.aor == aor;
  });
  if (gone > 0) follow_lines(phone);
}

void take_line(Phone& phone, std::string_view aor) {
  if (std::erase_if(phone.sip_lines, [&](const SipLine& line) { return line.aor == aor; }) > 0) follow_lines(phone);
}

bool tells_standing(const Step& step) {
  switch (step.event) {
    case Event::registered:
    case Event::no_server:
    case Event::unregistered:
    case Event::superseded:
    case Event::phone_lost:
    case Event::server_lost:
    case Event::bad_password:
    case Event::unheard:
      return step.is_sip();
    case Event::refused:
      return step.is_sip() && !asks_for_patience(step.status);
    default:
      return false;
  }
}

bool is_news(const Phone& phone, const SignallingStep& reported) {
  const auto is = [](Event event) { return [event](const Step& s) { return s.event == event; }; };
  switch (reported.event) {
    case Event::connected:
    case Event::lines:
      return false;
    case Event::registered:
      return !repeats(phone, reported);
    case Event::unreachable:
      return unreachable_since(phone) == nullptr;
    case Event::reachable: {
      const Step* const last =
          last_of(phone, [](const Step& s) { return s.event == Event::reachable || s.event == Event::unreachable; });
      return last != nullptr && last->event == Event::unreachable;
    }
    case Event::altered: {
      const Step* const last = last_of(phone, is(Event::altered));
      return last == nullptr || reported.at - last->at >= kAlteredAgain;
    }
    case Event::no_date:
      return without_date(phone) == nullptr;
    case Event::alarm:
      return alarm_is_news(phone, reported.detail);
    default:
      return true;
  }
}

const Step* unreachable_since(const Phone& phone) {
  for (auto s = phone.steps.rbegin(); s != phone.steps.rend(); ++s) {
    if (!s->is_sip()) continue;
    if (s->event == Event::reachable) return nullptr;
    if (s->event != Event::unreachable) continue;
    const bool again = std::any_of(phone.steps.rbegin(), s, [&](const Step& later) {
      return later.is_sip() && later.event == Event::registered && (s->aor.empty() || s->aor == later.aor);
    });
    return again ? nullptr : &*s;
  }
  return nullptr;
}

const Step* without_date(const Phone& phone) {
  const Step* const last = last_of(phone, [](const Step& s) { return s.event == Event::no_date; });
  if (last == nullptr) return nullptr;
  const Step* const registered = last_of(phone, [](const Step& s) { return s.event == Event::registered; });
  return registered != nullptr && last->at + kTogether < registered->at ? nullptr : last;
}

bool is_foreign(std::string_view user_agent) {
  constexpr std::string_view kMaker = "cisco";
  const auto same = [](char a, char b) { return lower(a) == lower(b); };
  return !user_agent.empty() && std::ranges::search(user_agent, kMaker, same).empty();
}

}  // namespace dw::phones
