#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "sbc/admin/phone_filter.hpp"

namespace dw::admin {

enum class PhoneSort : std::uint8_t { seen, name, address, model, firmware, line, state };

/// Where a phone stands in a list: first by what is sorted by, as octets that compare so, then by its key.
struct PhonePlace {
  std::string sort, key;
  friend bool operator==(const PhonePlace&, const PhonePlace&) = default;
};

/// GET /api/phones?…: which phones, in which order, and how much of that.
struct PhoneQuery {
  enum class Form : std::uint8_t { json, csv };
  static constexpr std::size_t kLimit = 500;  ///< without `limit`, but for a CSV: that is whole
  static constexpr std::size_t kAll = SIZE_MAX;
  static constexpr std::size_t kMaxOffset = 65'536;  ///< further in goes by the cursor
  static constexpr std::size_t kMaxCursor = 512;     ///< octets

  PhoneFilter filter;
  PhoneSort sort = PhoneSort::seen;
  bool reversed = false;
  Form form = Form::json;
  std::size_t limit = kLimit, offset = 0;
  std::optional<PhonePlace> after;  ///< out of a cursor

  PhonePlace place_of(const phones::Phone& phone, const phones::PhoneVerdict& verdict) const;
  bool before(const PhonePlace& a, const PhonePlace& b) const {
    if (a.sort != b.sort) return reversed ? a.sort > b.sort : a.sort < b.sort;
    return a.key < b.key;
  }
  /// For the answer: what `cursor` is to be for those behind this one.
  std::string cursor_after(const PhonePlace& place) const;
};

/// Errc::invalid with a sentence: a name that is none, one that stands twice, a value that is none, a cursor of another
/// query.
Result<PhoneQuery> parse_phone_query(std::string_view query);
/// The same where a filter alone may stand, but for the names in `others`, which are the caller's.
Result<PhoneFilter> parse_phone_filter(std::string_view query, std::initializer_list<std::string_view> others = {});

}  // namespace dw::admin
