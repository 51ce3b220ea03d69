#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>

#include "sbc/phones/phone.hpp"

namespace dw::admin {

/// How grave each phone's findings are, remembered: judging thousands of phones anew for each answer would
/// hold up the loop. One that changed, was judged kFresh ago or by other call servers, is judged anew, but no more than kAtOnce of
/// them for one answer beside those that must be; the others are told as they were, or as well when they
/// never were judged.
class PhoneVerdicts {
 public:
  static constexpr std::size_t kAtOnce = 256;
  static constexpr std::chrono::seconds kFresh{10};

  struct Verdict {
    std::string_view severity;  ///< of the gravest finding; "": there is none
    std::size_t findings = 0;
    std::string_view cause;  ///< Finding::cause of one of them; "": none has one
    bool needs_attention() const { return severity == "error" || severity == "warning"; }
  };

  /// Before each answer. When `no_server` is another than before, all are due to be judged anew.
  void begin(std::size_t known_phones, const phones::NoServer& no_server);
  Verdict of(const phones::Phone& phone, WallTime now, bool must_be_fresh);

 private:
  struct Kept {
    Verdict verdict;
    std::uint64_t revision = 0;
    std::uint64_t judged_by = 0;  ///< no_server_number_ then
    WallTime at{};
  };
  std::unordered_map<std::string, Kept> kept_;  // by key
  std::size_t left_ = kAtOnce;
  phones::NoServer no_server_;
  std::uint64_t no_server_number_ = 0;  ///< counts how often it became another
};

}  // namespace dw::admin
