#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "sbc/base/result.hpp"
#include "sbc/phones/phone.hpp"
#include "sbc/store/database.hpp"

namespace dw::admin {

/// The tables "phone" and "step" in phones.db, which PhoneStore owns, and what makes the whole file: SQL, one migration
/// after the other.
std::span<const std::string_view> phone_migrations();

extern const std::string_view kSelectPhones;  ///< least recently seen first
extern const std::string_view kSelectSteps;   ///< of the phone whose key is bound as 1, in order
/// The current row of one of these. What is no valid value is read as the default.
phones::Phone phone_in(const store::Statement& row);
phones::Step step_in(const store::Statement& row);

extern const std::string_view kPutPhone;
extern const std::string_view kPutStep;
/// Binds and runs one of these.
Result<void> put_phone(store::Statement& put, const phones::Phone& phone);
Result<void> put_step(store::Statement& put, const std::string& key, const phones::Step& step);

/// SQLite has signed integers only.
constexpr std::int64_t signed_of(std::uint64_t n) {
  return static_cast<std::int64_t>(n);
}

}  // namespace dw::admin
