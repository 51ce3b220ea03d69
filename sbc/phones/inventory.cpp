#include "sbc/phones/inventory.hpp"

#include <algorithm>
#include <utility>

#include "sbc/base/escape.hpp"
#include "sbc/base/text_cursor.hpp"
#include "sbc/phones/boots.hpp"
#include "sbc/phones/model.hpp"
#include "sbc/phones/text.hpp"

namespace dw::phones {
namespace {

constexpr std::size_t kMaxFirmware = 64;
constexpr std::size_t kManyPhones = 8;  // that begin within kSameMoment: the power came back
constexpr std::chrono::seconds kSameMoment{120};

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

/// Evidence from the phone itself overrides what was thought before; a load it was told to run only narrows.
void narrow_model(Phone& phone, Models evidence, bool from_phone) {
  if (evidence.empty()) return;
  const Models before = Models::parse(phone.model);
  const Models both = before & evidence;
  if (before.empty() || (both.empty() && from_phone)) {
    phone.model = evidence.to_string();
  } else if (!both.empty()) {
    phone.model = both.to_string();
  }
}

void learn(Phone& phone, const FileStep& file, FileKind kind) {
  narrow_model(phone, models_asking(file.name), true);
  narrow_model(phone, models_in_user_agent(file.user_agent), true);
  if (kind == FileKind::loads || kind == FileKind::firmware)
    narrow_model(phone, models_of_load(file.name), false);
  if (const Protocol protocol = protocol_of_file(file.name); protocol != Protocol::unknown)
    phone.protocol = protocol;
  if (file.transport == "http") phone.uses_http = true;
  if (kind == FileKind::loads && file.outcome == FileOutcome::sent) {
    const auto slash = file.name.rfind('/');
    const std::string base = slash == std::string::npos ? file.name : file.name.substr(slash + 1);
    phone.firmware = escaped(base.substr(0, base.rfind('.')), kMaxFirmware);
  }
}

bool contradict(const Phone& a, const Phone& b) {
  return !a.model.empty() && !b.model.empty() && (Models::parse(a.model) & Models::parse(b.model)).empty();
}

}  // namespace

Inventory::Inventory(const Options& options) : options_(options) {
  options_.max_phones = std::max<std::size_t>(1, options_.max_phones);
  options_.max_steps = std::max<std::size_t>(1, options_.max_steps);
}

void Inventory::on_file(const FileStep& file) {
  if (file.transport != "tftp" && file.transport != "http") return;  // a person at the control socket
  const DeviceName device = DeviceName::in_file_name(file.name);
  if (device.empty() && !file.peer.address) return;
  Phone& phone = touch(device, file.peer.address, file.at);
  Step step = step_of(file);
  learn(phone, file, step.kind);
  const bool taken = step.outcome == FileOutcome::sent;
  keep(phone, std::move(step));
  if (taken) prove(phone);
}

void Inventory::on_note(const DeviceName& device, const IpAddress& address, WallTime at, Note note,
                        std::string_view detail) {
  if (device.empty() && !address) return;
  Phone& phone = touch(device, address, at);
  Step step;
  step.at = at;
  step.is_note = true;
  step.note = note;
  step.from = address;
  step.detail = printable(detail, Step::kMaxDetail);
  keep(phone, std::move(step));
}

void Inventory::on_config(const DeviceName& device, const IpAddress& address, WallTime at,
                          const ConfigHints& hints) {
  if (device.empty() && !address) return;
  Phone& phone = touch(device, address, at);
  if (hints.protocol != Protocol::unknown) phone.protocol = hints.protocol;
  if (!hints.load.empty()) {
    phone.firmware = escaped(hints.load, kMaxFirmware);
    narrow_model(phone, models_of_load(hints.load), false);
  }
  phone.follow_ups.clear();
  for (const std::string& name : hints.follow_ups) {
    if (phone.follow_ups.size() == kMaxFollowUps) break;
    if (kind_of(name) != FileKind::other)
      continue;  // a locale is kept by the phone, firmware has its own rules
    phone.follow_ups.push_back(name.substr(0, Step::kMaxName));
  }
  changed_.insert(phone.key());
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
  phone.last_seen = std::max(phone.last_seen, at);
  Phones& order = phone.proven ? proven_ : unproven_;
  order.splice(order.begin(), order, index_.at(key));
  changed_.insert(std::move(key));
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
  const bool before_it = phone.steps.empty() || phone.last_seen < record.first_seen;
  if (!before_it || at - record.first_seen > kRecent || contradict(phone, record)) return;
  const auto here = at_address_.find(phone.address);
  const bool alone =
      here != at_address_.end() && std::ranges::all_of(here->second, [&](const std::string& key) {
        return key == phone.device.str() || at - index_.at(key)->last_seen > kRecent;
      });
  if (!alone) return;
  if (phone.model.empty()) phone.model = record.model;
  if (phone.protocol == Protocol::unknown) phone.protocol = record.protocol;
  if (phone.firmware.empty()) phone.firmware = record.firmware;
  phone.uses_http = phone.uses_http || record.uses_http;
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
  const auto after = std::ranges::upper_bound(phone.steps, step.at, {}, &Step::at);
  phone.steps.insert(after, std::move(step));
  if (phone.steps.size() > options_.max_steps) phone.steps.pop_front();
  changed_.insert(phone.key());
}

void Inventory::prove(Phone& phone) {
  if (phone.proven) return;
  phone.proven = true;
  proven_.splice(proven_.begin(), unproven_, index_.at(phone.key()));
}

void Inventory::erase(Phones::iterator phone) {
  if (!phone->device.empty()) move_to(*phone, {});
  const std::string key = phone->device.empty() ? phone->address.to_string() : phone->device.str();
  changed_.erase(key);
  index_.erase(key);
  Phones& order = phone->proven ? proven_ : unproven_;
  order.erase(phone);
  ++removals_;
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
  } else if (const auto address = IpAddress::parse(key)) {
    name = address->to_string();
  }
  const auto found = index_.find(name);
  return found == index_.end() ? nullptr : &*found->second;
}

void Inventory::for_each(const std::function<void(const Phone&)>& visit) const {
  for (const Phone& phone : proven_)
    visit(phone);
  for (const Phone& phone : unproven_)
    visit(phone);
}

std::vector<Finding> Inventory::site_findings(WallTime now) const {
  std::size_t booting = 0;
  for_each([&](const Phone& phone) {
    if (phone.device.empty() || phone.steps.empty() || now - phone.last_seen > kSameMoment) return;
    const Step& first = phone.steps[boots_of(phone).back().begin];
    if (now - first.at <= kSameMoment) ++booting;
  });
  if (booting < kManyPhones) return {};
  return {finding_of_many(booting)};
}

void Inventory::restore(Phone phone) {
  if (phone.device.empty() && !phone.address) return;
  const std::string key = phone.key();
  if (index_.contains(key)) return;
  make_room();
  std::ranges::sort(phone.steps, {}, [](const Step& s) { return std::pair(s.at, s.id); });
  while (phone.steps.size() > options_.max_steps)
    phone.steps.pop_front();
  for (const Step& step : phone.steps)
    phone.next_step = std::max(phone.next_step, step.id + 1);
  const IpAddress address = phone.address;
  Phones& order = phone.proven ? proven_ : unproven_;
  order.push_front(std::move(phone));
  index_.emplace(key, order.begin());
  if (order.front().device.empty()) return;
  order.front().address = {};
  move_to(order.front(), address);
}

std::vector<std::string> Inventory::take_changed() {
  std::vector<std::string> out(changed_.begin(), changed_.end());
  changed_.clear();
  return out;
}

}  // namespace dw::phones
