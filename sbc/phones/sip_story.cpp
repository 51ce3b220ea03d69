#include "sbc/phones/sip_story.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "sbc/phones/signalling_story.hpp"
#include "sbc/phones/sip_lines.hpp"

namespace dw::phones {
namespace {

using Event = SignallingEvent;

std::string_view transport_words(std::string_view transport) {
  if (transport == "udp") return " by UDP";
  if (transport == "tcp") return " by TCP";
  if (transport == "tls") return " by TLS";
  return {};
}

/// `before` and the line, when the step is about one: " of line 1001".
std::string of_line(std::string_view before, const Step& step) {
  return step.aor.empty() ? std::string() : fmt::format("{} line {}", before, step.aor);
}

/// "404 Not Found", though the server's words may lack the number.
std::string answer_words(std::string words, const Step& step) {
  const std::string status = step.status == 0 ? std::string() : std::to_string(step.status);
  if (status.empty() || step.detail.starts_with(status)) return with_detail(std::move(words), step);
  return words + ": " + status + (step.detail.empty() ? "" : " ") + step.detail;
}

std::string sip_registered_words(const Phone& phone, std::size_t index) {
  const Step& step = phone.steps[index];
  const Step* before = nullptr;
  for (std::size_t i = 0; i < index; ++i) {
    const Step& earlier = phone.steps[i];
    if (earlier.is_sip() && earlier.event == Event::registered && earlier.aor == step.aor) before = &earlier;
  }
  const std::string line = of_line("", step);
  std::string out = before != nullptr && before->name != step.name
                        ? fmt::format("moved{} from {} to {}", line, before->name, step.name)
                        : fmt::format("registered{} with {}", line, step.name);
  out = with_detail(out.append(transport_words(step.transport)), step) + after_outage_words(phone, index);
  // What a nameless phone asked for can't be distinguished from requests of others at its address.
  return phone.device.empty() ? out : out + without_files_words(phone, index);
}

std::string refused_words(const Step& step, const std::string& server) {
  const std::string who = step.aor.empty() ? "was" : fmt::format("line {} was", step.aor);
  return answer_words(step.name.empty() ? who + " refused" : who + " refused by " + server, step);
}

}  // namespace

bool speaks_sip(const Phone& phone) {
  if (phone.registered) return !phone.sip_lines.empty();
  const auto last = std::find_if(phone.steps.rbegin(), phone.steps.rend(),
                                 [](const Step& s) { return s.type == StepType::signalling; });
  return last != phone.steps.rend() && last->is_sip();
}

std::string sip_words(const Phone& phone, std::size_t index) {
  const Step& step = phone.steps[index];
  const std::string server = step.name.empty() ? "the call server" : step.name;
  switch (step.event) {
    case Event::registered:
      return sip_registered_words(phone, index);
    case Event::refused:
      return refused_words(step, server);
    case Event::no_server:
      return with_detail("no call server answered" + of_line(" for", step), step);
    case Event::unregistered:
      return with_detail("said good-bye to " + server + of_line(" for", step), step);
    case Event::superseded:
      return with_detail("a newer registration" + of_line(" of", step) + " took its place", step);
    case Event::reset:
      if (step.name.empty()) return with_detail("somebody asked it, from this box, to start over", step);
      return with_detail("was asked by " + server + " to start over", step);
    case Event::phone_lost:
      return with_detail("its registration" + of_line(" of", step) + " ended without good-bye", step);
    case Event::server_lost:
      return with_detail("lost " + server + of_line(" for", step), step);
    case Event::call_preserved:
      return with_detail("a call goes on without the server", step);
    case Event::media_silent:
      return with_detail("a call of it is silent", step);
    case Event::keepalive_missed:
      return with_detail("missed a keepalive", step);
    case Event::bad_password:
      return with_detail(server + " did not take the password" + of_line(" of", step), step);
    case Event::alarm:
      return with_detail("said why it restarted", step);
    case Event::unheard:
      return with_detail("repeated its request" + of_line(" for", step) + " although it was answered", step);
    case Event::unreachable:
      return with_detail("is registered, and nothing that is sent to it arrives", step);
    case Event::reachable:
      return with_detail("can be reached again", step);
    case Event::altered:
      return with_detail("a router on the way changed a message (SIP ALG)", step);
    case Event::call_refused:
      return with_detail("had a call" + of_line(" of", step) + " refused by a limit", step);
    case Event::no_date:
      return with_detail(server + " gave no date, so its clock stays unset", step);
    default:
      break;
  }
  return with_detail(std::string(to_string(step.event)), step);
}

std::vector<LineStanding> line_standings(const Phone& phone) {
  std::vector<LineStanding> out;
  const auto elsewhere = [&](const Step& step) {
    const SipLine* const line = line_of(phone, step.aor);
    if (line != nullptr) return line->peer.address != step.from;
    return !phone.sip_lines.empty() &&
           std::ranges::none_of(phone.sip_lines, [&](const SipLine& l) { return l.peer.address == step.from; });
  };
  for (const Step& step : phone.steps) {
    if (!tells_standing(step)) continue;
    if (step.event != Event::registered && step.event != Event::unregistered && elsewhere(step)) continue;
    auto line = std::ranges::find(out, step.aor, &LineStanding::aor);
    if (line == out.end()) line = out.insert(out.end(), {step.aor, nullptr, 0});
    line->step = &step;
    line->unheard = step.event == Event::registered ? 0
                    : step.event == Event::unheard  ? line->unheard + 1
                                                    : line->unheard;
  }
  return out;
}

}  // namespace dw::phones
