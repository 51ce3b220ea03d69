#include <filesystem>
#include <fstream>

#include "tests/loop/store/temp_dir.hpp"
#include "tests/loop/tftp_proxy/tftp_server_fixture.hpp"
#include "tests/support/fake_exchange.hpp"
#include "tftp-proxy/http_server.hpp"
#include "tftp-proxy/pipeline.hpp"

/// access.provisioning.phones at both doors: a pipeline with a folder of files, TFTP and HTTP before it, as the daemon
/// has them.
using namespace dw;
using namespace dw::provisioning;
using dw::provisioning::test::PhoneSocket;
using dw::test::FakeExchange;
using phones::FileOutcome;
using namespace std::chrono_literals;

namespace {

const std::string kAdmitted = "SEP001122334455";
const IpAddress kOneHome = *IpAddress::parse("198.51.100.7"), kOtherHome = *IpAddress::parse("203.0.113.9");

struct TwoDoors {
  explicit TwoDoors(Admissions::Phones phones) {
    for (const auto& [name, text] :
         std::map<std::string, std::string>{{kAdmitted + ".cnf.xml", "<device><p>secret</p></device>"},
                                            {"SEP00AABBCCDDEE.cnf.xml", "<device><p>secret</p></device>"},
                                            {"SIP001122334455.cnf", "line1_password: secret"},
                                            {"XMLDefault.cnf.xml", "<Default/>"},
                                            {"Ringlist.xml", "<CiscoIPPhoneRingList/>"}})
      std::ofstream(dir.path() / name) << text;
    Pipeline::Options options;
    options.origins = {"file://" + dir.path().string()};
    pipeline = std::make_unique<Pipeline>(loop, options, nullptr, Pipeline::Sinks{});
    admissions.set_phones(phones);
    names.use(admissions);
    pipeline->use(known, names);
    pipeline->use(admissions);
    const auto on_step = [this](const phones::FileStep& step) {
      steps.push_back(step);
      if (step.outcome == FileOutcome::sent) admissions.taken(loop.now(), wall_now(), step.peer.address, step.name);
    };
    http = std::make_unique<PhoneHttpServer>(loop, *pipeline, known, PhoneHttpServer::Options{}, on_step);
    TftpServer::Options door;
    door.listen = {*IpAddress::parse("127.0.0.1")};
    door.port = 0;
    auto started = TftpServer::start(loop, door, *pipeline, known, on_step);
    REQUIRE(started);
    tftp = std::move(*started);
  }

  std::shared_ptr<FakeExchange> ask(const std::string& target, const IpAddress& from,
                                    const std::string& method = "GET") {
    auto exchange = std::make_shared<FakeExchange>(method, target);
    exchange->from({from, 50'000});
    http->handle(exchange);
    REQUIRE(loop.run_until([&] { return exchange->answered(); }, 20s));
    return exchange;
  }
  /// The status of a GET that is taken whole.
  unsigned get(const std::string& name, const IpAddress& from = kOneHome) {
    const auto exchange = ask("/" + name, from);
    exchange->end(true);
    return exchange->status();
  }
  /// What the first answer to an RRQ is: 3 DATA, 5 ERROR (with its octets). Acknowledged when `ack`.
  std::string rrq(const PhoneSocket& phone, const std::string& name, bool ack = true) {
    phone.rrq(tftp->local().front(), name);
    std::optional<std::pair<std::string, Endpoint>> got;
    REQUIRE(loop.run_until([&] { return (got = phone.take()).has_value(); }, 20s));
    const std::size_t before = steps.size();
    if (ack && got->first[1] == 3) {
      phone.ack(got->second, 1);
      REQUIRE(loop.run_until([&] { return steps.size() > before; }, 20s));
    }
    return got->first;
  }

  net::Loop loop;
  dw::test::TempDir dir;
  KnownSources known{1};
  NameBudget names{known, {}, 2};
  Admissions admissions;
  std::vector<phones::FileStep> steps;
  std::unique_ptr<Pipeline> pipeline;
  std::unique_ptr<PhoneHttpServer> http;
  std::unique_ptr<TftpServer> tftp;
};

}  // namespace

TEST_CASE(
    "whose files: all as ever, known and listed keep a stranger out at both doors, what is no secret stays open") {
  for (const auto phones : {Admissions::Phones::all, Admissions::Phones::known, Admissions::Phones::listed}) {
    CAPTURE(static_cast<int>(phones));
    TwoDoors box(phones);
    const bool open = phones == Admissions::Phones::all;
    const PhoneSocket phone;
    CHECK(box.get(kAdmitted + ".cnf.xml") == (open ? 200 : 404));
    CHECK(box.get("SIP001122334455.cnf") == (open ? 200 : 404));
    CHECK(box.rrq(phone, kAdmitted + ".cnf.xml")[1] == (open ? 3 : 5));
    CHECK(box.get("XMLDefault.cnf.xml") == 200);
    CHECK(box.get("Ringlist.xml") == 200);
    CHECK(box.rrq(phone, "XMLDefault.cnf.xml")[1] == 3);
    box.admissions.set_list({kAdmitted});
    CHECK(box.get(kAdmitted + ".cnf.xml") == 200);
    CHECK(box.get(kAdmitted + ".cnf.xml", kOtherHome) == (phones == Admissions::Phones::known ? 404 : 200));
    CHECK(box.get("SEP00AABBCCDDEE.cnf.xml") == (open ? 200 : 404));
  }
}

TEST_CASE("whose files: who is kept out hears octet for octet what he hears of a file that does not exist") {
  TwoDoors box(Admissions::Phones::known);
  for (const char* const method : {"GET", "HEAD"}) {
    const auto kept_out = box.ask("/" + kAdmitted + ".cnf.xml", kOneHome, method);
    const auto missing = box.ask("/SEP00AABBCCDDEF.cnf.xml", kOneHome, method);
    const auto nothing = box.ask("/nothing.xml", kOneHome, method);
    for (const auto& other : {missing, nothing}) {
      CHECK(kept_out->status() == other->status());
      CHECK(kept_out->received() == other->received());
    }
    for (const auto& exchange : {kept_out, missing, nothing})
      exchange->end(true);
  }
  const PhoneSocket phone;
  const std::string kept_out = box.rrq(phone, kAdmitted + ".cnf.xml");
  CHECK(kept_out == box.rrq(phone, "nothing.xml"));
  REQUIRE(box.loop.run_until([&] { return box.steps.size() == 5; }, 20s));  // HEAD is none
  CHECK(box.steps[0].outcome == FileOutcome::not_admitted);
  CHECK(box.steps[2].outcome == FileOutcome::not_found);
  CHECK(box.steps[3].outcome == FileOutcome::not_admitted);
}

TEST_CASE("whose files: no spelling gets past the door") {
  TwoDoors box(Admissions::Phones::known);
  for (const char* target :
       {"/SEP001122334455.cnf.xml", "/sep001122334455.CNF.XML", "//SEP001122334455.cnf.xml",
        "/./SEP001122334455.cnf.xml", "/%53EP001122334455.cnf.xml", "/SEP001122334455%2ecnf.xml",
        "/SEP001122334455.cnf.xml?x=1", "/\\SEP001122334455.cnf.xml", "/SEP00112233445%2535.cnf.xml",
        "/SEP001122334455.cnf.xml.sgn", "/SEP001122334455.cnf.xml.enc.sgn", "/SEP001122334455.cnf.xml.gz",
        "/SIP001122334455.cnf", "/sip001122334455.CNF", "http://192.0.2.1:6970/SEP001122334455.cnf.xml",
        "/SEP001122334455.cnf.xml%20", "/x/../SEP001122334455.cnf.xml"}) {
    CAPTURE(target);
    const auto exchange = box.ask(target, kOneHome);
    CHECK(exchange->status() != 200);
    CHECK(exchange->received().find("secret") == std::string::npos);
    exchange->end(true);
  }
  const PhoneSocket phone;
  for (const char* name :
       {"sep001122334455.cnf.xml", "./SEP001122334455.cnf.xml", "\\SEP001122334455.cnf.xml", "SIP001122334455.cnf"})
    CHECK(box.rrq(phone, name)[1] == 5);
}

TEST_CASE("whose files: in a window an RRQ alone admits nobody, a file that was taken does") {
  TwoDoors box(Admissions::Phones::known);
  REQUIRE(box.admissions.admit_any(box.loop.now(), 15min));
  const PhoneSocket forged, phone("127.0.0.2");
  CHECK(box.rrq(forged, kAdmitted + ".cnf.xml", false)[1] == 3);
  CHECK(box.admissions.all().empty());
  CHECK(box.rrq(phone, kAdmitted + ".cnf.xml")[1] == 3);
  CHECK(box.admissions.admitted(kAdmitted, *IpAddress::parse("127.0.0.2")));
  CHECK_FALSE(box.admissions.admitted(kAdmitted, *IpAddress::parse("127.0.0.1")));
  CHECK(box.get("SIP001122334455.cnf", kOneHome) == 200);
  const auto cut = box.ask("/SEP00AABBCCDDEE.cnf.xml", kOtherHome);
  cut->end(false);
  box.admissions.close(box.loop.now());
  CHECK(box.get(kAdmitted + ".cnf.xml", kOneHome) == 200);
  CHECK(box.get("SEP00AABBCCDDEE.cnf.xml", kOtherHome) == 404);
  CHECK(box.rrq(phone, kAdmitted + ".cnf.xml")[1] == 3);
}

TEST_CASE("whose files: a person at the control socket sees each file") {
  TwoDoors box(Admissions::Phones::listed);
  const ContentPtr content = box.pipeline->open({kAdmitted + ".cnf.xml", {}, kOneHome, Transport::control});
  REQUIRE(box.loop.run_until([&] { return content->done(); }, 20s));
  CHECK(content->state() == Content::State::complete);
}
