// How audio reaches an edge: from what was measured and granted to what is said of it.
#include "sbc/doctor/audio_way.hpp"

#include <doctest/doctest.h>

#include "sbc/doctor/network_findings.hpp"
#include "tests/unit/doctor/found.hpp"

using namespace dw;
using namespace dw::doctor;
using namespace dw::phones;
using namespace dw::test;
using nat::RouterMaps;
using By = AudioWay::By;

namespace {

const IpAddress kWayHome = *IpAddress::parse("192.168.1.10"), kWayOutside = *IpAddress::parse("203.0.113.101");
const IpAddress kWayServer = *IpAddress::parse("203.0.113.20"), kWayGiven = *IpAddress::parse("198.51.100.1");

/// An edge in a home, before anybody has answered.
AudioWayFacts edge_at_home() {
  AudioWayFacts facts;
  facts.local = kWayHome;
  facts.central = kWayServer;
  facts.stun_server = "pbx:3478";
  return facts;
}
AudioWayFacts learned_by_stun(RouterMaps maps, std::optional<bool> keeps_numbers = {}) {
  AudioWayFacts facts = edge_at_home();
  facts.ports.maps = maps;
  facts.ports.address = maps == RouterMaps::nothing ? kWayHome : kWayOutside;
  facts.ports.keeps_numbers = keeps_numbers;
  return facts;
}
std::string way_codes(By by, const AudioHeard& heard = {}, std::string error = "no answer") {
  BoxFacts box;
  box.audio = AudioWay{by, {}, "pbx:3478", std::move(error)};
  box.heard = heard;
  std::string out;
  for (const Finding& f : network_findings(box))
    out += (out.empty() ? "" : " ") + std::string(f.code) + ":" + std::string(to_string(f.severity));
  return out;
}

}  // namespace

TEST_CASE("audio way: a setting counts most, then what the router granted, then what STUN saw") {
  AudioWayFacts facts = learned_by_stun(RouterMaps::by_port);
  CHECK(audio_way(facts).by == By::stun);
  CHECK(audio_way(facts).address == kWayOutside);
  CHECK(in_words(audio_way(facts)) == "Audio reaches this box at 203.0.113.101, by ports learned by STUN (pbx:3478).");
  facts.mapped = kWayOutside;
  CHECK(audio_way(facts).by == By::mapped);
  facts.setting = kWayGiven;
  CHECK(audio_way(facts).by == By::setting);
  CHECK(audio_way(facts).address == kWayGiven);
}

TEST_CASE("audio way: each kind of router has its word") {
  CHECK(audio_way(learned_by_stun(RouterMaps::nothing)).by == By::own_address);
  CHECK(audio_way(learned_by_stun(RouterMaps::by_target)).by == By::nowhere);
  CHECK(audio_way(learned_by_stun(RouterMaps::by_target, false)).by == By::nowhere);
  CHECK(audio_way(learned_by_stun(RouterMaps::by_target, true)).by == By::same_port);
}

TEST_CASE("audio way: nothing is said of what is not known") {
  AudioWayFacts facts = edge_at_home();
  CHECK(audio_way(facts).by == By::not_known);
  CHECK(in_words(audio_way(facts)) == "How audio reaches this box is not known yet.");
  facts.stun_error = "no answer";
  CHECK(audio_way(facts).by == By::not_known);
  CHECK(in_words(audio_way(facts)) == "How audio reaches this box is not known: pbx:3478: no answer.");
  facts.stun_server.clear();
  CHECK(in_words(audio_way(facts)) == "How audio reaches this box is not known: no STUN server is set.");
}

TEST_CASE("audio way: without STUN, what a SIP server saw counts, and a server on the same network needs neither") {
  AudioWayFacts facts = edge_at_home();
  facts.stun_error = "no answer";
  facts.seen = {kWayHome, kWayOutside, true};
  CHECK(audio_way(facts).by == By::same_port);
  CHECK(audio_way(facts).address == kWayOutside);
  facts.seen->keeps_numbers = false;
  CHECK(audio_way(facts).by == By::nowhere);
  facts.seen->external = kWayHome;
  CHECK(audio_way(facts).by == By::own_address);
  facts.seen.reset();
  facts.central = *IpAddress::parse("192.168.1.5");
  CHECK(audio_way(facts).by == By::own_address);
}

TEST_CASE("audio findings: an error where nothing can arrive, and none where it does") {
  CHECK(way_codes(By::nowhere) == "audio_unreachable:error");
  CHECK(way_codes(By::not_known) == "audio_way_unknown:warning");
  CHECK(way_codes(By::not_known, {}, "") == "");  // it is being found out
  for (const By by : {By::own_address, By::setting, By::mapped, By::stun, By::same_port})
    CHECK(way_codes(by) == "");
}

TEST_CASE("audio findings: the error names the three ways out") {
  BoxFacts box;
  box.audio = AudioWay{By::nowhere, {}, "pbx:3478", ""};
  const Finding found = network_findings(box)[0];
  for (const char* way : {"UPnP", "forward media.ports", "hosted Dropwire", "symmetric RTP", "nat=yes"})
    CHECK_MESSAGE(found.remedy.find(way) != std::string::npos, way);
}

TEST_CASE("audio findings: what calls heard counts more than what was worked out, and is said once") {
  const AudioHeard deaf{3, 2, true, WallTime{}}, fine{3, 2, false, WallTime{}};
  for (const By by : {By::nowhere, By::not_known, By::stun, By::same_port, By::mapped})
    CHECK(way_codes(by, deaf) == "audio_missing:error");
  CHECK(way_codes(By::nowhere, fine) == "audio_unreachable:info");  // the server answers to where packets come from
  CHECK(way_codes(By::not_known, fine) == "audio_way_unknown:info");
  CHECK(way_codes(By::stun, fine) == "");
  CHECK(way_codes(By::own_address, deaf) == "");  // each phone's own finding
}

TEST_CASE("calls that hear nothing behind a router are the box's trouble, and no phone's") {
  Line r;
  r.says(SignallingEvent::registered);
  r.inventory.set_behind_router(true);
  r.talks(r.call(1'000, 0)).talks(r.call(1'000, 0));
  CHECK(codes_of(r).find("one_way_audio") == std::string::npos);
  CHECK(r.inventory.ended_calls().heard().silent == 2);
  CHECK(r.inventory.ended_calls().heard().last_silent);
  CHECK(r.inventory.ended_calls().heard().silent_at);
  r.talks(r.call(0, 1'000));  // a mute phone is a phone's
  CHECK(codes_of(r).find("one_way_audio") != std::string::npos);
  r.talks(r.call(1'000, 1'000));
  CHECK(r.inventory.ended_calls().heard().calls == 2);
  CHECK_FALSE(r.inventory.ended_calls().heard().last_silent);
  r.inventory.set_behind_router(false);
  r.talks(r.call(1'000, 0));
  CHECK(codes_of(r).find("one_way_audio") != std::string::npos);
}

TEST_CASE(
    "audio findings: a router that moved in a call is named while somebody hears nothing, and for a while after") {
  const WallTime now = WallTime{} + 100h;
  const auto found = [&](const RouterMoved& moved) {
    BoxFacts box;
    box.moved = moved;
    std::string out;
    for (const Finding& f : network_findings(box, now))
      out += std::string(f.code) + ":" + std::string(to_string(f.severity)) + " " + f.seen;
    return out;
  };
  RouterMoved moved{*IpAddress::parse("203.0.113.7"), *IpAddress::parse("203.0.113.8"), now - 20s, 2, {}};
  CHECK(found(moved).starts_with("router_moved:warning At "));
  CHECK(found(moved).ends_with("203.0.113.7 became 203.0.113.8. 2 streams of calls hear nothing since."));
  moved.streams = 0;
  CHECK(found(moved).empty());  // a server that follows
  moved.ended = now - 1min;
  CHECK(found(moved).starts_with("router_moved:info "));
  moved.ended = now - 1h;
  CHECK(found(moved).empty());
}
