#pragma once
#include <string>

#include "conf/load.hpp"
#include "sbc/admin/sources.hpp"
#include "sbc/doctor/box.hpp"

/// Fills in what is known of this box (sbc/doctor/box.hpp says what it means): the daemon from inside,
/// `dropwire doctor` from outside.
namespace dw::doctor {

/// What the daemon knows of itself. Pure.
OwnFacts own_facts(const admin::Status& status, const conf::Config& config);

/// What a router before this box should let in, in words for its page. Pure.
std::string ports_to_forward(const conf::Config& config);

/// Settings as they are on disk, and origins that are this machine, whose addresses are `own`. Pure.
void add_settings(BoxFacts& box, const conf::Loaded& loaded, const std::vector<IpAddress>& own);

// The rest looks (box_facts.cpp): binds each port for a moment, touches nothing else.

/// What `dropwire doctor` sees: of ports and directories only while the daemon is absent, which sees its own.
BoxFacts look_at_box(const conf::Loaded& loaded, BoxFacts::Daemon daemon, const std::string& socket);
/// What the daemon sees beside itself: directories and the clock.
BoxFacts look_from_inside(const admin::Status& status, const conf::Config& config);

}  // namespace dw::doctor
