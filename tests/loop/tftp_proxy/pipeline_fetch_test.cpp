#include <fmt/format.h>

#include "tests/loop/tftp_proxy/pipeline_fixture.hpp"
#include "tests/loop/tftp_proxy/tftp_origin_peer.hpp"

using namespace dw;
using namespace dw::test;

namespace {

const std::string kNobody = "http://127.0.0.1:1/";

}  // namespace

TEST_CASE("origins are asked in their order, and one that has no such file hands on to the next") {
  const TempDir a, b;
  write_file(b.path() / "both", "from b");
  write_file(a.path() / "both", "from a");
  write_file(b.path() / "only-b", "b");
  PipelineUnderTest t({"file://" + a.path().string(), "file://" + b.path().string()});
  CHECK(t.get("both") == "from a");
  CHECK(t.get("only-b") == "b");
  CHECK(t.last.origin == "file://" + b.path().string());
  t.get("nowhere");
  CHECK(t.error == Errc::not_found);
}

TEST_CASE("a config that no origin has: near names of all origins, while it is known to be missing") {
  const TempDir a, b;
  write_file(a.path() / "SEP001122334454.cnf.xml", "<device/>");
  write_file(b.path() / "SEP001122334454.cnf.xml", "<device/>");
  write_file(b.path() / "SEP001122334465.cnf.xml", "<device/>");
  PipelineUnderTest t({"file://" + a.path().string(), "file://" + b.path().string()});
  const std::string name = "SEP001122334455.cnf.xml";
  t.start();
  CHECK(t.pipeline->near_names(name).empty());  // nobody has asked
  t.get(name);
  CHECK(t.error == Errc::not_found);
  CHECK(t.pipeline->near_names(name) == std::vector<std::string>{"SEP001122334454.cnf.xml", "SEP001122334465.cnf.xml"});
  t.get("SEP001122334454.cnf.xml");
  CHECK(t.pipeline->near_names("SEP001122334454.cnf.xml").empty());
}

TEST_CASE("an origin that never answered has no vote, and is asked last") {
  const TempDir there;
  write_file(there.path() / "SEP001122334455.cnf.xml", "<device/>");
  PipelineUnderTest t({kNobody, "file://" + there.path().string()});
  CHECK(t.get("SEP001122334455.cnf.xml") == "<device/>");
  std::filesystem::remove(there.path() / "SEP001122334455.cnf.xml");
  const std::string said = t.get("SEP001122334455.cnf.xml");
  CHECK(t.error == Errc::not_found);  // the kept copy is no answer: the file was taken away
  CHECK(said.find(kNobody) == std::string::npos);
  CHECK_FALSE(t.cached("SEP001122334455.cnf.xml"));
  CHECK(t.get("dialplan.xml") != "");
  CHECK(t.error == Errc::not_found);
  const auto status = t.pipeline->origin_status();
  CHECK_FALSE(status[0].has_answered);
  CHECK(status[1].has_answered);
}

TEST_CASE("not found only when every origin that ever answered said so") {
  const TempDir empty;
  PipelineUnderTest t({kNobody, "file://" + empty.path().string()});
  t.keep("Ring1.raw", "ring", kNobody);  // from before a restart
  const std::string said = t.get("SEP001122334455.cnf.xml");
  CHECK(t.error == Errc::unavailable);
  CHECK(said.find(kNobody) != std::string::npos);
  CHECK(t.get("dialplan.xml").find("is down and was not asked") != std::string::npos);
  CHECK(t.error == Errc::unavailable);
}

TEST_CASE("an origin with placeholders is asked by them, and one with patterns for those files alone") {
  const auto has = [](std::string path) {
    return [path](ScriptedOrigin::Peer& peer, const std::string& head) {
      peer.send(path_of(head) == path ? http_ok("<x/>") : http_status(404));
    };
  };
  ScriptedOrigin configs(has("/get.php?mac=001122334455&file=SEP001122334455.cnf.xml"));
  ScriptedOrigin rings(has("/ringtones/a%26b.raw"));
  PipelineUnderTest t({configs.url("/get.php?mac={mac}&file={file}"), rings.url("/ringtones/{base}#*.raw,*.rwb")});
  t.options.rewrite = false;
  CHECK(t.get("SEP001122334455.cnf.xml") == "<x/>");
  CHECK(t.get("a&b.raw") == "<x/>");
  CHECK(path_of(configs.requests().back()) == "/get.php?mac=&file=a%26b.raw");
  CHECK(rings.requests().size() == 1);
  const std::size_t before = rings.requests().size();
  t.get("none.xml");
  CHECK(t.error == Errc::not_found);
  CHECK(rings.requests().size() == before);

  PipelineUnderTest only({rings.url("/ringtones/{base}#*.raw")});
  CHECK(only.get("SEP001122334455.cnf.xml").contains("no origin is for files of that name"));
  CHECK(only.error == Errc::not_found);
}

TEST_CASE("a list of all that a server has goes to no phone, however it is asked; a person at the box may see it") {
  ScriptedOrigin server(
      [](ScriptedOrigin::Peer& peer, const std::string&) { peer.send(http_ok("SEP001122334455.cnf.xml")); });
  PipelineUnderTest t({server.url("/")});
  for (const char* name : {"ConfigFileCacheList.txt", "configfilecachelist.TXT", "x/ConfigFileCacheList.txt",
                           "%43onfigFileCacheList.txt", "ConfigFileCacheList.txt;x", "BinFileCacheList.txt"}) {
    CAPTURE(name);
    t.get(name);
    CHECK(t.error == Errc::not_found);
  }
  CHECK(server.requests().empty());
  FileRequest request;
  request.name = "ConfigFileCacheList.txt";
  request.transport = Transport::control;
  const ContentPtr content = t.pipeline->open(request);
  REQUIRE(t.wait(content));
  CHECK(content->state() == Content::State::complete);
}

TEST_CASE("nothing is configured") {
  PipelineUnderTest t({});
  CHECK(t.get("dialplan.xml") == "<no origin is configured>");
  CHECK(t.error == Errc::unavailable);
}

TEST_CASE(
    "a hundred and twenty-eight phones, one file, one request, and the first octets before the last are "
    "sent") {
  const std::string file = some_octets(200'000);
  Gate gate;
  ScriptedOrigin server([&](ScriptedOrigin::Peer& peer, const std::string&) {
    const std::string whole = http_ok(file);
    peer.send(whole.substr(0, 100'000));
    gate.pass();
    peer.send(whole.substr(100'000));
  });
  PipelineUnderTest t({server.url("/")});
  t.use_cache = false;
  std::vector<ContentPtr> phones;
  for (int i = 0; i < 128; ++i)
    phones.push_back(t.open("apps45.sbn"));
  REQUIRE(t.loop.run_until([&] { return phones[0]->octets().size() > 50'000; }, 20s));
  CHECK(phones[0]->state() == Content::State::streaming);
  CHECK(phones[0]->size() == file.size());
  phones.push_back(t.open("apps45.sbn"));  // in the middle of it
  gate.open();
  for (const ContentPtr& phone : phones) {
    REQUIRE(t.wait(phone));
    CHECK(as_text(phone->octets()) == file);
  }
  CHECK(server.requests().size() == 1);
  CHECK(t.get("apps45.sbn") == file);  // still in memory
  CHECK(server.requests().size() == 1);
}

TEST_CASE("a file that breaks off fails for everyone, is not kept, and is asked again") {
  const std::string file = some_octets(5000);
  std::atomic<bool> whole = false;
  ScriptedOrigin server([&](ScriptedOrigin::Peer& peer, const std::string&) {
    const std::string answer = http_ok(file);
    peer.send(whole ? answer : answer.substr(0, answer.size() - 1));
  });
  PipelineUnderTest t({server.url("/")});
  const ContentPtr one = t.open("apps45.sbn"), two = t.open("apps45.sbn");
  REQUIRE(t.wait(one));
  CHECK(one->state() == Content::State::failed);
  CHECK(two->state() == Content::State::failed);
  CHECK(one->error().code == Errc::unavailable);
  CHECK_FALSE(t.cached("apps45.sbn"));
  whole = true;
  CHECK(t.get("apps45.sbn") == file);
  CHECK(t.cached("apps45.sbn"));
}

TEST_CASE("an origin that refuses a file is reported as such; one that is slow to answer gives way to the next") {
  const TempDir second;
  write_file(second.path() / "dialplan.xml", "<dial/>");
  Gate gate;
  ScriptedOrigin server([&](ScriptedOrigin::Peer& peer, const std::string& head) {
    if (path_of(head) == "/refused.xml") return peer.send(http_status(403));
    gate.pass();
  });
  PipelineUnderTest t({server.url("/"), "file://" + second.path().string()});
  t.options.fetch.patience = 200ms;
  t.get("refused.xml");
  CHECK(t.error == Errc::forbidden);
  CHECK(t.get("dialplan.xml") == "<dial/>");
  gate.open();
  CHECK(t.pipeline->origin_status()[0].state == OriginHealth::State::down);
  CHECK(t.pipeline->origin_status()[0].failures == 1);
  CHECK(t.pipeline->origin_status()[0].retry_at.has_value());
  CHECK_FALSE(t.pipeline->origin_status()[1].retry_at);
}

TEST_CASE("who waits is answered in time; what the cache will want is fetched to its end all the same") {
  const std::string file = some_octets(5000);
  Gate gate;
  ScriptedOrigin server([&](ScriptedOrigin::Peer& peer, const std::string&) {
    gate.pass();
    peer.send(http_ok(file));
  });
  PipelineUnderTest t({server.url("/")});
  t.options.fetch.answer_within = 100ms;
  ContentPtr phone = t.open("apps45.sbn");
  REQUIRE(t.wait(phone));
  CHECK(phone->error().code == Errc::unavailable);
  phone = t.open("apps45.sbn");  // asks again while it is on its way
  gate.open();
  REQUIRE(t.wait(phone));
  CHECK((phone->state() == Content::State::failed || as_text(phone->octets()) == file));
  REQUIRE(t.loop.run_until([&] { return t.cached("apps45.sbn"); }, 20s));
  CHECK(server.requests().size() == 1);
  CHECK(t.get("apps45.sbn") == file);
}

TEST_CASE("a fetch that nobody wants any more is cancelled, or goes on when the cache keeps it") {
  for (const bool kept : {false, true}) {
    const std::string file = some_octets(300'000);
    Gate gate;
    ScriptedOrigin server([&](ScriptedOrigin::Peer& peer, const std::string&) {
      const std::string whole = http_ok(file);
      peer.send(whole.substr(0, 100'000));
      gate.pass();
      peer.send(whole.substr(100'000));
    });
    PipelineUnderTest t({server.url("/")});
    t.use_cache = kept;
    ContentPtr phone = t.open("apps45.sbn");
    REQUIRE(t.loop.run_until([&] { return !phone->octets().empty(); }, 20s));
    phone.reset();
    if (kept) {
      gate.open();
      REQUIRE(t.loop.run_until([&] { return t.cached("apps45.sbn"); }, 20s));
    } else {
      REQUIRE(t.loop.run_until([&] { return t.pipeline->flights() == 0; }, 20s));
      gate.open();
    }
    CHECK(server.requests().size() == 1);
  }
}

TEST_CASE("files too many to be fetched at a time, in number and in octets, are refused") {
  Gate gate;
  ScriptedOrigin server([&](ScriptedOrigin::Peer& peer, const std::string&) { gate.pass(), peer.send(http_ok("x")); });
  PipelineUnderTest t({server.url("/")});
  t.options.fetch.max_flights = 2;
  const ContentPtr a = t.open("a.sbn"), b = t.open("b.sbn"), again = t.open("a.sbn"), c = t.open("c.sbn");
  CHECK(again->state() == Content::State::waiting);
  REQUIRE(c->state() == Content::State::failed);
  CHECK(c->error().code == Errc::exhausted);
  gate.open();
  const TempDir dir;
  write_file(dir.path() / "large.sbn", some_octets(5000));
  PipelineUnderTest small({"file://" + dir.path().string()});
  small.options.fetch.max_in_flight = 4999;
  small.get("large.sbn");
  CHECK(small.error == Errc::exhausted);
}

TEST_CASE("a source has a quarter of the fetches, strangers half of them, and who is known finds the rest") {
  Gate gate;
  ScriptedOrigin server([&](ScriptedOrigin::Peer& peer, const std::string&) { gate.pass(), peer.send(http_ok("x")); });
  PipelineUnderTest t({server.url("/")});
  t.options.fetch.max_flights = 16;
  t.start();
  KnownSources known(1);
  NameBudget names(known, {}, 2);
  t.pipeline->use(known, names);
  unsigned number = 0;
  std::vector<ContentPtr> kept;
  const auto fetches = [&](const std::string& peer) {
    const ContentPtr content = t.open(fmt::format("f{}.sbn", ++number), peer);
    kept.push_back(content);
    return content->state() != Content::State::failed;
  };
  const auto granted = [&](const std::string& peer, int times) {
    int all = 0;
    for (int i = 0; i < times; ++i)
      all += fetches(peer) ? 1 : 0;
    return all;
  };
  CHECK(granted("198.51.100.1:5000", 6) == 4);
  CHECK(granted("[2001:db8:1:2::1]:5000", 2) + granted("[2001:db8:1:2::2]:5000", 4) == 4);  // one /64
  CHECK(granted("198.51.100.2:5000", 3) == 0);
  known.proved(t.loop.now(), *IpAddress::parse("198.51.100.3"), Standing::proven);
  CHECK(granted("198.51.100.3:5000", 10) == 8);
  MetricsText out;
  t.pipeline->append_metrics(out);
  CHECK(out.text().find("dropwire_table_entries{table=\"fetches\"} 16\n") != std::string::npos);
  gate.open();
  REQUIRE(t.loop.run_until([&] { return std::ranges::all_of(kept, [](const auto& c) { return c->done(); }); }, 20s));
  CHECK(fetches("198.51.100.2:5000"));
}

TEST_CASE("two hundred phones boot while the origin is down: kept files are served, and nobody storms it") {
  PipelineUnderTest t({kNobody});
  t.keep("XMLDefault.cnf.xml", "<Default/>", kNobody);
  t.keep("apps45.sbn", "firmware", kNobody);
  for (int i = 0; i < 200; ++i) {
    CHECK(t.get("XMLDefault.cnf.xml") == "<Default/>");
    CHECK(t.last.origin.find("stale") != std::string::npos);
    CHECK(t.get("apps45.sbn") == "firmware");
    t.get("SEP0011223344" + std::to_string(10 + i % 90) + ".cnf.xml");
    CHECK(t.error == Errc::unavailable);
  }
  const auto status = t.pipeline->origin_status();
  CHECK(status[0].requests <= 10);
  CHECK(status[0].state != OriginHealth::State::up);
  CHECK_FALSE(status[0].last_error.empty());
}

TEST_CASE("a TFTP origin behind the pipeline, and one that dies in the middle of a config") {
  const std::string file = some_octets(100'000);
  {
    const TftpOriginPeer peer({{"apps45.sbn", file}});
    PipelineUnderTest t({peer.url()});
    CHECK(t.get("apps45.sbn") == file);
    t.get("none.raw");
    CHECK(t.error == Errc::not_found);
    t.pipeline.reset();
  }
  // Nothing of a config is handed out before it is whole, so the next origin stands in.
  TftpOriginPeer::Behaviour dies;
  dies.error_after = 1;
  const std::string config = "<device>" + std::string(4000, ' ') + "</device>";
  const TftpOriginPeer peer({{"SEP001122334455.cnf.xml", config}}, dies);
  const TempDir dir;
  write_file(dir.path() / "SEP001122334455.cnf.xml", config);
  PipelineUnderTest t({peer.url(), "file://" + dir.path().string()});
  CHECK(t.get("SEP001122334455.cnf.xml") == config);
}

TEST_CASE("new options while a file is on its way: it is finished by the old ones, the next goes by the new") {
  const TempDir dir;
  write_file(dir.path() / "dialplan.xml", "new");
  Gate gate;
  ScriptedOrigin server(
      [&](ScriptedOrigin::Peer& peer, const std::string&) { gate.pass(), peer.send(http_ok("old")); });
  PipelineUnderTest t({server.url("/")});
  const ContentPtr phone = t.open("dialplan.xml");
  t.options.origins = {"file://" + dir.path().string()};
  t.pipeline->reconfigure(t.options);
  gate.open();
  REQUIRE(t.wait(phone));
  CHECK(as_text(phone->octets()) == "old");
  CHECK(t.get("dialplan.xml") == "new");
  CHECK(t.pipeline->origin_status().size() == 1);
}

TEST_CASE("the pipeline may go while contents are still held and waited for") {
  Gate gate;
  ScriptedOrigin server([&](ScriptedOrigin::Peer&, const std::string&) { gate.pass(); });
  ContentPtr plain, config;
  {
    PipelineUnderTest t({server.url("/")});
    plain = t.open("apps45.sbn");
    config = t.open("SEP001122334455.cnf.xml");
    REQUIRE(t.loop.run_until([&] { return !server.requests().empty(); }, 20s));
    t.pipeline.reset();
  }
  CHECK(plain->state() == Content::State::waiting);
  CHECK(config->state() == Content::State::waiting);
  gate.open();
}

TEST_CASE("metrics and status name origins without their passwords") {
  PipelineUnderTest t({"http://user:hunter2@127.0.0.1:1/"});
  t.get("dialplan.xml");
  CHECK(t.error == Errc::unavailable);
  MetricsText metrics;
  t.pipeline->append_metrics(metrics);
  CHECK(metrics.text().find("hunter2") == std::string::npos);
  CHECK(metrics.text().find("dropwire_origin_up{origin=\"http://127.0.0.1:1/\"} 0") != std::string::npos);
  CHECK(metrics.text().find("dropwire_origin_failures_total{origin=\"http://127.0.0.1:1/\"} 1") != std::string::npos);
  CHECK(t.pipeline->origin_status()[0].url == "http://127.0.0.1:1/");
  CHECK(t.pipeline->origin_status()[0].last_error.find("hunter2") == std::string::npos);
}

TEST_CASE("each request to an origin is reported to whoever traces, for each phone that waits") {
  ScriptedOrigin server([](ScriptedOrigin::Peer& peer, const std::string& head) {
    peer.send(head.starts_with("GET /Chirp1.raw") ? http_ok("chirp")
                                                  : "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
  });
  PipelineUnderTest t({kNobody, server.url("/")});
  std::vector<std::string> lines;
  std::vector<IpAddress> phones;
  WireTap tap;
  tap.set([&](const WireRecord& record) {
    CHECK(record.protocol == WireRecord::Protocol::fetch);
    CHECK(record.side == WireRecord::Side::central);
    lines.emplace_back(as_text(record.octets));
    phones.push_back(record.phone);
  });
  t.start();
  t.pipeline->set_tap(tap);
  const auto mine = t.open("Chirp1.raw");
  FileRequest other;
  other.name = "Chirp1.raw";
  other.peer = *Endpoint::parse("192.0.2.78:50000");
  const auto theirs = t.pipeline->open(other);
  REQUIRE(t.wait(mine));
  const std::vector<IpAddress> both = {*IpAddress::parse("192.0.2.77"), *IpAddress::parse("192.0.2.78")};
  REQUIRE(lines.size() == 4);  // nobody there, then the file; each for both
  CHECK(lines[0] == lines[1]);
  CHECK(lines[0].starts_with(kNobody + "Chirp1.raw: "));
  CHECK(lines[0].find(", 0 octets, ") != std::string::npos);
  CHECK(lines[3].starts_with(server.url("/") + "Chirp1.raw: whole, 5 octets, "));
  CHECK(lines[3].ends_with(" ms"));
  CHECK(phones == std::vector{both[0], both[1], both[0], both[1]});
  lines.clear();
  t.get("nowhere.raw");
  REQUIRE_FALSE(lines.empty());
  CHECK(lines[0].starts_with(server.url("/") + "nowhere.raw: "));
  // Nobody looks any more.
  tap.set(nullptr);
  lines.clear();
  t.get("nothing.raw");
  CHECK(lines.empty());
}
