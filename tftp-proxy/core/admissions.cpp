#include "tftp-proxy/core/admissions.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <functional>

#include "sbc/base/escape.hpp"
#include "sbc/base/ids.hpp"
#include "tftp-proxy/core/device_file.hpp"

namespace dw::provisioning {
namespace {

constexpr std::size_t kShown = 40;  // octets of a bad name

Result<std::string> key_of(std::string_view device) {
  const auto named = DeviceName::parse(device);
  if (!named && !DeviceName::station(device))
    return fail(Errc::invalid, fmt::format("\"{}\" is no device's name, such as SEP001122334455, and no MAC",
                                           escaped(device.substr(0, kShown))));
  return device_key(device);
}

Result<void> check_time(Duration lasts, Duration most) {
  if (lasts <= Duration{} || lasts > most)
    return fail(Errc::invalid, fmt::format("that is no time up to {}", to_words(most)));
  return {};
}

}  // namespace

std::size_t Admissions::KeyHash::operator()(const Key& key) const {
  return std::hash<std::string>()(key.first) * 31 + std::hash<IpAddress>()(key.second);
}

std::optional<Admissions::Place> Admissions::place_of(const std::string& device, const IpAddress& source) const {
  const auto of_device = by_device_.find(device);
  if (of_device == by_device_.end()) return std::nullopt;
  const auto place = std::ranges::find(of_device->second, source, [](const Place& p) { return p->source; });
  return place == of_device->second.end() ? std::nullopt : std::optional(*place);
}

Admissions::Window* Admissions::window_of(TimePoint now, const std::string& device) {
  return const_cast<Window*>(std::as_const(*this).window_of(now, device));
}

/// The device's own, else the one for any.
const Admissions::Window* Admissions::window_of(TimePoint now, const std::string& device) const {
  const auto own = windows_.find(device);
  if (own != windows_.end() && now < own->second.until && own->second.left > 0) return &own->second;
  return now < any_.until && any_.left > 0 ? &any_ : nullptr;
}

bool Admissions::keeps_out(TimePoint now, const IpAddress& address, std::string_view file) const {
  if (phones_ == Phones::all) return false;
  const std::string device = device_of_file(file);
  if (device.empty()) return false;
  const auto place = place_of(device, source_of(address));
  if (place && (phones_ == Phones::known || (*place)->by >= By::window)) return false;
  const bool newcomer = phones_ == Phones::listed || !by_device_.contains(device);
  if (newcomer && list_.contains(device)) return false;
  return window_of(now, device) == nullptr;
}

bool Admissions::admits(TimePoint now, WallTime at, const IpAddress& address, std::string_view file) {
  if (!keeps_out(now, address, file)) return true;
  ++refused_total_;
  remember_refused(at, source_of(address), device_of_file(file));
  return false;
}

void Admissions::remember_refused(WallTime at, const IpAddress& source, const std::string& device) {
  Refused& latest =
      refused_.see([&](const Refused& r) { return r.source == source && r.device == device; }, {device, source, 0, {}});
  ++latest.times;
  latest.last = at;
}

bool Admissions::taken(TimePoint now, WallTime at, const IpAddress& address, std::string_view file) {
  const std::string device = device_of_file(file);
  if (device.empty()) return false;
  const IpAddress source = source_of(address);
  Window* const window = window_of(now, device);
  const By by_window = window == &any_ ? By::window : By::operated;
  if (const auto place = place_of(device, source)) {
    Admission& admission = **place;
    if (window && by_window > admission.by) {
      admission.by = by_window;
      mark(admission);
    }
    use(*place, at);
    return false;
  }
  const bool of_list = phones_ == Phones::known && list_.contains(device) && !by_device_.contains(device);
  if (!window && !of_list) return false;
  if (window) --window->left;
  add({device, source, window ? by_window : By::list, {}, at, at});
  return true;
}

bool Admissions::registered(WallTime at, std::string_view device, const IpAddress& address, std::string_view user) {
  if (device.empty() || !address) return false;
  const std::string key = device_key(device);
  const IpAddress source = source_of(address);
  user = user.substr(0, kMaxUser);
  if (const auto place = place_of(key, source)) {
    Admission& admission = **place;
    if (admission.user.empty() && !user.empty()) {
      admission.user = user;
      mark(admission);
    }
    use(*place, at);
    return false;
  }
  if (const auto elsewhere = by_device_.find(key); elsewhere != by_device_.end()) {
    const auto& places = elsewhere->second;
    const bool its_own = user.empty() ? std::ranges::all_of(places, [](const Place& p) { return p->user.empty(); })
                                      : std::ranges::any_of(places, [&](const Place& p) { return p->user == user; });
    if (!its_own) {
      ++foreign_users_;
      return false;
    }
  }
  add({key, source, By::registration, std::string(user), at, at});
  return true;
}

void Admissions::add(Admission admission) {
  if (order_.size() == kMaxAdmissions) erase(std::prev(order_.end()));
  std::vector<Place>& places = by_device_[admission.device];
  if (places.size() == kMaxSources) {
    const Place oldest = *std::ranges::min_element(places, {}, [](const Place& p) { return p->used; });
    std::erase(places, oldest);
    mark(*oldest, true);
    order_.erase(oldest);
  }
  mark(admission);
  order_.push_front(std::move(admission));
  places.push_back(order_.begin());
}

void Admissions::erase(Place place) {
  const auto of_device = by_device_.find(place->device);
  std::erase(of_device->second, place);
  if (of_device->second.empty()) by_device_.erase(of_device);
  mark(*place, true);
  order_.erase(place);
}

void Admissions::use(Place place, WallTime at) {
  order_.splice(order_.begin(), order_, place);
  if (at - place->used < kUsedAgain && at >= place->used) return;
  place->used = at;
  mark(*place);
}

void Admissions::mark(const Admission& admission, bool gone) {
  constexpr std::size_t kMaxChanges = 2 * kMaxAdmissions;  // nobody may be there to take them
  if (changed_.size() >= kMaxChanges && !changed_.contains({admission.device, admission.source})) return;
  changed_.insert_or_assign({admission.device, admission.source}, Change{admission, gone});
}

Result<std::string> Admissions::admit(TimePoint now, std::string_view device, Duration lasts) {
  auto key = key_of(device);
  if (!key) return key;
  if (const auto ok = check_time(lasts, kMaxFor); !ok) return std::unexpected(ok.error());
  std::erase_if(windows_, [&](const auto& entry) { return entry.second.until <= now; });
  if (windows_.size() >= kMaxWindows && !windows_.contains(*key))
    return fail(Errc::exhausted, fmt::format("{} phones wait to be admitted already", kMaxWindows));
  windows_[*key] = {*key, now + lasts, kMaxSources};
  return key;
}

Result<void> Admissions::admit_any(TimePoint now, Duration lasts) {
  if (auto ok = check_time(lasts, kMaxForAny); !ok) return ok;
  any_ = {{}, now + lasts, kMaxByWindow};
  return {};
}

bool Admissions::forget(TimePoint now, std::string_view device) {
  const std::string key = device_key(device);
  const auto window = windows_.find(key);
  bool found = window != windows_.end() && now < window->second.until;
  if (window != windows_.end()) windows_.erase(window);
  for (auto of_device = by_device_.find(key); of_device != by_device_.end(); of_device = by_device_.find(key)) {
    found = true;
    erase(of_device->second.front());
  }
  return found;
}

void Admissions::close(TimePoint now) {
  any_.until = std::min(any_.until, now);
  windows_.clear();
}

bool Admissions::admitted(std::string_view device, const IpAddress& address) const {
  return place_of(device_key(device), source_of(address)).has_value();
}

std::vector<Admissions::Window> Admissions::windows(TimePoint now) const {
  std::vector<Window> out;
  if (now < any_.until) out.push_back(any_);
  for (const auto& [device, window] : windows_) {
    if (now < window.until) out.push_back(window);
  }
  return out;
}

void Admissions::restore(Admission admission) {
  if (admission.device.empty() || place_of(admission.device, admission.source)) return;
  add(std::move(admission));
  changed_.clear();
}

std::vector<Admissions::Change> Admissions::take_changes(std::size_t most) {
  std::vector<Change> out;
  while (!changed_.empty() && out.size() < most) {
    out.push_back(std::move(changed_.begin()->second));
    changed_.erase(changed_.begin());
  }
  return out;
}

void Admissions::give_back(std::vector<Change> changes) {
  for (Change& change : changes) {
    Key key{change.admission.device, change.admission.source};
    changed_.try_emplace(std::move(key), std::move(change));  // what changed meanwhile is newer
  }
}

void Admissions::append_metrics(MetricsText& out) const {
  out.table("admissions", order_.size(), kMaxAdmissions);
  out.counter("dropwire_not_admitted_total",
              "Requests for a device's own file by who is not admitted (access.provisioning.phones).", refused_total_);
  out.counter("dropwire_registrations_of_other_users_total",
              "SIP registrations that name a device whose user is another one: they admit nobody.", foreign_users_);
}

std::string_view to_string(Admissions::Phones phones) {
  return phones == Admissions::Phones::all ? "all" : phones == Admissions::Phones::known ? "known" : "listed";
}

std::string_view to_string(Admissions::By by) {
  switch (by) {
    case Admissions::By::registration:
      return "registration";
    case Admissions::By::list:
      return "list";
    case Admissions::By::window:
      return "window";
    case Admissions::By::operated:
      return "operator";
  }
  return "?";
}

}  // namespace dw::provisioning
