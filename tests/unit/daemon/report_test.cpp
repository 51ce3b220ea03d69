#include "sbc/daemon/report.hpp"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "sbc/daemon/words.hpp"

using namespace dw;
using Json = nlohmann::ordered_json;

namespace {

const report::Look kLook{*words::parse_rfc3339("2026-11-22T20:19:21.042Z"), 80};

bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

const Json kPhone = Json::parse(R"({
  "device": "SEP001122334455", "key": "SEP001122334455", "address": "192.168.1.20", "protocol": "sip",
  "model": "7965", "firmware": "SIP45.9-4-2SR3-1S", "uses_http": true,
  "first_seen": "2026-11-22T17:00:00.000Z", "last_seen": "2026-11-22T20:17:11.000Z",
  "story": [
    {"at": "2026-11-22T20:17:10.100Z", "step": "lists", "detail": "asked for CTLSEP001122334455.tlv, which does not exist"},
    {"at": "2026-11-22T20:17:11.000Z", "step": "config", "detail": "took SEP001122334455.cnf.xml by HTTP in 0.1 s; it now names this box as call server and as load server"}
  ],
  "findings": [{"code": "trust_list_present", "severity": "error", "seen": "It asks for signed files.",
                "means": "It holds a trust list.", "do": "Erase it."}]
})");

const Json kCall = Json::parse(R"({
  "device": "SEP001122334455", "protocol": "sccp", "reference": 77, "line": 1, "way": "outgoing", "state": "connected",
  "far_number": "1002", "far_name": "Anna", "since": "2026-11-22T20:16:16.000Z", "duration_s": 185,
  "streams": [{"codec": "PCMU", "direct": false, "phone": "203.0.113.7:16390", "phone_facing": "192.0.2.1:20000",
    "central_facing": "10.0.0.5:20002", "far_end": "", "strangers": 3,
    "from_phone": {"packets": 9240, "lost": 10, "loss_percent": 0.11},
    "from_central": {"packets": 9249, "lost": 0, "loss_percent": 0}}]
})");

}  // namespace

TEST_CASE("a call's ways say what arrived, what this box dropped and what was not delivered; nothing is not 0 %") {
  const auto reported = [](const char* flow) {
    Json call = kCall;
    call["streams"][0]["from_central"] = Json::parse(flow);
    return report::calls({{"calls", {call}}});
  };
  CHECK(contains(reported(R"({"packets": 0, "lost": 0, "loss_percent": null})"), "  nothing arrived\n"));
  CHECK(contains(reported(R"({"packets": 5, "lost": 0, "loss_percent": null, "delivered": 5})"), "  5, lost 0\n"));
  CHECK(contains(reported(R"({"packets": 500, "lost": 0, "loss_percent": 0, "delivered": 0, "undelivered_s": 9})"),
                 "500, lost 0 (0 %), none delivered\n"));
  CHECK(contains(reported(R"({"packets": 500, "lost": 0, "loss_percent": 0, "delivered": 50, "undelivered_s": 9})"),
                 "500, lost 0 (0 %), none delivered for 9.0 s\n"));
  CHECK(contains(
      reported(
          R"({"packets": 500, "lost": 1, "loss_percent": 0.2, "delivered": 490, "dropped": 10, "undelivered_s": 0})"),
      "500, lost 1 (0.2 %), 10 dropped by this box\n"));
}

TEST_CASE("a call that is not heard since the router moved says what to do") {
  Json call = kCall;
  CHECK_FALSE(contains(report::calls({{"calls", {call}}}), "router"));
  call["streams"][0]["router_moved"] = true;
  CHECK(contains(report::calls({{"calls", {call}}}),
                 "nothing comes since the router's address changed: hang up and call again"));
}

TEST_CASE("a phone's story is a timeline, and what to do stands below") {
  const std::string text = report::phone(kPhone, kLook);
  CAPTURE(text);
  CHECK(text.starts_with("SEP001122334455: 7965, SIP, firmware SIP45.9-4-2SR3-1S\n"));
  CHECK(contains(text, "Seen at 192.168.1.20, last 2 min ago, first 3 h ago; it fetches by HTTP\n"));
  CHECK(contains(text, "  lists         asked for CTLSEP001122334455.tlv, which does not exist\n"));
  CHECK(contains(text,
                 "  config        took SEP001122334455.cnf.xml by HTTP in 0.1 s; it now\n"
                 "                          names this box as call server and as load server\n"));
  CHECK(contains(text,
                 "  error (trust_list_present)\n    seen   It asks for signed files.\n"
                 "    means  It holds a trust list.\n    do     Erase it.\n"));
}

TEST_CASE("phones") {
  CHECK(contains(report::phones(Json::parse(R"({"total": 0, "phones": [], "findings": []})"), kLook),
                 "No phone has asked"));
  Json one = kPhone;
  one["findings_count"] = 1;
  one["severity"] = "error";
  one["reason"] = "Old trust list";
  const Json groups = {
      {{"code", "trust_list_present"}, {"severity", "error"}, {"title", "Old trust list"}, {"phones", 38}}};
  const std::string text =
      report::phones({{"total", 7}, {"phones", {one}}, {"findings", Json::array()}, {"groups", groups}}, kLook);
  CAPTURE(text);
  CHECK(contains(text,
                 "SEP001122334455  no          7965   sip       SIP45.9-4-2SR3-1S  192.168.1.20  2 min ago  "
                 "1 (error)  Old trust list\n"));
  CHECK(contains(text, "1 of 7 are shown.\n38 phones: Old trust list (--cause trust_list_present)\n"));
  CHECK(report::phones({{"total", 7}, {"phones", Json::array()}}, kLook) == "No phone of 7 matches.\n");
}

TEST_CASE("status") {
  const Json answer = Json::parse(
      R"({"version": "0.1.0", "mode": "edge", "central": "pbx", "started": "2026-11-22T18:19:20.000Z",
    "ready": true, "draining": false, "phone_addresses": ["192.168.1.5"],
    "services": [{"name": "tftp", "enabled": true, "up": true, "addresses": ["0.0.0.0:69"], "error": ""},
                 {"name": "http", "enabled": true, "up": false, "addresses": [], "error": "taken"},
                 {"name": "sip", "enabled": false, "up": false, "addresses": [], "error": ""}],
    "origins": [{"url": "http://pbx:6970/", "healthy": true, "last_error": "", "last_answer": "2026-11-22T20:19:18.000Z", "next_try": null},
                {"url": "tftp://pbx/", "healthy": false, "last_error": "no answer", "last_answer": null, "next_try": "2026-11-22T20:19:41.042Z"},
                {"url": "tftp://old/", "healthy": false, "last_error": "refused", "last_answer": null, "next_try": "2026-11-22T20:19:21.042Z"}],
    "cache": {"directory": "/var/cache/dropwire", "storing": false, "files": 3, "octets": 1500, "max_octets": 2147483648},
    "config": {"files": ["/etc/dropwire/dropwire.toml"], "loaded": "2026-11-22T18:19:21.042Z"}})");
  const std::string text = report::status(answer, kLook);
  CAPTURE(text);
  CHECK(text.starts_with("Dropwire 0.1.0, edge mode, started 2 h ago: ready\n"));
  CHECK_FALSE(contains(text, "not configured"));
  Json bare = answer;
  bare["configured"] = false;
  CHECK(report::status(bare, kLook)
            .starts_with("Dropwire 0.1.0, edge mode, started 2 h ago: not configured\n\nnot configured: set central"));
  CHECK(contains(text, "TFTP Server 1   192.168.1.5\n"));
  CHECK(contains(text, "3 files, 1.5 KB of 2.1 GB in /var/cache/dropwire (nothing new is kept now)"));
  CHECK(contains(text, "  http  down  taken\n"));
  CHECK(contains(text, "  sip   off\n"));
  CHECK(contains(text, "  http://pbx:6970/  fine  answered 3 s ago\n"));
  CHECK(contains(text, "  tftp://pbx/       down  answered never; no answer; next try in 20 s\n"));
  CHECK(contains(text, "  tftp://old/       down  answered never; refused; next try when a phone asks\n"));
}

TEST_CASE("a phone that is registered says where, and its calls stand before its story") {
  Json registered = kPhone;
  registered["registered"] = true;
  registered["server"] = "pbx:2000";
  registered["protocol_version"] = 17;
  registered["lines"] = {"1001", "1002"};
  std::string text = report::phone(registered, kLook);
  CHECK(contains(text, "\nRegistered with pbx:2000, protocol 17; lines 1001, 1002\n\nWhat it did\n"));
  registered["calls"] = Json::array({kCall});
  text = report::phone(registered, kLook);
  CHECK(contains(text, "\nCalls\nPHONE            LINE  WAY"));
  CHECK(contains(report::phone(kPhone, kLook), "\nNot registered\n"));
  registered["findings_count"] = 0;
  CHECK(contains(report::phones({{"total", 1}, {"phones", {registered}}}, kLook), "SEP001122334455  yes         7965"));
}

TEST_CASE("calls: a table, and the four ends of each stream below") {
  Json two = kCall;
  two["streams"].push_back(two["streams"][0]);
  two["streams"][1]["codec"] = "G722";
  Json bare = {{"device", "SEPAABBCCDDEEFF"}, {"state", "off hook"}, {"duration_s", 3}};
  const std::string text = report::calls({{"total", 3}, {"calls", {two, bare}}});
  CAPTURE(text);
  CHECK(text ==
        "PHONE            LINE  WAY       FAR END      STATE      FOR        CODEC  FROM PHONE              TO "
        "PHONE\n"
        "SEP001122334455  1     outgoing  1002 (Anna)  connected  3 min 5 s  PCMU   9240, lost 10 (0.11 %)  "
        "9249, lost 0 (0 %)\n"
        "    phone 203.0.113.7:16390 <-> 192.0.2.1:20000 | 10.0.0.5:20002 <-> ? far end; 3 packets from "
        "strangers "
        "dropped\n"
        "    phone 203.0.113.7:16390 <-> 192.0.2.1:20000 | 10.0.0.5:20002 <-> ? far end; 3 packets from "
        "strangers "
        "dropped\n"
        "      G722: from phone 9240, lost 10 (0.11 %); to phone 9249, lost 0 (0 %)\n"
        "SEPAABBCCDDEEFF  -     -         -            off hook   3.0 s      -      -                       -\n"
        "2 of 3 are shown.\n");
  Json direct = kCall;
  direct["streams"][0]["direct"] = true;
  CHECK(contains(report::calls({{"calls", {direct}}}), "    directly between the phones; else phone 203"));
}

TEST_CASE("status says whether the kernel carries media, and if not why; of what is switched off it says nothing") {
  const auto with = [](const std::string& fast_path) {
    return report::status(
        Json::parse(
            R"({"call_servers": [{"name": "pbx:2000"}], "media": {"streams": 12, "capacity": 2500, "fast_path": )" +
            fast_path + "}}"),
        kLook);
  };
  CHECK(
      contains(with(R"({"state": "on", "why": "", "streams": 10})"), "\n  fast path: the kernel carries 10 of them\n"));
  CHECK(contains(with(R"({"state": "unavailable", "why": "no loader", "streams": 0})"),
                 "\n  fast path: not used: no loader\n"));
  CHECK_FALSE(contains(with(R"({"state": "off", "why": "media.fast_path is \"off\"", "streams": 0})"), "fast path"));
  CHECK_FALSE(contains(with("7"), "fast path"));
}

TEST_CASE("status lists the call servers and how many media streams are in use") {
  const Json answer = Json::parse(R"({"call_servers": [
      {"name": "pbx:2000", "protocol": "sccp", "transport": "tcp", "state": "up", "phones": 41, "last_answer": "2026-11-22T20:19:18.042Z", "last_error": "", "next_try": null},
      {"name": "backup:2000", "protocol": "sccp", "transport": "tcp", "state": "down", "phones": 0, "last_answer": "2026-11-22T20:17:41.042Z", "since": "2026-11-22T20:18:21.042Z",
       "last_error": "refused", "next_try": "2026-11-22T20:19:23.042Z"},
      {"name": "old:2000", "protocol": "sccp", "transport": "tcp", "state": "down", "phones": 0, "last_answer": null, "since": "2026-11-22T20:19:11.042Z", "last_error": "no route", "next_try": null},
      {"name": "spare:2000", "protocol": "sccp", "transport": "tcp", "state": "untried", "phones": 0, "last_answer": null, "since": null, "last_error": "", "next_try": null},
      {"name": "pbx:5060", "protocol": "sip", "transport": "udp", "state": "silent", "phones": 0, "last_answer": null, "since": "2026-11-22T20:18:51.042Z", "last_error": "", "next_try": null}],
    "media": {"streams": 12, "capacity": 2500}})");
  const std::string text = report::status(answer, kLook);
  CAPTURE(text);
  CHECK(contains(text,
                 "\nCall servers\n  pbx:2000     sccp     fine           41 phones, answered 3 s ago\n"
                 "  backup:2000  sccp     down           refused; no answer for 1 min 40 s; next try in 2 s\n"
                 "  old:2000     sccp     down           no route; down for 10.0 s\n"
                 "  spare:2000   sccp     not tried yet  0 phones\n"
                 "  pbx:5060     sip/udp  silent         has never answered; asked first 30 s ago\n"
                 "  media: 12 of 2500 streams in use\n"));
  CHECK_FALSE(contains(report::status(Json::object(), kLook), "Call servers"));
}

TEST_CASE("calls that are over: what is not known is no figure") {
  const Json answer = Json::parse(R"({"total": 3, "calls": [
      {"event": "call_down", "device": "SEP001122334455", "line": 1, "own_number": "", "way": "outgoing", "far_number": "1002", "far_name": "Anna",
       "end": "2026-11-22T20:19:21.000Z", "talk_s": 185.0, "codec": "PCMU", "packets_from_phone": 9240, "lost_from_phone": 10,
       "packets_from_central": 0, "lost_from_central": null, "audio": "from_phone_only", "direct": false, "ended_by": "phone", "reason": null},
      {"device": "", "address": "203.0.113.7", "line": null, "own_number": "1001", "way": "incoming", "far_number": "1003", "far_name": "",
       "end": "2026-11-22T20:19:21.000Z", "talk_s": null, "codec": null, "packets_from_phone": null, "direct": true,
       "ended_by": "dropwire", "reason": "no audio"}]})");
  const std::string text = report::finished_calls(answer);
  CAPTURE(text);
  CHECK(contains(
      text,
      "SEP001122334455  1     outgoing  1002 (Anna)  3 min 5 s  PCMU   9240, lost 10  0         from_phone_only  phone\n"));
  CHECK(contains(
      text,
      "203.0.113.7      1001  incoming  1003         -          -      -              -         direct           dropwire: no audio\n"));
  CHECK(contains(text, "2 of 3 are shown, the latest first.\n"));
  CHECK(report::finished_calls(Json::object()) == "No calls are kept of that time.\n");
}

TEST_CASE("status lists banned sources: how many, and the latest few") {
  Json answer;
  for (int i = 1; i <= 7; ++i)
    answer["bans"].push_back({{"source", "203.0.113." + std::to_string(i)},
                              {"reason", "scans\u001b[1m"},
                              {"offences", i},
                              {"until", "2026-11-22T20:24:21.042Z"}});
  answer["bans_total"] = 900;
  answer["bans"][1]["until"] = "2026-11-22T20:19:20.042Z";
  const std::string text = report::status(answer, kLook);
  CAPTURE(text);
  CHECK(contains(text,
                 "\nShut out: 900 addresses\n"
                 "  203.0.113.1  1 offence   ends in 5 min  scans [1m\n"
                 "  203.0.113.2  2 offences  is over        scans [1m\n"));
  CHECK(contains(text, "  203.0.113.5  5 offences  ends in 5 min  scans [1m\n  and 895 more\n"));
  CHECK_FALSE(contains(text, "203.0.113.6"));
  answer["bans"].erase(answer["bans"].begin() + 1, answer["bans"].end());
  answer["bans_total"] = 1;
  CHECK(contains(report::status(answer, kLook), "\nShut out: 1 address\n"));
  CHECK_FALSE(contains(report::status(answer, kLook), "more"));
  CHECK_FALSE(contains(report::status(Json::object(), kLook), "Shut out"));
}

TEST_CASE("SIP phones: how they registered, what another maker's calls itself, and their calls") {
  Json phone = kPhone;
  phone["registered"] = true;
  phone["server"] = "pbx:5060";
  phone["transport"] = "udp";
  phone["protocol_version"] = nullptr;
  phone["lines"] = {"1001", "1002"};
  phone["user_agent"] = "Cisco-CP7965G/9.4.2";
  CHECK(contains(report::phone(phone, kLook), "\nRegistered with pbx:5060 by UDP; lines 1001, 1002\n"));
  CHECK(contains(report::phones({{"total", 1}, {"phones", {phone}}}, kLook), "  7965   sip/udp   SIP45"));
  phone["model"] = "";
  phone["firmware"] = "";
  phone["user_agent"] = "Example Phone/1.0";
  CHECK(report::phone(phone, kLook).starts_with("SEP001122334455: Example Phone/1.0, SIP\n"));
  phone["registered"] = false;
  CHECK(contains(report::phone(phone, kLook), "\nNot registered; lines 1001, 1002\n"));

  Json call = kCall;
  call["protocol"] = "sip";
  call["reference"] = call["line"] = nullptr;
  call["own_number"] = "1001";
  call["address"] = "192.168.1.20";
  CHECK(contains(report::calls({{"calls", {call}}}), "\nSEP001122334455  1001  outgoing  1002 (Anna)"));
  call["device"] = "";
  CHECK(contains(report::calls({{"calls", {call}}}), "\n192.168.1.20  1001  outgoing  1002 (Anna)"));
}

TEST_CASE("calls and log") {
  CHECK(report::calls(Json::parse(R"({"calls": []})")) == "No calls are up.\n");
  CHECK(contains(report::log(Json::parse(R"({"lines": [{"number": 1, "at": "2026-11-22T20:19:21.042Z", "level": "info",
                                            "text": "event=x peer=\u001b[1m"}], "next": 1})")),
                 "info    event=x peer= [1m\n"));
  CHECK(report::log(Json::object()) == "Nothing was logged yet.\n");
}

TEST_CASE("any JSON is taken, whatever it is") {
  const std::vector<Json> odd = {Json(),
                                 Json(7),
                                 Json("x"),
                                 Json::array({1, "a", nullptr}),
                                 Json::parse(R"({"phones": 3,
      "services": "x", "origins": [1], "story": {"a": 1}, "findings": [null, 5, {"severity": 1}], "cache": [],
      "calls": 5, "call_servers": [3, {"up": 1}], "media": 7, "bans": [4, {"until": 1}], "bans_total": "x", "transport": [], "registered": 1, "lines": [[]], "phone_addresses": [3], "total": -1})"),
                                 Json::parse(R"({"calls": [1, null, {"streams": 7, "line": -3, "duration_s": 1e300},
      {"streams": [1, [], {"from_phone": 3, "codec": 5}], "duration_s": 18446744073709551615}]})")};
  for (const Json& json : odd) {
    for (const std::string& text :
         {report::status(json, kLook), report::phones(json, kLook), report::phone(json, kLook), report::calls(json),
          report::log(json), report::findings(json, kLook, "none")}) {
      CHECK_FALSE(text.empty());
    }
    (void)report::any_wrong(json);
  }
}

TEST_CASE("information alone is not wrong") {
  CHECK_FALSE(report::any_wrong(Json::parse(R"([{"severity": "info"}])")));
  CHECK(report::any_wrong(Json::parse(R"([{"severity": "info"}, {"severity": "warning"}])")));
  CHECK_FALSE(report::any_wrong(Json::array()));
}

TEST_CASE("a phone that lacks only what the box lacks is not well, and nobody is sent to look at the phone") {
  const Json list = Json::parse(
      R"([{"code": "no_call_server", "severity": "info", "seen": "not registered: the telephone server does not answer; refused",
    "means": "m", "do": "d", "cause": "sip_server_down"}])");
  CHECK(report::any_wrong(list));
  const std::string text = report::doctor(list, Json::object(), kLook);
  CHECK(text.starts_with("Not registered: the telephone server does not answer. Worth knowing: 1 thing."));
  CHECK_FALSE(contains(text, "looks well"));
  CHECK(contains(text, "info (no_call_server, from the box's sip_server_down)"));
  Json phone = kPhone;
  phone["severity"] = "info";
  phone["findings_count"] = 1;
  phone["cause"] = "sip_server_down";
  CHECK(contains(report::phones({{"total", 1}, {"phones", {phone}}}, kLook), "1 (from the box's sip_server_down)"));
  phone["severity"] = "warning";  // it has a fault of its own too
  CHECK(contains(report::phones({{"total", 1}, {"phones", {phone}}}, kLook), "1 (warning)"));
}
