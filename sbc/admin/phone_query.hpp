#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "sbc/admin/phone_filter.hpp"

namespace dw::admin {

enum class PhoneSort : std::uint8_t { seen, name, address, model, firmware, line, state };

/// A phone's position in a list: first the sort key, as octets that compare in that order, then the phone's key.
struct PhonePlace {
  std::string sort, key;
  friend bool operator==(const PhonePlace&, const PhonePlace&) = default;
};

/// GET /api/phones?…: which phones, in which order, and how many.
struct PhoneQuery {
  enum class Form : std::uint8_t { json, csv };
  static constexpr std::size_t kLimit = 500;  ///< without `limit`; a CSV has all rows
  static constexpr std::size_t kAll = SIZE_MAX;
  static constexpr std::size_t kMaxOffset = 65'536;  ///< use the cursor beyond that
  static constexpr std::size_t kMaxCursor = 512;     ///< octets

  PhoneFilter filter;
  PhoneSort sort = PhoneSort::seen;
  bool reversed = false;
  Form form = Form::json;
  std::size_t limit = kLimit, offset = 0;
  std::optional<PhonePlace> after;  ///< from a cursor

  PhonePlace place_of(const phones::Phone& phone, const doctor::PhoneVerdict& verdict) const;
  bool before(const PhonePlace& a, const PhonePlace& b) const {
    if (a.sort != b.sort) return reversed ? a.sort > b.sort : a.sort < b.sort;
    return a.key < b.key;
  }
  /// The cursor with which a query continues after this place.
  std::string cursor_after(const PhonePlace& place) const;
};

/// Errc::invalid with a sentence: an unknown or repeated name, an invalid value, or a cursor of another query.
Result<PhoneQuery> parse_phone_query(std::string_view query);
/// The same where only a filter is allowed, besides the names in `others`, which the caller handles.
Result<PhoneFilter> parse_phone_filter(std::string_view query, std::initializer_list<std::string_view> others = {});

}  // namespace dw::admin
