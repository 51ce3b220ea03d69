#pragma once
#include <map>
#include <set>
#include <string>

#include "sbc/admin/phone_query.hpp"
#include "sbc/phones/inventory.hpp"
#include "sbc/phones/site.hpp"

namespace dw::admin {

/// Goes through all phones, some at a time, for one query: counts those that fit, and keeps the places of those that
/// are to be told, at most kPlaces beyond the query's offset. What is told of them stays theirs while phones come, go
/// and change. No I/O, no clock; the inventory and its verdicts outlive it.
class PhoneScan {
 public:
  static constexpr std::size_t kPlaces = 4096;

  PhoneScan(const phones::Inventory& inventory, const phones::VerdictBook& verdicts, PhoneQuery query);

  /// Looks at `most` phones. True: it has seen all.
  bool step(WallTime now, std::size_t most);
  /// The next phone in the order of the query; null when there is none left among those that are kept: over() then says
  /// whether others are behind them, and if so step() begins again.
  const phones::Phone* next();
  bool over() const { return over_; }

  const PhoneQuery& query() const { return query_; }
  // Once it has seen all.
  std::size_t matching() const { return matching_; }
  const std::map<std::string_view, std::size_t>& groups() const { return groups_; }  ///< those that fit, by group_of()
  const phones::Site& site() const { return site_; }
  /// Of those behind the last one told; empty: there are none.
  std::string next_cursor() const { return more_ && last_ ? query_.cursor_after(*last_) : std::string(); }

 private:
  struct Before {
    const PhoneQuery* query;
    bool operator()(const PhonePlace& a, const PhonePlace& b) const { return query->before(a, b); }
  };
  void look(const phones::Phone& phone, WallTime now);
  void all_seen();

  const phones::Inventory& inventory_;
  const phones::VerdictBook& verdicts_;
  const PhoneQuery query_;
  std::set<PhonePlace, Before> places_;
  std::size_t matching_ = 0, told_ = 0, skip_ = 0;
  std::map<std::string_view, std::size_t> groups_;
  phones::Site site_;
  std::string looked_to_;
  std::optional<PhonePlace> last_;
  bool first_ = true, over_ = false;
  bool dropped_ = false;  ///< some that fit and are behind last_ are not kept
  bool more_ = false;
};

}  // namespace dw::admin
