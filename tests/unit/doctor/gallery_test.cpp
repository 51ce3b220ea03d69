// Every kind of finding, produced by what makes it; nothing can be found that is not in the table (a Code
// that is not there does not compile), and nothing is in the table that can't be found (here).
#include <doctest/doctest.h>

#include <functional>
#include <map>

#include "sbc/doctor/box.hpp"
#include "sbc/doctor/catalogue.hpp"
#include "sbc/doctor/network_findings.hpp"
#include "tests/unit/doctor/box_facts.hpp"
#include "tests/unit/doctor/found.hpp"

using namespace dw;
using namespace dw::test;

namespace {

using Found = std::vector<Finding>;
using Gallery = std::map<std::string_view, std::function<Found()>>;

Found of_box(const std::function<void(BoxFacts&)>& break_it) {
  BoxFacts box = healthy_box();
  break_it(box);
  return box_findings(box, kNow);
}
Found of_own(const std::function<void(OwnFacts&)>& break_it) {
  return of_box([&](BoxFacts& box) { break_it(*box.own); });
}
Found of_port(PortUse::State state) {
  return of_box([&](BoxFacts& box) {
    box.ports = {{"access.tftp.port", {ip("0.0.0.0"), 69}, true, state, "dnsmasq (process 812)", "odd"}};
  });
}
Found of_directory(DirectoryUse::State state, std::uint64_t room = 1'000'000'000) {
  return of_box([&](BoxFacts& box) { box.directories = {{"cache.dir", "/c", state, room}}; });
}
Found of_network(const std::function<void(NetworkFacts&)>& measure) {
  return of_box([&](BoxFacts& box) { measure(box.network); });
}
Found of_audio(AudioWay::By by, const AudioHeard& heard = {}) {
  return of_box([&](BoxFacts& box) {
    box.audio = AudioWay{by, {}, "pbx:3478", "no answer"};
    box.heard = heard;
  });
}
Found of_path(NatPath path) {
  return of_network([&](NetworkFacts& n) { n.path = path; });
}
Reach reach(PortState state, std::chrono::milliseconds round_trip = 12ms) {
  Reach r{"sccp", Transport::tcp, "pbx:2000", {ip("203.0.113.20"), 2000}, state, {}, ""};
  if (state == PortState::open) r.round_trip = round_trip;
  return r;
}
Found of_reach(const std::vector<Reach>& all) {
  return of_network([&](NetworkFacts& n) { n.reach = all; });
}
AlgProbe altered(const std::string& field) {
  return {Transport::udp, true, "", {{field, "192.168.1.10:5060", "203.0.113.101:5060"}}, {}};
}

Gallery box_gallery() {
  using Daemon = BoxFacts::Daemon;
  using Use = PortUse::State;
  using Dir = DirectoryUse::State;
  return {
      {"not_running", [] { return box_findings(box_without_daemon(), kNow); }},
      {"not_allowed", [] { return of_box([](auto& b) { b.daemon = Daemon::forbidden; }); }},
      {"settings_wrong", [] { return of_box([](auto& b) {
                                b.settings = {{true, "f.toml:3", "bad", ""}};
                              }); }},
      {"settings_doubtful",
       [] {
         BoxFacts box = box_without_daemon();
         box.settings = {{false, "", "doubtful", ""}};
         return box_findings(box, kNow);
       }},
      {"port_taken", [] { return of_port(Use::taken); }},
      {"port_not_tried", [] { return of_port(Use::not_allowed); }},
      {"address_absent", [] { return of_port(Use::no_such_address); }},
      {"port_failed", [] { return of_port(Use::failed); }},
      {"listener_down", [] { return of_own([](auto& o) { o.services[0].addresses.clear(); }); }},
      {"no_address", [] { return of_own([](auto& o) { o.phone_addresses.clear(); }); }},
      {"not_configured", [] { return of_own([](auto& o) { o.configured = false; }); }},
      {"no_origins", [] { return of_own([](auto& o) { o.origins.clear(); }); }},
      {"origin_down", [] { return of_own([](auto& o) { o.origins[0].healthy = false; }); }},
      {"origin_never_answered",
       [] { return of_own([](auto& o) { o.origins[0].healthy = o.origins[0].has_answered = false; }); }},
      {"origin_is_this_box", [] { return of_box([](auto& b) { b.origins_here = {"tftp://192.168.1.5/"}; }); }},
      {"cache_off", [] { return of_own([](auto& o) { o.cache.storing = false; }); }},
      {"no_call_servers", [] { return of_own([](auto& o) { o.sccp_servers = 0; }); }},
      {"call_server_down", [] { return of_own([](auto& o) { o.call_servers[0].up = false; }); }},
      {"sip_off", [] { return of_own([](auto& o) { o.services[1].enabled = false, o.sip_phones = true; }); }},
      {"no_sip_servers", [] { return of_own([](auto& o) { o.sip_servers = 0; }); }},
      {"sip_server_down", [] { return of_own([](auto& o) { o.call_servers[2].up = false; }); }},
      {"media_too_slow", [] { return of_own([](auto& o) { o.media.lately = 10'000, o.media.dropped = 800; }); }},
      {"media_ports_used_up", [] { return of_own([](auto& o) {
                                     o.media = {9, 10};
                                   }); }},
      {"directory_missing", [] { return of_directory(Dir::missing); }},
      {"directory_wrong", [] { return of_directory(Dir::not_a_directory); }},
      {"directory_not_writable", [] { return of_directory(Dir::not_writable); }},
      {"disk_nearly_full", [] { return of_directory(Dir::usable, 1000); }},
      {"clock_wrong", [] { return box_findings(healthy_box(), WallTime{}); }},
      {"clock_not_synchronised", [] { return of_box([](auto& b) { b.clock_synchronised = false; }); }},
      {"access_refused",
       [] { return of_box([](auto& b) {
              b.refused = {{IpAddress::v4(0xc0a80707), "tftp", "", 1, test::kNow}};
            }); }},
      {"configs_open", [] { return of_box([](auto& b) { b.configs_open = true; }); }},
      {"enumeration",
       [] {
         return of_box([](auto& b) {
           b.enumerators = {{IpAddress::v4(0xcb007109), "http", "SEP001122334455.cnf.xml", 837, test::kNow}};
         });
       }},
      {"nat_kind", [] { return of_path(NatPath::nat); }},
      {"carrier_nat", [] { return of_path(NatPath::carrier); }},
      {"double_nat", [] { return of_path(NatPath::double_nat); }},
      {"udp_blocked", [] { return of_network([](auto& n) { n.udp_blocked = true; }); }},
      {"mapping_short", [] { return of_network([](auto& n) { n.mapping_dead_at = 20s; }); }},
      {"port_forward_needed",
       [] {
         return of_box([](BoxFacts& box) {
           box.mapping.emplace().active = true;
           box.mapping->wanted = 2;
         });
       }},
      {"sip_port_open",
       [] {
         return of_box([](BoxFacts& box) {
           box.mapping.emplace().active = true;
           box.mapping->wanted = 1;
           box.mapping->protocol = nat::portmap::Protocol::pcp;
           box.mapping->granted.resize(1);
           box.mapping->filter = {
               nat::portmap::FilterFacts::State::open, 3, "the router can't limit who reaches a port", {}, false};
         });
       }},
      {"audio_unreachable", [] { return of_audio(AudioWay::By::nowhere); }},
      {"audio_way_unknown", [] { return of_audio(AudioWay::By::not_known); }},
      {"audio_missing",
       [] {
         return of_audio(AudioWay::By::stun, {1, 2, true, kNow});
       }},
      {"router_moved",
       [] {
         return of_box([](BoxFacts& box) {
           box.moved = {IpAddress::v4(0xcb007107), IpAddress::v4(0xcb007108), test::kNow, 1, {}};
         });
       }},
      {"hairpin_missing", [] { return of_network([](auto& n) { n.path = NatPath::nat, n.hairpin = false; }); }},
      {"tftp_alg_on_path", [] { return of_network([](auto& n) { n.tftp_alg = true; }); }},
      {"sip_alg_on_path", [] { return of_network([](auto& n) { n.sip_alg = {altered("Via sent-by")}; }); }},
      {"http_changed_on_path", [] { return of_network([](auto& n) { n.http_proxy = altered("X-Via"); }); }},
      {"central_unreachable",
       [] {
         return of_reach({reach(PortState::no_answer), reach(PortState::failed)});
       }},
      {"port_blocked",
       [] {
         return of_reach({reach(PortState::open), reach(PortState::no_answer)});
       }},
      {"port_refused", [] { return of_reach({reach(PortState::refused)}); }},
      {"central_far", [] { return of_reach({reach(PortState::open, 400ms)}); }},
      {"dns_fails", [] { return of_network([](auto& n) {
                           n.dns = {{"pbx", {}, {}, "no such name"}};
                         }); }},
      {"dns_slow", [] { return of_network([](auto& n) {
                          n.dns = {{"pbx", {ip("203.0.113.20")}, 3s, ""}};
                        }); }},
  };
}

Found boot(const std::vector<std::string>& names, std::chrono::milliseconds then = 90s) {
  Replay r;
  return found_in(r.boot(names).wait(then));
}
Found after_lists(const std::string& name, FileOutcome outcome, std::uint64_t last_block = 0, std::uint16_t code = 0) {
  Replay r;
  r.boot(kLists);
  FileStep s = r.step(name, outcome);
  s.last_block = last_block;
  s.error_code = code;
  return found_in(r.tell(s));
}
Found noted(Note note) {
  Replay r;
  r.boot(kBootB);
  r.inventory.on_note(DeviceName::parse(kDevice).value(), ip(r.address), r.now, note, "why");
  return found_in(r);
}
Found reported(SignallingEvent event, const std::string& detail = {}) {
  return found_in(Line().says(event, detail));
}
Found sip_step(SignallingEvent event, std::uint16_t status = 0) {
  SipReplay r = healthy_sip();
  r.says(event, "1001", "words", status).says(event, "1001", "words", status);
  return found_in(r);
}
Found call(std::uint64_t from_phone, std::uint64_t from_central) {
  Line r = registered_line();
  return found_in(r.talks(r.call(from_phone, from_central)));
}

Gallery files_gallery() {
  using Is = FileOutcome;
  return {
      {"answers_not_arriving",
       [] {
         return boot({"CTLSEP<MAC>.tlv!", "CTLSEP<MAC>.tlv!", "CTLSEP<MAC>.tlv!"});
       }},
      {"data_not_acknowledged", [] { return after_lists("SEP<MAC>.cnf.xml", Is::no_ack); }},
      {"stalls_at_same_block",
       [] {
         Replay r;
         for (int i = 0; i < 2; ++i) {
           FileStep s = r.step(kParts45[2], Is::stalled);
           s.last_block = 700;
           r.tell(s);
         }
         return found_in(r, "192.0.2.7");
       }},
      {"transfer_breaks", [] { return after_lists("SEP<MAC>.cnf.xml", Is::stalled, 7); }},
      {"phone_refused_file", [] { return after_lists(kParts45[0], Is::aborted, 7, 3); }},
      {"trust_list_present",
       [] {
         return boot({"CTLSEP<MAC>.tlv!", "SEP<MAC>.cnf.xml.sgn!"});
       }},
      {"trust_list_encrypted",
       [] {
         return boot({"CTLSEP<MAC>.tlv!", "SEP<MAC>.cnf.xml.enc.sgn!"});
       }},
      {"boot_loop",
       [] {
         Replay r;
         for (int i = 0; i < 5; ++i)
           r.boot(kBootB).wait(40s);
         return found_in(r);
       }},
      {"config_rejected",
       [] {
         Replay r;
         r.boot(kLists).got("SEP<MAC>.cnf.xml");
         r.inventory.on_config(DeviceName::parse(kDevice).value(), ip(r.address), r.now,
                               {"", Protocol::sip, {"dialplan.xml"}});
         return found_in(r.wait(90s));
       }},
      {"unknown_device",
       [] {
         return boot({"CTLSEP<MAC>.tlv!", "SEP<MAC>.cnf.xml!"});
       }},
      {"default_config_used",
       [] {
         return boot({"CTLSEP<MAC>.tlv!", "SEP<MAC>.cnf.xml!", "XMLDefault.cnf.xml"});
       }},
      {"load_for_other_model",
       [] {
         return boot({"SEP<MAC>.cnf.xml", "German_Germany/be-sccp.jar", "SCCP42.9-4-2S.loads"});
       }},
      {"load_missing",
       [] {
         return boot({"SEP<MAC>.cnf.xml", "SCCP45.9-4-2SR4-3S.loads!"});
       }},
      {"load_not_taken",
       [] {
         Line r;
         r.boot({"SEP<MAC>.cnf.xml", "SCCP45.9-4-2SR4-3S.loads"});
         SignallingStep s = r.signal(SignallingEvent::registered);
         s.firmware = "SCCP45.8-5-4S";
         r.inventory.on_signalling(s);
         return found_in(r.wait(90s));
       }},
      {"firmware_part_missing",
       [] {
         return boot({"SEP<MAC>.cnf.xml", "SCCP45.9-4-2SR4-3S.loads", kParts45[0] + "!"});
       }},
      {"recovery_loop",
       [] {
         return boot({"term65.default.loads!", "SEP<MAC>.cnf.xml!"});
       }},
      {"http_not_used",
       [] {
         Line r;
         r.boot(kBootB);
         SignallingStep s = r.signal(SignallingEvent::registered);
         s.firmware = "SCCP45.9-4-2SR4-3S";
         r.inventory.on_signalling(s);
         return found_in(r);
       }},
      {"locale_missing",
       [] {
         return boot({"SEP<MAC>.cnf.xml", "German_Germany/be-sccp.jar!"});
       }},
      {"locale_unnamed",
       [] {
         return boot({"SEP<MAC>.cnf.xml", "be-sccp.jar!"});
       }},
      {"ringtones_missing",
       [] {
         return boot({"SEP<MAC>.cnf.xml", "Ringlist.xml!"});
       }},
      {"sip_text_config_missing",
       [] {
         return boot({"SIPDefault.cnf", "SIP<MAC>.cnf!"});
       }},
      {"old_loader",
       [] {
         return boot({"SEP<MAC>.cnf.xml!", "OS79XX.TXT!"});
       }},
      {"two_addresses",
       [] {
         Replay r;
         for (int i = 0; i < 4; ++i) {
           r.address = i % 2 == 0 ? "192.0.2.7" : "192.0.2.8";
           r.boot(kBootB).wait(40s);
         }
         return found_in(r);
       }},
      {"signed_config_passed", [] { return noted(Note::signed_passed); }},
      {"sip_server_left", [] { return noted(Note::sip_server_left); }},
      {"sip_port_differs", [] { return noted(Note::sip_port_differs); }},
      {"config_malformed", [] { return noted(Note::malformed_passed); }},
      {"firmware_every_boot",
       [] {
         std::vector<std::string> upgrade = {"SEP<MAC>.cnf.xml", "SCCP45.9-4-2SR4-3S.loads"};
         upgrade.insert(upgrade.end(), kParts45.begin(), kParts45.end());
         Replay r;
         return found_in(r.boot(upgrade).wait(90s).boot(upgrade));
       }},
      {"origin_unavailable", [] { return after_lists("SEP<MAC>.cnf.xml", Is::unavailable); }},
      {"request_refused", [] { return after_lists("SEP<MAC>.cnf.xml", Is::refused); }},
      {"origin_refuses", [] { return after_lists("SEP<MAC>.cnf.xml", Is::forbidden); }},
      {"many_boot_at_once",
       [] {
         Replay r;
         for (int i = 10; i < 30; ++i) {
           r.mac = "0011223344" + std::to_string(i);
           r.got("SEP<MAC>.cnf.xml");
         }
         return of_site(r, r.now);
       }},
  };
}

Gallery signalling_gallery() {
  return {
      {"registered_without_files", [] { return reported(SignallingEvent::registered); }},
      {"registration_refused", [] { return reported(SignallingEvent::refused, "unknown"); }},
      {"server_refuses_shared_address", [] { return reported(SignallingEvent::refused, "Cross device"); }},
      {"not_admitted",
       [] { return found_in(Replay().boot(kLists).file("SEP<MAC>.cnf.xml", FileOutcome::not_admitted)); }},
      {"no_call_server", [] { return reported(SignallingEvent::no_server); }},
      {"call_server_closes",
       [] { return found_in(Line().says(SignallingEvent::server_lost).says(SignallingEvent::server_lost)); }},
      {"registration_lost",
       [] {
         Line r = registered_line();
         r.says(SignallingEvent::phone_lost).wait(10min);
         return found_in(r);
       }},
      {"registration_flapping",
       [] {
         Line r;
         for (int i = 0; i < 5; ++i)
           r.says(SignallingEvent::registered).says(SignallingEvent::phone_lost);
         return found_in(r);
       }},
      {"keepalive_missed", [] { return found_in(registered_line().says(SignallingEvent::keepalive_missed)); }},
      {"phone_reports_load", [] { return reported(SignallingEvent::alarm, "4: Name=SEP001122334455 Last=x"); }},
      {"phone_reports_tftp", [] { return reported(SignallingEvent::alarm, "7: Name=SEP001122334455 Last=x"); }},
      {"phone_reports_signature", [] { return reported(SignallingEvent::alarm, "31: Name=SEP001122334455 Last=x"); }},
      {"phone_reports_connection", [] { return reported(SignallingEvent::alarm, "17: Name=SEP001122334455 Last=x"); }},
      {"one_way_audio", [] { return call(0, 9000); }},
      {"no_audio", [] { return call(0, 0); }},
      {"audio_not_delivered",
       [] {
         Line r = registered_line();
         Call c = r.call(0, 900, {});
         c.streams[0].media.from_central.undelivered = std::chrono::seconds(18);
         return found_in(r.talks(c));
       }},
      {"bad_audio",
       [] {
         Line r = registered_line();
         Call c = r.call(9000, 9000);
         c.streams[0].media.from_phone.lost = 900;
         return found_in(r.talks(c));
       }},
      {"sip_answers_unheard", [] { return sip_step(SignallingEvent::unheard); }},
      {"sip_unreachable", [] { return sip_step(SignallingEvent::unreachable); }},
      {"sip_wrong_password", [] { return sip_step(SignallingEvent::bad_password); }},
      {"sip_unknown_account", [] { return sip_step(SignallingEvent::refused, 404); }},
      {"sip_alg", [] { return sip_step(SignallingEvent::altered); }},
      {"call_limit", [] { return sip_step(SignallingEvent::call_refused); }},
      {"sip_clock_unset", [] { return sip_step(SignallingEvent::no_date); }},
  };
}

void show_each(const Gallery& gallery) {
  for (const auto& [code, produce] : gallery) {
    CAPTURE(code);
    const auto kind = std::ranges::find(finding_kinds(), code, &FindingKind::code);
    REQUIRE(kind != finding_kinds().end());
    const Found all = produce();
    const auto found = std::ranges::find(all, code, &Finding::code);
    REQUIRE(found != all.end());
    CHECK(found->severity <= kind->worst);
    for (const std::string& text : {found->seen, found->means, found->remedy}) {
      CHECK_FALSE(text.empty());
      for (const char* hole : {"<erase>", "<reset>", "<network>", "<restart>", "<status>"})
        CHECK(text.find(hole) == text.npos);
    }
  }
}

}  // namespace

TEST_CASE("every kind of finding can be found") {
  Gallery all = box_gallery();
  all.merge(files_gallery());
  all.merge(signalling_gallery());
  for (const FindingKind& kind : finding_kinds())
    CHECK_MESSAGE(all.contains(kind.code), "nothing produces ", kind.code);
  CHECK(all.size() == finding_kinds().size());
}

TEST_CASE("of the box and its network") {
  show_each(box_gallery());
}

TEST_CASE("of files") {
  show_each(files_gallery());
}

TEST_CASE("of registrations and calls") {
  show_each(signalling_gallery());
}

TEST_CASE("the reference has each, with its words, in every form") {
  for (const std::string& text : {catalogue_text(), catalogue_markdown(), catalogue_json(), catalogue_man()}) {
    for (const FindingKind& kind : finding_kinds())
      CHECK_MESSAGE(text.find(kind.code) != text.npos, kind.code);
    CHECK(text.find("<erase>") == text.npos);
    CHECK(text.find("<restart>") == text.npos);
  }
  const std::string man = catalogue_man();
  // A letter that ASCII lacks is a warning where no locale is set.
  CHECK(std::ranges::all_of(man, [](unsigned char c) { return c < 0x7f; }));
  CHECK(man.find("\\[u") == man.npos);
  CHECK(man.starts_with(".TH DROPWIRE-FINDINGS 7"));
  CHECK(man.find("\n.SH \"One phone\"\n") != std::string::npos);
  // The keys of a family that differs are there.
  CHECK(catalogue_markdown().find("7940/7960: hold \\* and 6 and press Settings") != std::string::npos);
}
