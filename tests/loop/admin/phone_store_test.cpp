#include "tests/loop/admin/phone_store_box.hpp"

using namespace dw;
using namespace dw::phones;
using dw::admin::PhoneStore;
using namespace std::chrono_literals;
using namespace dw::phone_store_test;

TEST_CASE("phones and their stories survive a restart, with every field") {
  const test::TempDir dir;
  std::optional<Phone> phone, nobody;
  {
    StoreBox box(dir.path() / "state");
    CHECK(box.store->storing());
    box.ask("CTL" + kKept + ".tlv", FileOutcome::not_found, kStart);
    box.inventory.on_config(
        device(), {}, kStart,
        {.load = "SIP45.9-4-2SR3-1S",
         .protocol = Protocol::sip,
         .follow_ups = {"dialplan.xml", "softkeys.xml"},
         .homes = {{{"", "t1.example.net", 5160}, {"a line 2", "2001:db8::5", 0}, {"", "pbx", 2001, Protocol::sccp}}}});
    box.inventory.on_note(device(), {}, kStart + 1s, Note::rewritten, "3 places");
    box.ask(kKept + ".cnf.xml", FileOutcome::sent, kStart + 1s);
    box.ask("dialplan.xml", FileOutcome::stalled, kStart + 2s);
    box.ask("term65.default.loads", FileOutcome::superseded, kStart, "2001:db8::7");
    phone = *box.inventory.find(kKept);
    nobody = *box.inventory.find("2001:db8::7");
  }
  StoreBox box(dir.path() / "state");
  REQUIRE(box.inventory.size() == 2);
  CHECK(box.inventory.find(kKept)->homes.size() == 3);
  CHECK(same(*box.inventory.find(kKept), *phone));
  CHECK(same(*box.inventory.find("2001:db8::7"), *nobody));
  CHECK(story(*box.inventory.find(kKept)).size() == 5);
}

TEST_CASE("each outcome and note keeps its meaning on disk") {
  const test::TempDir dir;
  std::optional<Phone> phone;
  {
    StoreBox box(dir.path());
    for (int i = 0; i <= static_cast<int>(FileOutcome::superseded); ++i)
      box.ask(kKept + ".cnf.xml", static_cast<FileOutcome>(i), kStart + std::chrono::seconds(i));
    for (int i = 0; i <= static_cast<int>(Note::sip_port_differs); ++i)
      box.inventory.on_note(device(), {}, kStart + std::chrono::minutes(1 + i), static_cast<Note>(i), "");
    phone = *box.inventory.find(kKept);
  }
  StoreBox box(dir.path());
  CHECK(same(*box.inventory.find(kKept), *phone));
}

TEST_CASE("registrations and calls keep their meaning on disk, but nobody is registered after a restart") {
  const test::TempDir dir;
  std::optional<Phone> phone;
  {
    StoreBox box(dir.path());
    box.ask(kKept + ".cnf.xml", FileOutcome::sent, kStart);
    for (int i = 0; i <= static_cast<int>(SignallingEvent::lines); ++i)
      box.inventory.on_signalling(signalling(static_cast<SignallingEvent>(i), kStart + std::chrono::minutes(1 + i)));
    box.inventory.on_signalling(signalling(SignallingEvent::registered, kStart + 1h));
    for (int i = 0; i < 4; ++i)
      box.inventory.on_call(call(kStart + 2h + std::chrono::minutes(i), i & 1 ? 90 : 0, i & 2 ? 90 : 0));
    phone = *box.inventory.find(kKept);
    CHECK(phone->registered);
    CHECK(phone->steps.size() == 15);
  }
  StoreBox box(dir.path());
  const Phone& back = *box.inventory.find(kKept);
  CHECK_FALSE(back.registered);
  CHECK(back.server.empty());
  CHECK(back.had_config);
  CHECK(same(back, *phone));
}

TEST_CASE("SIP registrations and calls keep their meaning on disk, every event of them") {
  const test::TempDir dir;
  std::optional<Phone> phone, nameless;
  {
    StoreBox box(dir.path());
    box.ask(kKept + ".cnf.xml", FileOutcome::sent, kStart);
    SignallingStep step = signalling(SignallingEvent::registered, kStart + 1s);
    step.protocol = Protocol::sip;
    step.version = 0;
    step.transport = "udp";
    step.user_agent = "Cisco-CP7975G/9.3.1";
    for (int i = 0; i <= static_cast<int>(SignallingEvent::no_date); ++i) {
      step.event = static_cast<SignallingEvent>(i);
      step.at += 1min;
      step.aor = std::to_string(1000 + i);
      step.status = static_cast<std::uint16_t>(400 + i);
      box.inventory.on_signalling(step);
    }
    Call talked = call(kStart + 1h, 90, 90);
    talked.protocol = Protocol::sip;
    talked.line = 0;
    talked.own_number = "1001";
    box.inventory.on_call(talked);
    step.event = SignallingEvent::registered;
    step.device.clear();
    step.peer = Endpoint::parse("192.0.2.8:5060").value();
    step.transport = "tcp";
    step.user_agent = "Example Phone/1.0";
    box.inventory.on_signalling(step);
    phone = *box.inventory.find(kKept);
    nameless = *box.inventory.find("192.0.2.8");
    CHECK(phone->steps.size() == 1 + 19 + 1);  // "connected" and "lines" are no steps
    CHECK(nameless->registered);
  }
  StoreBox box(dir.path());
  const Phone& back = *box.inventory.find(kKept);
  CHECK(same(back, *phone));
  CHECK(back.transport == "udp");
  CHECK(same(*box.inventory.find("192.0.2.8"), *nameless));
  CHECK_FALSE(box.inventory.find("192.0.2.8")->registered);
  CHECK(story(back).size() == story(*phone).size());
  for (std::size_t i = 0; i < story(back).size(); ++i)
    CHECK(story(back)[i].detail == story(*phone)[i].detail);
}

TEST_CASE("on disk too, calls evict calls and not the boot") {
  const test::TempDir dir;
  {
    StoreBox box(dir.path(), {.max_phones = 10, .max_steps = 8});
    box.ask(kKept + ".cnf.xml", FileOutcome::sent, kStart);
    for (int i = 0; i < 50; ++i) {
      box.inventory.on_call(call(kStart + std::chrono::minutes(1 + i), 1, 1));
      (void)box.loop.run_until([n = 0]() mutable { return ++n > 3; }, 1s);
    }
  }
  CHECK(count(dir.path(), "step WHERE type IS NULL") == 1);
  CHECK(count(dir.path(), "step WHERE type = 'call'") == 7);
  StoreBox box(dir.path(), {.max_phones = 10, .max_steps = 8});
  REQUIRE(box.inventory.find(kKept)->steps.size() == 8);
  CHECK(box.inventory.find(kKept)->steps.front().is_file());
  CHECK(box.inventory.find(kKept)->steps.back().id == 51);
}

TEST_CASE("the database of each older version is read, and upgraded to the current schema") {
  const test::TempDir dir;
  { StoreBox today(dir.path() / "today"); }
  const std::size_t newest = test::version_of(dir.path() / "today/phones.db");
  REQUIRE(std::filesystem::exists(test::fixture_path("phones", newest)));
  for (std::size_t version = 1; version <= newest; ++version) {
    CAPTURE(version);
    const std::filesystem::path state = dir.path() / std::to_string(version);
    std::filesystem::create_directories(state);
    test::make_database(state / "phones.db", "phones", version);
    {
      StoreBox box(state);
      CHECK(box.store->storing());
      REQUIRE(box.inventory.size() == 2);
      const Phone& phone = *box.inventory.find(kKept);
      CHECK(phone.had_config);
      CHECK(phone.model == "7965");
      CHECK(phone.protocol == Protocol::sccp);
      CHECK(phone.follow_ups == std::vector<std::string>{"dialplan.xml", "softkeys.xml"});
      REQUIRE(phone.steps.size() == (version == 1 ? 3 : version == 2 ? 5 : 6));
      CHECK(phone.steps[1].is_file());
      CHECK(phone.steps[1].kind == FileKind::config);
      CHECK(phone.steps[1].outcome == FileOutcome::sent);
      CHECK(phone.steps[1].octets == 4321);
      CHECK(phone.steps[2].note == Note::rewritten);
      CHECK(phone.next_step == phone.steps.size() + (version == 1 ? 2 : 1));
      if (version >= 2) {
        CHECK(phone.steps[3].event == SignallingEvent::registered);
        CHECK(phone.steps[3].protocol == Protocol::sccp);
        CHECK(phone.steps[3].version == 17);
        CHECK(phone.steps[4].type == StepType::call);
        CHECK(phone.steps[4].protocol == Protocol::sccp);
        CHECK(phone.steps[4].call.silent == CallFigures::Silent::central);
        CHECK(phone.steps[4].call.from_phone == 450);
        CHECK(phone.steps[4].call.kept_from_phone == (version >= 4 ? 4s : 0s));
      }
      CHECK(box.admissions.all().size() == (version >= 5 ? 2 : 0));
      if (version >= 5) {
        const auto& admitted = box.admissions.all().front();
        CHECK(admitted.device == kKept);
        CHECK(admitted.source == IpAddress::parse("192.0.2.7").value());
        CHECK(admitted.by == provisioning::Admissions::By::registration);
        CHECK(admitted.user == "1001");
        CHECK(admitted.used - admitted.admitted == 2h);
        CHECK(box.admissions.all().back().by == provisioning::Admissions::By::operated);
      }
      using Homes = std::vector<LineHome>;
      CHECK(phone.homes ==
            (version >= 6 ? Homes{{"", "t1.example.net", 5160}, {"a line", "pbx.example.net", 0}} : Homes{}));
      if (version >= 3) {
        CHECK(phone.user_agent == "Cisco-CP7965G/9.4.2");
        CHECK(phone.steps[5].is_sip());
        CHECK(phone.steps[5].status == 403);
        CHECK(phone.steps[5].aor == "1001");
      }
      CHECK(box.inventory.find("2001:db8::7")->steps.front().outcome == FileOutcome::superseded);
      box.ask(kKept + ".cnf.xml", FileOutcome::sent, kStart + 48h);  // and it continues
    }
    test::check_upgraded(state / "phones.db", dir.path() / "today/phones.db");
    StoreBox again(state);
    CHECK(again.inventory.find(kKept)->steps.back().at == kStart + 48h);
  }
}
