#pragma once
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sbc/doctor/box.hpp"
#include "sbc/doctor/state.hpp"
#include "sbc/doctor/verdict_book.hpp"

namespace dw::doctor {

/// How one thing stands, and why in a few words.
struct Part {
  std::string_view name;  ///< "listeners", "findings", "telephone_server", "files", "phones"
  State state{};
  std::string words;
};

/// How the box stands with all that hangs on it: what the page's badge, `dropwire status`, `dropwire doctor`, its exit
/// status and the metrics say.
struct Verdict {
  State state = State::not_known;
  std::string words = "not known yet";
  std::vector<Part> parts;
};

/// What that is made of.
struct BoxView {
  bool draining = false, configured = true;
  std::span<const Service> services;
  std::span<const OriginState> origins;
  std::span<const CallServer> call_servers;
  std::span<const Finding> findings;  ///< of the box and of all phones together, the gravest first
  const VerdictBook* phones = nullptr;
};

Verdict verdict_of_box(const BoxView& view, WallTime now);

State state_of(const Service& service);  ///< of one that is off: ok
/// Whether it has answered, and nothing failed since. `origins` are all of them: one that never answered is not needed
/// while another answers, and so not known and no fault.
State state_of(const OriginState& origin, std::span<const OriginState> origins);
State state_of(const CallServer& server, WallTime now);

/// "2 phones need attention"
std::string needing_words(std::uint64_t phones);

}  // namespace dw::doctor
