#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "sbc/base/escape.hpp"
#include "sbc/phones/boots.hpp"
#include "sbc/phones/signalling_story.hpp"
#include "sbc/phones/text.hpp"

namespace dw::phones {
namespace {

/// How many octets a UTF-8 sequence that begins with `first` has; 0: none begins so.
std::size_t utf8_length(unsigned char first) {
  if (first < 0x80) return 1;
  if (first >= 0xc2 && first < 0xe0) return 2;
  if (first >= 0xe0 && first < 0xf0) return 3;
  if (first >= 0xf0 && first < 0xf5) return 4;
  return 0;
}

bool is_utf8(std::string_view sequence) {
  const auto octet = [&](std::size_t i) { return static_cast<unsigned char>(sequence[i]); };
  for (std::size_t i = 1; i < sequence.size(); ++i) {
    if ((octet(i) & 0xc0) != 0x80) return false;
  }
  if (sequence.size() < 3) return true;
  // Overlong forms, surrogates, and what lies beyond U+10FFFF.
  return !(octet(0) == 0xe0 && octet(1) < 0xa0) && !(octet(0) == 0xed && octet(1) > 0x9f) &&
         !(octet(0) == 0xf0 && octet(1) < 0x90) && !(octet(0) == 0xf4 && octet(1) > 0x8f);
}

std::string grouped(std::uint64_t number) {
  std::string out = std::to_string(number);
  for (std::size_t at = out.size(); at > 3; at -= 3)
    out.insert(at - 3, 1, ',');
  return out;
}

std::string_view by(const Step& step) {
  return step.http ? "HTTP" : "TFTP";
}

std::string aborted_words(const Step& step, const std::string& name) {
  if (step.http) return fmt::format("closed the connection after {} bytes of {}", grouped(step.octets), name);
  return fmt::format("broke off {} after block {} with ERROR {}", name, step.last_block, step.error_code);
}

std::string outcome_words(const Step& step) {
  const std::string name = escaped(step.name);
  switch (step.outcome) {
    case FileOutcome::sent:
      return fmt::format("fetched {} ({} bytes by {} in {})", name, grouped(step.octets), by(step),
                         to_words(step.took));
    case FileOutcome::unconfirmed:
      return fmt::format("was sent all of {} by {}, the last ACK did not come", name, by(step));
    case FileOutcome::not_found:
      return fmt::format("asked for {} by {}: not found", name, by(step));
    case FileOutcome::not_admitted:
      return fmt::format("asked for {} by {}, was not admitted", name, by(step));
    case FileOutcome::refused:
      return fmt::format("asked for {} by {}: refused", name, by(step));
    case FileOutcome::forbidden:
      return fmt::format("asked for {} by {}: the file server refuses it", name, by(step));
    case FileOutcome::unavailable:
      return fmt::format("asked for {} by {}: it could not be fetched", name, by(step));
    case FileOutcome::no_ack:
      return fmt::format("asked for {} and never acknowledged what was sent", name);
    case FileOutcome::stalled:
      return fmt::format("stopped taking {} after block {} ({} of {} bytes)", name, step.last_block,
                         grouped(step.octets), step.size == 0 ? "?" : grouped(step.size));
    case FileOutcome::aborted:
      return aborted_words(step, name);
    case FileOutcome::superseded:
      return fmt::format("asked for {}, and again before it was through", name);
  }
  return name;
}

StoryEntry beginning_of(const Boot& boot, const Step& first) {
  const std::string_view what = boot.recovery ? "the boot loader asked for firmware" : "began to ask for its files";
  return {first.at, "boot", fmt::format("{}, from {}", what, first.from ? first.from.to_string() : "?")};
}

}  // namespace

std::string printable(std::string_view text, std::size_t max) {
  std::string out;
  while (!text.empty()) {
    const auto first = static_cast<unsigned char>(text.front());
    const std::size_t length = utf8_length(first);
    const bool good =
        length != 0 && length <= text.size() && is_utf8(text.substr(0, length)) && first >= 0x20 && first != 0x7f;
    const std::string_view piece = good ? text.substr(0, length) : std::string_view("?");
    if (out.size() + piece.size() > max) break;
    out += piece;
    text.remove_prefix(good ? length : 1);
  }
  return out;
}

std::string with_detail(std::string words, const Step& step) {
  return step.detail.empty() ? words : words + ": " + step.detail;
}

bool arrived(const Step& step) {
  return step.outcome == FileOutcome::sent || step.outcome == FileOutcome::unconfirmed;
}

std::string sentence_of(const Step& step) {
  if (step.is_note()) return step.detail.empty() ? sentence_of(step.note) : sentence_of(step.note) + ": " + step.detail;
  std::string out = outcome_words(step);
  if (step.retransmissions > 0) out += fmt::format(", {} packets sent again", step.retransmissions);
  if (!step.detail.empty()) out += ": " + step.detail;
  return out;
}

std::string sentence_of(Note note) {
  switch (note) {
    case Note::rewritten:
      return "the config now names this box";
    case Note::signed_passed:
      return "the file is signed, it went out as it came";
    case Note::malformed_passed:
      return "the config could not be parsed, it went out as it came";
    case Note::near_config:
      return "its config does not exist, but one of nearly the same name does";
    case Note::password_doubt:
      return "a password in its config may not be read as it is meant";
    case Note::sip_server_left:
      return "left as it is in the config";
    case Note::sip_port_differs:
      return "the SIP port in its config is not the one in the settings";
  }
  return "?";
}

namespace {

StoryEntry entry_of(const Absence& absence) {
  const std::string away = to_words(absence.until - absence.from);
  return {absence.until, "note",
          absence.clean ? fmt::format("Dropwire was stopped, and started again after {}", away)
                        : fmt::format("Dropwire ended without notice, and started again after {} at the most", away)};
}

}  // namespace

std::vector<StoryEntry> story(const Phone& phone, const std::vector<Absence>& absences) {
  std::vector<StoryEntry> out;
  for (const Boot& boot : boots_of(phone)) {
    bool reported = false;
    for (std::size_t i = boot.begin; i < boot.end; ++i) {
      const Step& step = phone.steps[i];
      if (step.is_live()) {
        const char* const word = step.type == StepType::call ? "call" : "registration";
        out.push_back({step.at, word, sentence_of_live(phone, i)});
        continue;
      }
      if (!std::exchange(reported, true)) out.push_back(beginning_of(boot, step));
      const std::string_view word = step.is_note() ? "note" : to_string(stage_of(step.kind));
      out.push_back({step.at, std::string(word), sentence_of(step)});
    }
  }
  for (const Absence& absence : absences) {
    if (phone.steps.empty() || absence.from < phone.first_seen || absence.until < phone.steps.front().at) continue;
    const auto after = std::ranges::lower_bound(out, absence.until, {}, &StoryEntry::at);
    out.insert(after, entry_of(absence));
  }
  return out;
}

std::string_view to_string(Note note) {
  switch (note) {
    case Note::rewritten:
      return "rewritten";
    case Note::signed_passed:
      return "signed_passed";
    case Note::malformed_passed:
      return "malformed_passed";
    case Note::near_config:
      return "near_config";
    case Note::password_doubt:
      return "password_doubt";
    case Note::sip_server_left:
      return "sip_server_left";
    case Note::sip_port_differs:
      return "sip_port_differs";
  }
  return "?";
}

}  // namespace dw::phones
