#include "sbc/net/http_places.hpp"

#include <utility>

#include "sbc/net/random.hpp"

namespace dw::net {

HttpPlaces::HttpPlaces(const ConnectionBudget::Options& options, StandingOf standing)
    : total_(options.total), standing_(std::move(standing)), budget_(options, random_u64()) {}

HttpPlaces::Place::~Place() {
  all_.budget_.left(id_);
  all_.places_.erase(id_);
}

void HttpPlaces::configure(const ConnectionBudget::Options& options) {
  total_ = options.total;
  budget_.configure(options);
}

std::unique_ptr<HttpPlaces::Place> HttpPlaces::arrive(TimePoint now, const IpAddress& from) {
  const ConnectionBudget::Id id = ++last_;
  const auto answer = budget_.arrive(now, id, from, standing_(now, from));
  for (const ConnectionBudget::Id goes : answer.go) {
    const auto at = places_.find(goes);
    if (at != places_.end() && at->second->hang_up_) at->second->hang_up_();
  }
  if (answer.verdict != ConnectionBudget::Verdict::taken) return nullptr;
  auto place = std::make_unique<Place>(*this, id);
  places_[id] = place.get();
  return place;
}

}  // namespace dw::net
