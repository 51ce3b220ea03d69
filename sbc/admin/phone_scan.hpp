#pragma once
#include <map>
#include <set>
#include <string>

#include "sbc/admin/phone_query.hpp"
#include "sbc/doctor/site.hpp"
#include "sbc/phones/inventory.hpp"

namespace dw::admin {

/// Goes through all phones for one query, a number of them at a time: counts those that match, and keeps the places of
/// those to return, at most kPlaces beyond the query's offset. The result stays consistent while phones come, go and
/// change. No I/O, no clock; the inventory and its verdicts outlive it.
class PhoneScan {
 public:
  static constexpr std::size_t kPlaces = 4096;

  PhoneScan(const phones::Inventory& inventory, const doctor::VerdictBook& verdicts, PhoneQuery query);

  /// Examines up to `most` phones. True: all have been examined.
  bool step(WallTime now, std::size_t most);
  /// The next phone in the query's order. Null when none of the kept places is left: then over() says whether that is
  /// the end; if not, call step() again.
  const phones::Phone* next();
  bool over() const { return over_; }

  const PhoneQuery& query() const { return query_; }
  // After all phones have been examined:
  std::size_t matching() const { return matching_; }
  const std::map<std::string_view, std::size_t>& groups() const { return groups_; }  ///< matching phones, by group_of()
  const doctor::Site& site() const { return site_; }
  /// The cursor for phones after the last returned one; empty if there are none.
  std::string next_cursor() const { return more_ && last_ ? query_.cursor_after(*last_) : std::string(); }

 private:
  struct Before {
    const PhoneQuery* query;
    bool operator()(const PhonePlace& a, const PhonePlace& b) const { return query->before(a, b); }
  };
  void look(const phones::Phone& phone, WallTime now);
  void all_seen();

  const phones::Inventory& inventory_;
  const doctor::VerdictBook& verdicts_;
  const PhoneQuery query_;
  std::set<PhonePlace, Before> places_;
  std::size_t matching_ = 0, returned_ = 0, skip_ = 0;
  std::map<std::string_view, std::size_t> groups_;
  doctor::Site site_;
  std::string looked_to_;
  std::optional<PhonePlace> last_;
  bool first_ = true, over_ = false;
  bool dropped_ = false;  ///< some matching phones after last_ are not in places_
  bool more_ = false;
};

}  // namespace dw::admin
