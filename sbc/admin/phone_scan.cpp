#include "sbc/admin/phone_scan.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace dw::admin {

PhoneScan::PhoneScan(const phones::Inventory& inventory, const doctor::VerdictBook& verdicts, PhoneQuery query)
    : inventory_(inventory),
      verdicts_(verdicts),
      query_(std::move(query)),
      places_(Before{&query_}),
      skip_(query_.offset),
      last_(query_.after) {}

bool PhoneScan::step(WallTime now, std::size_t most) {
  bool more = false;
  inventory_.for_each_after(looked_to_, [&](const std::string& key, const phones::Phone& phone) {
    more = most == 0;
    if (more) return false;
    --most;
    looked_to_ = key;
    look(phone, now);
    return true;
  });
  if (!more) all_seen();
  return !more;
}

void PhoneScan::look(const phones::Phone& phone, WallTime now) {
  if (first_) site_.add(phone, verdicts_, now);
  const doctor::PhoneVerdict& verdict = verdicts_.of(phone);
  if (!query_.filter.fits(phone, verdict)) return;
  if (first_) {
    ++matching_;
    if (const auto group = group_of(verdict); !group.empty()) ++groups_[group];
  }
  PhonePlace place = query_.place_of(phone, verdict);
  if (last_ && !query_.before(*last_, place)) return;
  places_.insert(std::move(place));
  // One more than is returned, to know whether there are more.
  const std::size_t left = query_.limit == PhoneQuery::kAll ? kPlaces : std::min(kPlaces, query_.limit - returned_ + 1);
  if (places_.size() <= skip_ + left) return;
  places_.erase(std::prev(places_.end()));
  dropped_ = true;
}

void PhoneScan::all_seen() {
  first_ = false;
  looked_to_.clear();
  for (; skip_ != 0 && !places_.empty(); --skip_)
    places_.erase(places_.begin());
  skip_ = 0;
}

const phones::Phone* PhoneScan::next() {
  while (!places_.empty()) {
    if (returned_ >= query_.limit) break;
    last_ = std::move(places_.extract(places_.begin()).value());
    const phones::Phone* const phone = inventory_.find(last_->key);
    if (phone == nullptr) continue;  // removed meanwhile
    ++returned_;
    return phone;
  }
  over_ = returned_ >= query_.limit || !dropped_;
  more_ = over_ && returned_ >= query_.limit && (!places_.empty() || dropped_);
  dropped_ = false;
  return nullptr;
}

}  // namespace dw::admin
