#pragma once
#include <functional>
#include <memory>
#include <string_view>
#include <unordered_map>

#include "sbc/base/connection_budget.hpp"

namespace dw::net {

/// The connections to a service's HTTP servers (on all its addresses, and renewed ones), and which one is closed for
/// another: a ConnectionBudget, and the callbacks that close connections. A connection with a whole request in progress
/// is not idle. On the loop's thread; outlives the servers.
class HttpPlaces {
 public:
  using StandingOf = std::function<Standing(TimePoint, const IpAddress&)>;

  /// A connection's place, until this is destroyed.
  class Place {
   public:
    Place(HttpPlaces& all, ConnectionBudget::Id id) : all_(all), id_(id) {}
    ~Place();
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;

    /// `hang_up` is called when its place goes to another connection.
    void on_lost(std::function<void()> hang_up) { hang_up_ = std::move(hang_up); }
    void asked(TimePoint now) { all_.budget_.shown(now, id_); }  ///< a whole request has arrived
    void answered(TimePoint now) { all_.budget_.idle(now, id_); }
    void settle() { all_.budget_.settled(id_); }  ///< whoever uses it has logged in: it is no longer evicted

   private:
    friend class HttpPlaces;
    HttpPlaces& all_;
    ConnectionBudget::Id id_;
    std::function<void()> hang_up_;
  };

  HttpPlaces(const ConnectionBudget::Options& options, StandingOf standing);
  void configure(const ConnectionBudget::Options& options);

  /// Null: refuse it. The connections it evicted have already been closed.
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
