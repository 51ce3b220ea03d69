#pragma once
#include <string>

#include "conf/load.hpp"
#include "sbc/admin/sources.hpp"
#include "sbc/doctor/box.hpp"

/// Collects the facts about this box that sbc/doctor/box.hpp judges: the daemon from inside,
/// `dropwire doctor` from outside.
namespace dw::doctor {

/// What the daemon knows of itself. Pure.
OwnFacts own_facts(const admin::Status& status, const conf::Config& config);

/// The ports that a router in front of this box should forward, as text for its page. Pure.
std::string ports_to_forward(const conf::Config& config);

/// Adds the settings on disk, and origins that are this machine, whose addresses are `own`. Pure.
void add_settings(BoxFacts& box, const conf::Loaded& loaded, const std::vector<IpAddress>& own);

// The others do I/O (box_facts.cpp): they bind each port for a moment, and change nothing.

/// The facts for `dropwire doctor`: ports and directories only while the daemon does not run, which knows its own.
BoxFacts look_at_box(const conf::Loaded& loaded, BoxFacts::Daemon daemon, const std::string& socket);
/// The facts for the daemon about its surroundings: directories and the clock.
BoxFacts look_from_inside(const admin::Status& status, const conf::Config& config);

}  // namespace dw::doctor
