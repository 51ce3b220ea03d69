#include "sbc/phones/inventory.hpp"

#include <algorithm>
#include <utility>

#include "sbc/base/escape.hpp"
#include "sbc/base/text_cursor.hpp"
#include "sbc/phones/boots.hpp"
#include "sbc/phones/learning.hpp"
#include "sbc/phones/model.hpp"
#include "sbc/phones/text.hpp"

namespace dw::phones {
namespace {

Step step_of(const FileStep& file) {
  Step out;
  out.at = file.at;
  out.took = std::chrono::duration_cast<std::chrono::milliseconds>(file.took);
  out.kind = kind_of(file.name);
  out.outcome = file.outcome;
  out.http = file.transport == "http";
  out.error_code = file.error_code;
  out.retransmissions = file.retransmissions;
  out.octets = file.octets;
  out.size = file.size;
  out.last_block = file.last_block;
  out.from = file.peer.address;
  out.name = file.name.substr(0, Step::kMaxName);
  out.detail = printable(file.detail, Step::kMaxDetail);
  return out;
}

bool contradict(const Phone& a, const Phone& b) {
  return !a.model.empty() && !b.model.empty() && (Models::parse(a.model) & Models::parse(b.model)).empty();
}

void insert(std::deque<Step>& steps, Step step) {
  auto after = std::ranges::upper_bound(steps, step.at, {}, &Step::at);
  // A file is reported when it has ended, after the notes on it.
  while (step.is_file() && after != steps.begin() && std::prev(after)->is_note() && std::prev(after)->at == step.at)
    --after;
  steps.insert(after, std::move(step));
}

/// Registrations and calls are at most half of `most`.
void trim(std::deque<Step>& steps, std::size_t most) {
  while (steps.size() > most) {
    const auto live = static_cast<std::size_t>(std::ranges::count_if(steps, &Step::is_live));
    const bool too_live = live > most / 2;
    const auto goes = std::ranges::find(steps, too_live, &Step::is_live);
    steps.erase(goes == steps.end() ? steps.begin() : goes);
  }
}

}  // namespace

bool took_its_config(const Phone& phone, const IpAddress& at, WallTime now, Duration within) {
  return std::ranges::any_of(phone.steps, [&](const Step& step) {
    const bool own = is_config(step.kind) && step.kind != FileKind::config_default;
    return step.is_file() && own && step.outcome == FileOutcome::sent && step.from == at && step.at <= now &&
           now - step.at < within;
  });
}

Inventory::Inventory(const Options& options) {
  configure(options);
}

void Inventory::configure(const Options& options) {
  options_.max_phones = std::max<std::size_t>(1, options.max_phones);
  options_.max_steps = std::max<std::size_t>(1, options.max_steps);
  while (index_.size() > options_.max_phones)
    erase(std::prev(unproven_.empty() ? proven_.end() : unproven_.end()));
  for (auto& [key, phone] : index_) {
    if (phone->steps.size() <= options_.max_steps) continue;
    trim(phone->steps, options_.max_steps);
    unsaved_.insert(key);
  }
}

void Inventory::on_file(const FileStep& file) {
  if (file.transport != "tftp" && file.transport != "http") return;  // a person at the control socket
  const DeviceName device = DeviceName::in_file_name(file.name);
  if (device.empty() && !file.peer.address) return;
  Step step = step_of(file);
  if (file.outcome == FileOutcome::not_admitted && keep_kept_out(device, step)) return;
  Phone& phone = touch(device, file.peer.address, file.at);
  learn(phone, file, step.kind);
  const bool taken = step.outcome == FileOutcome::sent;
  phone.had_config = phone.had_config || (taken && is_config(step.kind));
  keep(phone, std::move(step));
  if (taken) prove(phone);
}

void Inventory::on_note(const DeviceName& device, const IpAddress& address, WallTime at, Note note,
                        std::string_view detail) {
  if (device.empty() && !address) return;
  Phone& phone = touch(device, address, at);
  Step step;
  step.at = at;
  step.type = StepType::note;
  step.note = note;
  step.from = address;
  step.detail = printable(detail, Step::kMaxDetail);
  keep(phone, std::move(step));
}

void Inventory::on_near_configs(const DeviceName& device, const IpAddress& address, WallTime at,
                                const std::vector<std::string>& files) {
  const std::string* only = nullptr;
  for (const std::string& file : files) {
    if (index_.contains(DeviceName::in_file_name(file).str())) continue;
    if (std::exchange(only, &file) != nullptr) return;
  }
  if (only == nullptr || device.empty()) return;
  if (const Phone* const phone = find(device.str()); phone != nullptr && !phone->steps.empty()) {
    const Boot boot = boots_of(*phone).back();
    for (std::size_t i = boot.begin; i < boot.end; ++i) {
      if (phone->steps[i].note == Note::near_config && phone->steps[i].is_note()) return;  // once a boot
    }
  }
  on_note(device, address, at, Note::near_config, *only);
}

void Inventory::on_config(const DeviceName& device, const IpAddress& address, WallTime at, const ConfigHints& hints) {
  if (device.empty() && !address) return;
  Phone& phone = touch(device, address, at);
  if (hints.protocol != Protocol::unknown) phone.protocol = hints.protocol;
  if (!hints.load.empty()) learn_named_load(phone, hints.load);
  phone.follow_ups.clear();
  for (const std::string& name : hints.follow_ups) {
    if (phone.follow_ups.size() == kMaxFollowUps) break;
    if (kind_of(name) != FileKind::other) continue;  // a locale is kept by the phone, firmware has its own rules
    phone.follow_ups.push_back(name.substr(0, Step::kMaxName));
  }
  if (hints.homes) {
    phone.homes = *hints.homes;
    if (phone.homes.size() > kMaxHomes) phone.homes.resize(kMaxHomes);
  }
  mark(phone);
}

Phone& Inventory::touch(const DeviceName& device, const IpAddress& address, WallTime at) {
  const Phone* const only = device.empty() ? only_device_at(address, at) : nullptr;
  return phone_for(only != nullptr ? only->device : device, address, at);
}

Phone& Inventory::phone_for(const DeviceName& device, const IpAddress& address, WallTime at) {
  std::string key = device.empty() ? address.to_string() : device.str();
  auto found = index_.find(key);
  const bool is_new = found == index_.end();
  if (is_new) {
    make_room();
    Phone& phone = unproven_.emplace_front();
    number(phone);
    phone.device = device;
    phone.first_seen = at;
    phone.last_seen = at;
    found = index_.emplace(key, unproven_.begin()).first;
  }
  Phone& phone = *found->second;
  if (!device.empty() && address) {
    move_to(phone, address);
    if (is_new || phone.last_seen < at) adopt_address_record(phone, at);
  } else if (device.empty()) {
    phone.address = address;
  }
  phone.seen_before = phone.last_seen;
  phone.last_seen = std::max(phone.last_seen, at);
  Phones& order = phone.proven ? proven_ : unproven_;
  order.splice(order.begin(), order, index_.at(key));
  mark(phone);
  return phone;
}

const Phone* Inventory::only_device_at(const IpAddress& address, WallTime at) const {
  const auto here = at_address_.find(address);
  if (here == at_address_.end()) return nullptr;
  const Phone* only = nullptr;
  for (const std::string& key : here->second) {
    const Phone& phone = *index_.at(key);
    if (at - phone.last_seen > kRecent) continue;
    if (only != nullptr) return nullptr;
    only = &phone;
  }
  return only;
}

/// What was asked from this address before the phone said who it is (a boot loader says no MAC) becomes its
/// own, when nobody else can have asked it.
void Inventory::adopt_address_record(Phone& phone, WallTime at) {
  const auto found = index_.find(phone.address.to_string());
  if (found == index_.end()) return;
  Phone& record = *found->second;
  // One that registered from there without a name is another phone.
  if (std::ranges::any_of(record.steps, &Step::is_live)) return;
  const bool before_it = phone.steps.empty() || phone.last_seen < record.first_seen;
  if (!before_it || at - record.first_seen > kRecent || contradict(phone, record)) return;
  const auto here = at_address_.find(phone.address);
  const bool alone = here != at_address_.end() && std::ranges::all_of(here->second, [&](const std::string& key) {
                       return key == phone.device.str() || at - index_.at(key)->last_seen > kRecent;
                     });
  if (!alone) return;
  if (phone.model.empty()) phone.model = record.model;
  if (phone.protocol == Protocol::unknown) phone.protocol = record.protocol;
  if (phone.firmware.empty()) phone.firmware = record.firmware;
  phone.uses_http = phone.uses_http || record.uses_http;
  phone.had_config = phone.had_config || record.had_config;
  phone.first_seen = std::min(phone.first_seen, record.first_seen);
  const bool proven = record.proven;
  const std::deque<Step> steps = std::move(record.steps);
  erase(found->second);
  for (const Step& step : steps)
    keep(phone, step);
  if (proven) prove(phone);
}

void Inventory::move_to(Phone& phone, const IpAddress& address) {
  if (phone.address == address) return;
  const std::string key = phone.device.str();
  if (const auto old = at_address_.find(phone.address); old != at_address_.end()) {
    std::erase(old->second, key);
    if (old->second.empty()) at_address_.erase(old);
  }
  phone.address = address;
  if (address) at_address_[address].push_back(key);
}

void Inventory::keep(Phone& phone, Step step) {
  step.id = phone.next_step++;
  insert(phone.steps, std::move(step));
  trim(phone.steps, options_.max_steps);
  mark(phone);
}

void Inventory::prove(Phone& phone) {
  if (phone.proven) return;
  phone.proven = true;
  proven_.splice(proven_.begin(), unproven_, index_.at(phone.key()));
}

void Inventory::erase(Phones::iterator phone) {
  if (!phone->device.empty()) move_to(*phone, {});
  const std::string key = phone->device.empty() ? phone->address.to_string() : phone->device.str();
  unsaved_.erase(key);
  unjudged_.erase(phone->number);
  if (phone->number <= last_number_taken_) gone_unjudged_.push_back(phone->number);
  index_.erase(key);
  Phones& order = phone->proven ? proven_ : unproven_;
  order.erase(phone);
  ++removals_;
  ++revision_;
}

void Inventory::make_room() {
  while (index_.size() >= options_.max_phones)
    erase(std::prev(unproven_.empty() ? proven_.end() : unproven_.end()));
}

const Phone* Inventory::find(std::string_view key) const {
  if (const auto exact = index_.find(std::string(key)); exact != index_.end()) return &*exact->second;
  std::string name(key);
  if (const auto device = DeviceName::parse(key)) {
    name = device->str();
  } else if (const auto station = DeviceName::station(key)) {
    name = station->str();
  } else if (const auto address = IpAddress::parse(key)) {
    name = address->to_string();
  }
  const auto found = index_.find(name);
  return found == index_.end() ? nullptr : &*found->second;
}

bool Inventory::forget(std::string_view key) {
  const Phone* const phone = find(key);
  if (phone == nullptr) return false;
  erase(index_.at(phone->key()));
  return true;
}

const Phone* Inventory::find_at(const IpAddress& address) const {
  const auto here = at_address_.find(address);
  return here == at_address_.end() || here->second.size() != 1 ? nullptr : &*index_.at(here->second.front());
}

void Inventory::for_each(const std::function<void(const Phone&)>& visit) const {
  for (const Phone& phone : proven_)
    visit(phone);
  for (const Phone& phone : unproven_)
    visit(phone);
}

bool Inventory::knows(Protocol protocol) const {
  return std::ranges::find(proven_, protocol, &Phone::protocol) != proven_.end();
}

void Inventory::for_each_after(std::string_view key,
                               const std::function<bool(const std::string& key, const Phone&)>& visit) const {
  for (auto next = index_.upper_bound(key); next != index_.end(); ++next) {
    if (!visit(next->first, *next->second)) return;
  }
}

void Inventory::restore(Phone phone) {
  if (phone.device.empty() && !phone.address) return;
  const std::string key = phone.key();
  if (index_.contains(key)) return;
  make_room();
  std::ranges::sort(phone.steps, {}, &Step::id);  // as they came, and so they stand as they stood
  for (Step& step : std::exchange(phone.steps, {}))
    insert(phone.steps, std::move(step));
  trim(phone.steps, options_.max_steps);
  phone.registered = false;
  phone.registered_from = {};
  phone.sip_lines.clear();
  phone.server.clear();
  for (const Step& step : phone.steps)
    phone.next_step = std::max(phone.next_step, step.id + 1);
  const IpAddress address = phone.address;
  Phones& order = phone.proven ? proven_ : unproven_;
  order.push_front(std::move(phone));
  index_.emplace(key, order.begin());
  number(order.front());
  if (order.front().device.empty()) return;
  order.front().address = {};
  move_to(order.front(), address);
}

void Inventory::mark(Phone& phone) {
  phone.revision = ++revision_;
  unjudged_.try_emplace(phone.number, &phone);
  unsaved_.insert(phone.key());
}

/// Of one that is new here.
void Inventory::number(Phone& phone) {
  phone.number = ++last_number_;
  unjudged_.try_emplace(unjudged_.end(), phone.number, &phone);
}

Inventory::Unjudged Inventory::take_unjudged() {
  Unjudged out;
  out.changed.reserve(unjudged_.size());
  for (const auto& [number, phone] : unjudged_)
    out.changed.push_back(phone);
  unjudged_.clear();
  out.gone = std::exchange(gone_unjudged_, {});
  last_number_taken_ = last_number_;
  return out;
}

std::vector<std::string> Inventory::take_unsaved() {
  std::vector<std::string> out(unsaved_.begin(), unsaved_.end());
  unsaved_.clear();
  return out;
}

}  // namespace dw::phones
