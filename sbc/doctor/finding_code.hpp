#pragma once
#include <algorithm>
#include <array>

#include "sbc/doctor/access_kinds.hpp"
#include "sbc/doctor/box_kinds.hpp"
#include "sbc/doctor/file_kinds.hpp"
#include "sbc/doctor/finding_kind.hpp"
#include "sbc/doctor/network_kinds.hpp"
#include "sbc/doctor/signalling_kinds.hpp"

namespace dw::doctor {

inline constexpr auto kFindingKinds = [] {
  std::array<FindingKind, kBoxKinds.size() + kAccessKinds.size() + kNetworkKinds.size() + kFileKinds.size() +
                              kSignallingKinds.size()>
      all{};
  auto end = std::ranges::copy(kBoxKinds, all.begin()).out;
  end = std::ranges::copy(kAccessKinds, end).out;
  end = std::ranges::copy(kNetworkKinds, end).out;
  end = std::ranges::copy(kFileKinds, end).out;
  std::ranges::copy(kSignallingKinds, end);
  return all;
}();

/// A code from the table: any other does not compile.
class Code {
 public:
  consteval Code(const char* text) : kind_(std::ranges::find(kFindingKinds, text, &FindingKind::code)) {
    if (kind_ == kFindingKinds.end()) throw "no such kind of finding";
  }
  constexpr const FindingKind& kind() const { return *kind_; }
  constexpr std::string_view text() const { return kind_->code; }

 private:
  const FindingKind* kind_;
};

}  // namespace dw::doctor
