#include "sbc/admin/change_watch.hpp"

#include <algorithm>
#include <functional>
#include <utility>

#include "sbc/admin/json.hpp"

namespace dw::admin {
namespace {

std::size_t print_of_text(std::string_view text) {
  return std::hash<std::string_view>{}(text);
}

/// A fingerprint of what a person would read.
std::size_t print_of(const std::vector<doctor::Finding>& findings) {
  std::size_t print = findings.size();
  for (const auto& f : findings)
    print = print * 31 + print_of_text(f.code) + print_of_text(f.seen) + static_cast<std::size_t>(f.severity) +
            print_of_text(f.cause);
  return print;
}

/// A fingerprint of the status, without what changes all the time: clocks, and times that are computed from them and so
/// vary slightly. Real changes (a server answers again, a mapping is lost) show in other fields.
std::size_t print_of(Status status) {
  status.now = status.started;
  status.router.now = {};
  for (auto& mapping : status.router.facts.granted) {
    if (mapping.expires != TimePoint::max()) mapping.expires = {};
  }
  for (Ban& ban : status.bans)
    ban.until = {};
  const auto tries_again = [&](auto& peers) {
    for (auto& peer : peers) {
      if (peer.next_try) peer.next_try = status.started;
    }
  };
  tries_again(status.origins);
  tries_again(status.call_servers);
  for (CallServer& server : status.call_servers) {  // a change of its state counts, its age does not
    if (server.last_answer) server.last_answer = status.started;
    if (server.since) server.since = status.started;
  }
  return print_of_text(status_json(status));
}

}  // namespace

void Changes::merge(const Changes& more) {
  status |= more.status;
  calls |= more.calls;
  files |= more.files;
  doctor |= more.doctor;
  many |= more.many;
  for (const std::string& key : more.phones) {
    if (std::ranges::find(phones, key) != phones.end()) continue;
    if (phones.size() == kMaxPhones) {
      many = true;
      return;
    }
    phones.push_back(key);
  }
}

bool ChangeWatch::Last::due(TimePoint now, Duration every) {
  if (at != TimePoint{} && now - at < every) return false;
  at = now;
  return true;
}

void ChangeWatch::add(Changes& out, const std::string& key) {
  Changes one;
  one.phones.push_back(key);
  out.merge(one);
}

Changes ChangeWatch::look(TimePoint now) {
  Changes out;
  if (sources_.inventory && phones_.due(now, kPhonesEvery)) look_at_phones(out);
  if (sources_.status && status_.due(now, kStatusEvery)) {
    Status status = sources_.status();
    cached_ = status.cache.files + status.cache.octets;
    const std::size_t print = print_of(std::move(status));
    out.status = std::exchange(status_print_, print) != print;
  }
  if (files_.due(now, kFilesEvery)) {  // missing files are part of the phones' stories
    const bool cache = std::exchange(cached_of_files_, cached_) != cached_;
    out.files = std::exchange(revision_of_files_, revision_) != revision_ || cache;
  }
  if (sources_.calls && calls_.due(now, kCallsEvery)) {
    const std::size_t running = sources_.calls().size();
    out.calls = running != 0 || running_calls_ != 0;  // the figures of running calls change all the time
    running_calls_ = running;
  }
  out.doctor = std::exchange(box_print_reported_, box_print_) != box_print_;
  return out;
}

void ChangeWatch::look_at_phones(Changes& out) {
  const std::uint64_t before = std::exchange(revision_, sources_.inventory->revision());
  const std::uint64_t judged = std::exchange(verdicts_, sources_.verdicts->revision());
  if (before == revision_ && judged == verdicts_) return;
  sources_.inventory->for_each([&](const phones::Phone& phone) {
    if (phone.revision > before || sources_.verdicts->revision_of(phone) > judged) add(out, phone.key());
  });
  out.many = out.many || out.phones.empty();  // phones were removed
}

void ChangeWatch::on_box_findings(const std::vector<doctor::Finding>& findings) {
  box_print_ = print_of(findings);
}

}  // namespace dw::admin
