#pragma once
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sbc/doctor/box.hpp"
#include "sbc/doctor/state.hpp"
#include "sbc/doctor/verdict_book.hpp"

namespace dw::doctor {

/// The state of one thing, and the reason in a few words.
struct Part {
  std::string_view name;  ///< "listeners", "findings", "telephone_server", "files", "phones"
  State state{};
  std::string words;
};

/// The state of the box and of all that belongs to it: shown by the page's badge, `dropwire status`, `dropwire doctor`
/// with its exit status, and the metrics.
struct Verdict {
  State state = State::not_known;
  std::string words = "not known yet";
  std::vector<Part> parts;
};

/// What it is made from.
struct BoxView {
  bool draining = false, configured = true;
  std::span<const Service> services;
  std::span<const OriginState> origins;
  std::span<const CallServer> call_servers;
  std::span<const Finding> findings;  ///< of the box and of all phones together, most severe first
  const VerdictBook* phones = nullptr;
};

Verdict verdict_of_box(const BoxView& view, WallTime now);

State state_of(const Service& service);  ///< ok if it is off
/// Whether it has answered, and nothing failed since. `origins`: all of them. One that never answered is not needed
/// while another answers: its state is not known, and no fault.
State state_of(const OriginState& origin, std::span<const OriginState> origins);
State state_of(const CallServer& server, WallTime now);

/// "2 phones need attention"
std::string needing_words(std::uint64_t phones);

}  // namespace dw::doctor
