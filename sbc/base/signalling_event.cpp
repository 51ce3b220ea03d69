#include "sbc/base/signalling_event.hpp"

#include <algorithm>
#include <array>
#include <cstddef>

namespace dw {
namespace {

using Event = SignallingEvent;

struct Row {
  Event event;
  std::string_view name;
  std::optional<Event> in_story;
};

constexpr std::array kRows = {
    Row{Event::connected, "connected", Event::connected},
    Row{Event::no_server, "no_server", Event::no_server},
    Row{Event::registered, "registered", Event::registered},
    Row{Event::refused, "refused", Event::refused},
    Row{Event::unregistered, "unregistered", Event::unregistered},
    Row{Event::superseded, "superseded", Event::superseded},
    Row{Event::reset, "reset", Event::reset},
    Row{Event::phone_lost, "phone_lost", Event::phone_lost},
    Row{Event::server_lost, "server_lost", Event::server_lost},
    Row{Event::keepalive_missed, "keepalive_missed", Event::keepalive_missed},
    Row{Event::lines, "lines", Event::lines},
    Row{Event::call_preserved, "call_preserved", Event::call_preserved},
    Row{Event::media_silent, "media_silent", Event::media_silent},
    Row{Event::bad_password, "bad_password", Event::bad_password},
    Row{Event::alarm, "alarm", Event::alarm},
    Row{Event::unheard, "unheard", Event::unheard},
    Row{Event::unreachable, "unreachable", Event::unreachable},
    Row{Event::reachable, "reachable", Event::reachable},
    Row{Event::altered, "altered", Event::altered},
    Row{Event::call_refused, "call_refused", Event::call_refused},
    Row{Event::no_date, "no_date", Event::no_date},
    Row{Event::refreshed, "refreshed", Event::registered},
    Row{Event::moved, "moved", Event::registered},
    Row{Event::expired, "expired", Event::phone_lost},
    Row{Event::refused_here, "refused_here", Event::refused},
    Row{Event::call_up, "call_up", {}},
    Row{Event::call_over, "call_over", {}},
    Row{Event::no_media, "no_media", {}},
    Row{Event::media_back, "media_back", {}},
    Row{Event::receives, "receives", {}},
    Row{Event::dropped, "dropped", {}},
    Row{Event::layout_conflict, "layout_conflict", {}},
    Row{Event::ice_removed, "ice_removed", {}},
    Row{Event::auth_int, "auth_int", {}},
    Row{Event::large, "large", {}},
    Row{Event::abuse, "abuse", {}},
    Row{Event::banned, "banned", {}},
    Row{Event::server_up, "server_up", {}},
    Row{Event::server_down, "server_down", {}},
    Row{Event::asked, "asked", {}},
};

constexpr bool is_in_order() {
  for (std::size_t i = 0; i < kRows.size(); ++i) {
    if (kRows[i].event != static_cast<Event>(i)) return false;
  }
  return kRows.back().event == Event::asked;
}
static_assert(is_in_order());

const Row& row_of(Event event) {
  return kRows[static_cast<std::size_t>(event)];
}

}  // namespace

std::string_view to_string(SignallingEvent event) {
  return row_of(event).name;
}

std::optional<SignallingEvent> signalling_event(std::string_view name) {
  const auto* const row = std::ranges::find(kRows, name, &Row::name);
  return row == kRows.end() ? std::nullopt : std::optional(row->event);
}

std::optional<SignallingEvent> in_story(SignallingEvent event) {
  return row_of(event).in_story;
}

}  // namespace dw
