#pragma once
#include <string>

#include "sbc/doctor/box.hpp"

namespace dw::test {

inline constexpr WallTime kNow = std::chrono::sys_days{std::chrono::year{2026} / 11 / 22};

/// A daemon with which all is well, as it knows itself.
inline doctor::BoxFacts healthy_box() {
  doctor::BoxFacts box;
  box.look_at_clock = true;
  box.clock_synchronised = true;
  box.directories = {{"cache.dir", "/c", doctor::DirectoryUse::State::usable, 1'000'000'000},
                     {"state.dir", "/s", doctor::DirectoryUse::State::not_ours, {}}};
  doctor::OwnFacts& own = box.own.emplace();
  own.phone_addresses = {"192.168.1.5"};
  own.services = {{"tftp", true, {*Endpoint::parse("0.0.0.0:69")}, ""},
                  {"sip", true, {*Endpoint::parse("0.0.0.0:5060")}, ""}};
  own.origins = {{"http://pbx:6970/", true, "", {}, {}}, {"tftp://pbx/", true, "", {}, {}}};
  own.cache.storing = true;
  own.cache.directory = "/c";
  own.sccp_servers = 2;
  own.sip_servers = 2;
  own.call_servers = {{"pbx:2000", true, 3, "", {}},
                      {"backup:2000", true, 0, "", {}},
                      {"pbx:5060", true, 3, "", {}, phones::Protocol::sip, "udp"},
                      {"backup:5060", true, 0, "", {}, phones::Protocol::sip, "tcp"}};
  own.media = {1999, 2500};
  return box;
}

/// What `dropwire doctor` sees while nobody answers.
inline doctor::BoxFacts box_without_daemon() {
  doctor::BoxFacts box = healthy_box();
  box.own.reset();
  box.daemon = doctor::BoxFacts::Daemon::absent;
  box.socket = "/run/dropwire/control.sock";
  return box;
}

}  // namespace dw::test
