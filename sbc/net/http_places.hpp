#pragma once
#include <functional>
#include <memory>
#include <string_view>
#include <unordered_map>

#include "sbc/base/connection_budget.hpp"

namespace dw::net {

/// Who has a connection to a service's HTTP servers (all its addresses, and those that were renewed), and who has to go
/// for whom: a ConnectionBudget, and what ends the connection that goes. One that has a whole request in the works is
/// not idle. On the loop's thread; outlives the servers.
class HttpPlaces {
 public:
  using StandingOf = std::function<Standing(TimePoint, const IpAddress&)>;

  /// A connection's place, until this goes.
  class Place {
   public:
    Place(HttpPlaces& all, ConnectionBudget::Id id) : all_(all), id_(id) {}
    ~Place();
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;

    void on_lost(std::function<void()> hang_up) { hang_up_ = std::move(hang_up); }  ///< another one needs it
    void asked(TimePoint now) { all_.budget_.shown(now, id_); }                     ///< a whole request is here
    void answered(TimePoint now) { all_.budget_.idle(now, id_); }
    void settle() { all_.budget_.settled(id_); }  ///< whoever is there has logged in: it goes for nobody

   private:
    friend class HttpPlaces;
    HttpPlaces& all_;
    ConnectionBudget::Id id_;
    std::function<void()> hang_up_;
  };

  HttpPlaces(const ConnectionBudget::Options& options, StandingOf standing);
  void configure(const ConnectionBudget::Options& options);

  /// Null: it is to be refused. Whoever goes for it has been told.
  std::unique_ptr<Place> arrive(TimePoint now, const IpAddress& from);
  std::size_t total() const { return total_; }
  void append_tables(MetricsText& out, std::string_view service) const { budget_.append_tables(out, service); }

 private:
  std::size_t total_;
  StandingOf standing_;
  ConnectionBudget budget_;
  std::unordered_map<ConnectionBudget::Id, Place*> places_;
  ConnectionBudget::Id last_ = 0;
};

}  // namespace dw::net
