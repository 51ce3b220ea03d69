#include "tests/loop/admin/api_box.hpp"

using namespace dw;
using namespace dw::admin;
using namespace dw::test;

TEST_CASE("admin api: phones, one phone, and an unknown one") {
  Box box;
  CHECK(box.get("/api/phones")["phones"].empty());
  CHECK(box.ask("GET", "/api/phones/" + kDevice)->status() == 404);
  box.inventory.on_file(step("CTL" + kDevice + ".tlv", phones::FileOutcome::not_found));
  box.inventory.on_file(step(kDevice + ".cnf.xml", phones::FileOutcome::sent));
  const json list = box.get("/api/phones");
  CHECK(list["total"] == 1);
  CHECK(list["phones"][0]["device"] == kDevice);
  CHECK(list["phones"][0]["mac"] == "00:11:22:33:44:55");
  CHECK(list["phones"][0]["address"] == "192.0.2.7");
  CHECK(list["phones"][0].contains("findings_count"));
  CHECK_FALSE(list["phones"][0].contains("story"));
  for (const std::string& key : std::vector<std::string>{kDevice, "00:11:22:33:44:55", "00%3a11%3a22%3a33%3a44%3a55"}) {
    CAPTURE(key);
    const json one = box.get("/api/phones/" + key);
    CHECK(one["device"] == kDevice);
    CHECK(one["registered"] == false);
    CHECK(one["story"].size() >= 2);
    for (const auto& entry : one["story"]) {
      CHECK(entry["at"].get<std::string>().ends_with("Z"));
      CHECK(entry.contains("step"));
      CHECK(entry.contains("detail"));
    }
    CHECK(one["findings"].is_array());
  }
  CHECK(box.ask("GET", "/api/phones/%zz")->status() == 400);
}

TEST_CASE("admin api: a phone that is registered, and its calls") {
  Box box;
  phones::SignallingStep s = registered(kDevice);
  box.inventory.on_signalling(s);
  s.event = phones::SignallingEvent::lines;
  s.lines = {"1001"};
  box.inventory.on_signalling(s);
  box.calls = {call(kDevice), call("SEPAABBCCDDEEFF")};
  json one = box.get("/api/phones/" + kDevice);
  CHECK(one["registered"] == true);
  CHECK(one["server"] == "pbx.example.net:2000");
  CHECK(one["protocol_version"] == 17);
  CHECK(one["lines"] == json{"1001"});
  CHECK(one["story"][0]["step"] == "registration");
  REQUIRE(one["calls"].size() == 1);
  CHECK(one["calls"][0]["device"] == kDevice);
  s.event = phones::SignallingEvent::phone_lost;
  box.inventory.on_signalling(s);
  one = box.get("/api/phones/" + kDevice);
  CHECK(one["registered"] == false);
  CHECK(one["server"] == "");
  CHECK(one["protocol_version"].is_null());
}

TEST_CASE("admin api: calls with the four addresses of each stream and its figures") {
  Box box;
  box.calls = {call(kDevice)};
  const json got = box.get("/api/calls");
  CHECK(got["total"] == 1);
  const json& one = got["calls"][0];
  CHECK(one["protocol"] == "sccp");
  CHECK(one["reference"] == 77);
  CHECK(one["line"] == 1);
  CHECK(one["way"] == "outgoing");
  CHECK(one["state"] == "connected");
  CHECK(one["far_number"] == "10\xef\xbf\xbd");
  CHECK(one["far_name"] == "Anna");
  CHECK(one["since"].get<std::string>().ends_with("Z"));
  CHECK(one["duration_s"] == 185);
  const json& stream = one["streams"][0];
  CHECK(stream["codec"] == "PCMU");
  CHECK(stream["direct"] == false);
  CHECK(stream["phone"] == "203.0.113.7:16390");
  CHECK(stream["phone_facing"] == "192.0.2.1:20000");
  CHECK(stream["central_facing"] == "10.0.0.5:20002");
  CHECK(stream["far_end"] == "");
  CHECK(stream["strangers"] == 3);
  CHECK(stream["from_phone"]["packets"] == 9240);
  CHECK(stream["from_phone"]["lost"] == 10);
  CHECK(stream["from_phone"]["loss_percent"] == doctest::Approx(0.11));
  CHECK(stream["from_phone"]["jitter_ms"] == doctest::Approx(1.3));
  CHECK(stream["from_phone"]["last_packet"].get<std::string>().ends_with("Z"));
  CHECK(stream["from_central"]["last_packet"].is_null());
  CHECK(stream["from_phone"]["audio"] == 9240);
  CHECK(stream["from_phone"]["delivered"] == 9238);
  CHECK(stream["from_phone"]["dropped"] == 2);
  CHECK(stream["from_phone"]["undelivered_s"] == 0);
  CHECK(stream["from_central"]["packets"] == 0);
  CHECK(stream["from_central"]["loss_percent"].is_null());  // without packets nothing is known of loss
  CHECK(stream["from_central"]["jitter_ms"].is_null());
  CHECK(stream["from_phone"]["quality"]["state"] == "ok");
  CHECK(stream["from_phone"]["quality"]["words"] == "sounds good");
  CHECK(stream["from_phone"]["quality"]["mos"] == doctest::Approx(4.4));
  CHECK(stream["from_central"]["quality"]["state"] == "not_known");
  CHECK(stream["from_central"]["quality"]["mos"].is_null());
  box.calls.assign(20, call(kDevice));
  CHECK(box.get("/api/calls?limit=7")["calls"].size() == 7);
  CHECK(box.get("/api/calls?limit=7")["total"] == 20);
}

TEST_CASE("admin api: SIP phones with their lines, with and without a name, and their calls") {
  Box box;
  phones::SignallingStep s = registered(kDevice);
  s.protocol = phones::Protocol::sip;
  s.server = "pbx.example.net:5060";
  s.version = 0;
  s.transport = "tcp";
  s.user_agent = "Cisco-CP7975G/9.3.1";
  s.aor = "1001";
  box.inventory.on_signalling(s);
  s.aor = "1002";
  box.inventory.on_signalling(s);
  json one = box.get("/api/phones/" + kDevice);
  CHECK(one["protocol"] == "sip");
  CHECK(one["transport"] == "tcp");
  CHECK(one["user_agent"] == "Cisco-CP7975G/9.3.1");
  CHECK(one["model"] == "7975");
  CHECK(one["protocol_version"].is_null());
  CHECK(one["lines"] == json{"1001", "1002"});
  CHECK(box.get("/api/phones")["phones"][0]["transport"] == "tcp");
  s.device.clear();
  s.peer = Endpoint::parse("192.0.2.8:5060").value();
  s.user_agent = "Example Phone/1.0";
  s.aor = "2001";
  box.inventory.on_signalling(s);

  phones::Call named = call(kDevice);
  named.protocol = phones::Protocol::sip;
  named.peer = Endpoint::parse("192.0.2.7:49152").value();
  named.reference = named.line = 0;
  named.call_id = "1f7c@192.0.2.7";
  named.own_number = "1002";
  phones::Call nameless = named;
  nameless.device.clear();
  nameless.peer = s.peer;
  nameless.own_number = "2001";
  box.calls = {named, nameless, call("SEPAABBCCDDEEFF")};
  one = box.get("/api/phones/" + kDevice);
  REQUIRE(one["calls"].size() == 1);
  CHECK(one["calls"][0]["own_number"] == "1002");
  CHECK(one["calls"][0]["call_id"] == "1f7c@192.0.2.7");
  CHECK(one["calls"][0]["reference"].is_null());
  CHECK(one["calls"][0]["line"].is_null());
  one = box.get("/api/phones/192.0.2.8");
  CHECK(one["device"] == "");
  CHECK(one["registered"] == true);
  REQUIRE(one["calls"].size() == 1);
  CHECK(one["calls"][0]["address"] == "192.0.2.8");
  CHECK(one["calls"][0]["device"] == "");
  // A call without a device name is found by its address.
  CHECK(box.get("/api/phones/192.0.2.7")["device"] == kDevice);
  CHECK(box.ask("GET", "/api/phones/192.0.2.9")->status() == 404);
  CHECK(box.get("/api/calls")["total"] == 3);
}

TEST_CASE("admin api: a call server that accepts only one phone per address is this box's trouble") {
  Box box;
  box.inventory.on_signalling(registered(kDevice));
  CHECK(box.get("/api/doctor")["healthy"] == true);
  phones::SignallingStep s = registered("SEPAABBCCDDEEFF");
  s.event = phones::SignallingEvent::refused;
  s.detail = "Cross device";
  box.inventory.on_signalling(s);
  const json got = box.get("/api/doctor");
  CHECK(got["healthy"] == false);
  CHECK(got["findings"][0]["code"] == "server_refuses_shared_address");
}

TEST_CASE("admin api: remote text that is not UTF-8 still gives JSON") {
  Box box;
  box.status.central = "\xff\xfe";
  CHECK(box.get("/api/status")["central"] == "\xef\xbf\xbd\xef\xbf\xbd");
}
