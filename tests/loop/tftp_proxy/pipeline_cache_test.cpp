#include "tests/loop/tftp_proxy/pipeline_fixture.hpp"

using namespace dw;
using namespace dw::test;

namespace {

/// Files with entity tags over HTTP, which answers 304 to one that still holds.
class TaggedFiles {
 public:
  TaggedFiles() : server_([this](ScriptedOrigin::Peer& peer, const std::string& head) { answer(peer, head); }) {}
  void put(const std::string& path, const std::string& body, const std::string& etag) {
    const std::lock_guard lock(mutex_);
    files_[path] = {body, etag};
  }
  void remove(const std::string& path) {
    const std::lock_guard lock(mutex_);
    files_.erase(path);
  }
  std::string url() const { return server_.url("/"); }
  std::vector<std::string> paths() const {
    std::vector<std::string> out;
    for (const std::string& head : server_.requests())
      out.push_back(path_of(head));
    return out;
  }
  std::size_t requests() const { return server_.requests().size(); }

 private:
  void answer(ScriptedOrigin::Peer& peer, const std::string& head) {
    const std::lock_guard lock(mutex_);
    const auto file = files_.find(path_of(head));
    if (file == files_.end()) return peer.send(http_status(404));
    const auto& [body, etag] = file->second;
    if (head.find("If-None-Match: " + etag + "\r\n") != std::string::npos) {
      return peer.send("HTTP/1.1 304 Not Modified\r\nETag: " + etag + "\r\n\r\n");
    }
    peer.send(http_ok(body, "ETag: " + etag + "\r\n"));
  }

  mutable std::mutex mutex_;
  std::map<std::string, std::pair<std::string, std::string>> files_;
  ScriptedOrigin server_;
};

using Paths = std::vector<std::string>;

}  // namespace

TEST_CASE("firmware is fetched once; a restart serves it from the disk cache without asking") {
  TaggedFiles origin;
  origin.put("/apps45.sbn", "firmware", "\"1\"");
  PipelineUnderTest t({origin.url()});
  CHECK(t.get("apps45.sbn") == "firmware");
  CHECK(t.cached("apps45.sbn"));
  t.start();
  CHECK(t.get("apps45.sbn") == "firmware");
  CHECK(t.last.origin == "cache (" + origin.url() + ")");
  CHECK(t.get("APPS45.sbn") == "firmware");  // the same firmware, whatever its case
  CHECK(origin.requests() == 1);
}

TEST_CASE("firmware that was replaced under its name: asked for again when its time has come, from memory or disk") {
  TaggedFiles origin;
  origin.put("/apps45.sbn", "old", "\"1\"");
  PipelineUnderTest t({origin.url()});
  SUBCASE("with the disk cache") {}
  SUBCASE("without") {
    t.use_cache = false;
  }
  CHECK(t.get("apps45.sbn") == "old");
  origin.put("/apps45.sbn", "new", "\"2\"");
  CHECK(t.get("apps45.sbn") == "old");
  CHECK(origin.requests() == 1);
  if (t.use_cache) {
    t.cache.held.at("apps45.sbn").entry.fetched -=
        std::chrono::ceil<std::chrono::milliseconds>(t.options.fetch.revalidate);
  } else {
    t.options.fetch.revalidate = {};
    t.pipeline->reconfigure(t.options);
  }
  CHECK(t.get("apps45.sbn") == "new");
  CHECK(origin.requests() == 2);
}

TEST_CASE("a file that is asked for each time is in memory once, however many take it one after the other") {
  TaggedFiles origin;
  origin.put("/Ring1.raw", "ring", "\"1\"");
  PipelineUnderTest t({origin.url()});
  CHECK(t.get("Ring1.raw") == "ring");
  const auto first = t.open("Ring1.raw");
  REQUIRE(t.wait(first));
  const auto second = t.open("Ring1.raw");
  REQUIRE(t.wait(second));
  CHECK(origin.requests() == 3);
  CHECK(second != first);
  CHECK(second->octets().data() == first->octets().data());
  origin.put("/Ring1.raw", "rang", "\"2\"");
  CHECK(t.get("Ring1.raw") == "rang");
  CHECK(as_text(first->octets()) == "ring");
}

TEST_CASE("a file that its origin sends whole each time is in memory once, as long as its octets are the same") {
  ScriptedOrigin origin([](ScriptedOrigin::Peer& peer, const std::string& head) {
    peer.send(http_ok(path_of(head) == "/Ring1.raw" ? "ring" : "", "ETag: \"1\"\r\n"));
  });
  PipelineUnderTest t({origin.url("/")});
  SUBCASE("with the disk cache") {}
  SUBCASE("without") {
    t.use_cache = false;
  }
  const auto first = t.open("Ring1.raw");
  REQUIRE(t.wait(first));
  const auto second = t.open("Ring1.raw");
  REQUIRE(t.wait(second));
  CHECK(origin.requests().size() == 2);
  CHECK(second != first);
  CHECK(as_text(second->octets()) == "ring");
  CHECK(second->octets().data() == first->octets().data());
}

TEST_CASE("a file that has become empty, shorter or longer is not taken for the one before") {
  TaggedFiles origin;
  PipelineUnderTest t({origin.url()});
  unsigned tag = 0;
  std::vector<ContentPtr> read;
  for (const char* const body : {"ring", "", "rin", "rings", "ring"}) {
    CAPTURE(body);
    origin.put("/Ring1.raw", body, "\"" + std::to_string(++tag) + "\"");
    read.push_back(t.open("Ring1.raw"));
    REQUIRE(t.wait(read.back()));
    CHECK(as_text(read.back()->octets()) == body);
  }
}

TEST_CASE("a clock that was set back makes no copy good for longer") {
  TaggedFiles origin;
  origin.put("/apps45.sbn", "old", "\"1\"");
  PipelineUnderTest t({origin.url()});
  t.get("apps45.sbn");
  origin.put("/apps45.sbn", "new", "\"2\"");
  t.cache.held.at("apps45.sbn").entry.fetched += std::chrono::hours(24);
  CHECK(t.get("apps45.sbn") == "new");
}

TEST_CASE("ring tones, wallpapers and locales that were replaced under their names") {
  PipelineUnderTest t({});
  const Paths names = {"Ring1.raw", "Desktops/320x212x16/logo.png", "German_Germany/be-sip.jar",
                       "Germany/g3-tones.xml"};
  SUBCASE("an origin that gives validators is asked each time, and phones have the kept copy when it is away") {
    auto origin = std::make_unique<TaggedFiles>();
    t.options.origins = {origin->url()};
    for (const std::string& name : names) {
      origin->put("/" + name, "old", "\"1\"");
      CHECK(t.get(name) == "old");
      CHECK(t.get(name) == "old");
      origin->put("/" + name, "new", "\"2\"");
      CHECK(t.get(name) == "new");
    }
    CHECK(origin->requests() == 3 * names.size());
    origin.reset();
    for (const std::string& name : names)
      CHECK(t.get(name) == "new");
  }
  SUBCASE("one that gives none is asked after a while, as the whole file would come each time") {
    Shared<std::string> body("old");
    ScriptedOrigin origin([&](ScriptedOrigin::Peer& peer, const std::string&) { peer.send(http_ok(body.get())); });
    t.options.origins = {origin.url("/")};
    CHECK(t.get(names[0]) == "old");
    body = "new";
    CHECK(t.get(names[0]) == "old");
    t.cache.held.at(names[0]).entry.fetched -= std::chrono::ceil<std::chrono::milliseconds>(t.options.fetch.revalidate);
    CHECK(t.get(names[0]) == "new");
  }
}

TEST_CASE("a live file is asked each time, and comes from the cache when unchanged") {
  TaggedFiles origin;
  origin.put("/dialplan.xml", "one", "\"1\"");
  PipelineUnderTest t({origin.url()});
  CHECK(t.get("dialplan.xml") == "one");
  CHECK(t.get("dialplan.xml") == "one");
  CHECK(t.cache.refreshes == 1);
  CHECK(t.cache.loads == 0);  // it was still in memory
  t.start();
  CHECK(t.get("dialplan.xml") == "one");
  CHECK(t.cache.loads == 1);
  CHECK(t.last.etag == "\"1\"");
  CHECK(t.last.origin == "cache, unchanged at the origin (" + origin.url() + ")");
  origin.put("/dialplan.xml", "two", "\"2\"");
  CHECK(t.get("dialplan.xml") == "two");
  CHECK(origin.requests() == 4);
  origin.remove("/dialplan.xml");
  t.get("dialplan.xml");
  CHECK(t.error == Errc::not_found);
  CHECK_FALSE(t.cached("dialplan.xml"));
}

TEST_CASE("an entity tag is shown only to the origin that gave it") {
  TaggedFiles a, b;
  a.put("/dialplan.xml", "from a", "\"1\"");
  b.put("/dialplan.xml", "from b", "\"1\"");
  PipelineUnderTest t({b.url()});
  CHECK(t.get("dialplan.xml") == "from b");
  t.options.origins = {a.url(), b.url()};
  t.start();
  CHECK(t.get("dialplan.xml") == "from a");
}

TEST_CASE("a kept copy that is damaged is fetched again") {
  TaggedFiles origin;
  origin.put("/dialplan.xml", "one", "\"1\"");
  origin.put("/apps45.sbn", "firmware", "\"1\"");
  PipelineUnderTest t({origin.url()});
  t.get("dialplan.xml");
  t.get("apps45.sbn");
  t.start();
  t.cache.held.at("dialplan.xml").damaged = true;
  t.cache.held.at("apps45.sbn").damaged = true;
  CHECK(t.get("dialplan.xml") == "one");
  CHECK(t.get("apps45.sbn") == "firmware");
  CHECK(origin.requests() == 5);  // asked, unchanged, asked whole; asked twice
}

TEST_CASE("missing files are remembered, configs only for a moment, and a miss costs one request") {
  TaggedFiles origin;
  PipelineUnderTest t({origin.url()});
  t.options.drop_trust_lists = false;
  for (int i = 0; i < 5; ++i)
    t.get("CTLSEP001122334455.tlv");
  CHECK(t.error == Errc::not_found);
  CHECK(origin.requests() == 1);
  t.get("SEP001122334455.cnf.xml");
  CHECK(t.error == Errc::not_found);
  origin.put("/SEP001122334455.cnf.xml", "<device/>", "\"1\"");
  REQUIRE(t.loop.run_until([&] { return t.get("SEP001122334455.cnf.xml") == "<device/>"; }, 20s));
}

TEST_CASE("trust lists are not even asked for, unless they are let through") {
  TaggedFiles origin;
  origin.put("/CTLSEP001122334455.tlv", "keys", "\"1\"");
  PipelineUnderTest t({origin.url()});
  t.get("CTLSEP001122334455.tlv");
  CHECK(t.error == Errc::not_found);
  t.get("ITLFile.tlv");
  CHECK(t.error == Errc::not_found);
  CHECK(origin.requests() == 0);
  t.options.drop_trust_lists = false;
  t.pipeline->reconfigure(t.options);
  CHECK(t.get("CTLSEP001122334455.tlv") == "keys");
}

TEST_CASE("another spelling is found in a few requests, and known from then on") {
  TaggedFiles origin;
  origin.put("/Ringlist.xml", "<CiscoIPPhoneRingList/>", "\"1\"");
  PipelineUnderTest t({origin.url()});
  CHECK(t.get("RINGLIST.XML") == "<CiscoIPPhoneRingList/>");
  CHECK(origin.paths() == Paths{"/RINGLIST.XML", "/Ringlist.xml"});
  CHECK(t.cached("Ringlist.xml"));
  CHECK(t.get("RINGLIST.XML") == "<CiscoIPPhoneRingList/>");
  CHECK(origin.requests() == 3);
  t.get("Some.Odd.NAME");
  CHECK(t.error == Errc::not_found);
  CHECK(origin.requests() <= 3 + 4);
}

TEST_CASE("the exact name is preferred, and the copy in another case still stands in for an outage") {
  TaggedFiles origin;
  origin.put("/Custom.xml", "real", "\"1\"");
  PipelineUnderTest t({origin.url()});
  t.keep("custom.XML", "kept", "http://elsewhere/");
  CHECK(t.get("Custom.xml") == "real");
  PipelineUnderTest down({"http://127.0.0.1:1/"});
  down.keep("custom.XML", "kept", "http://elsewhere/");
  CHECK(down.get("Custom.xml") == "kept");
}

TEST_CASE("a config is rewritten for the address that was asked, and the cache keeps the origin's octets") {
  TaggedFiles origin;
  const std::string config =
      "<device><devicePool><callManagerGroup><members><member priority=\"0\"><callManager><ports>"
      "<ethernetPhonePort>2000</ethernetPhonePort></ports><processNodeName>pbx.example.net</processNodeName>"
      "</callManager></member></members></callManagerGroup></devicePool></device>";
  origin.put("/SEP001122334455.cnf.xml", config, "\"1\"");
  PipelineUnderTest t({origin.url()});
  const std::string rewritten = t.get("SEP001122334455.cnf.xml");
  CHECK(rewritten.find("<processNodeName>192.0.2.1</processNodeName>") != std::string::npos);
  CHECK(rewritten.find("pbx.example.net") == std::string::npos);
  CHECK(t.last.etag.starts_with("\"rw-"));
  CHECK(t.last.last_modified.empty());
  CHECK(t.last.size == rewritten.size());
  CHECK(t.last.origin == "rewrite of " + origin.url());
  CHECK(as_text(t.cache.held.at("SEP001122334455.cnf.xml").octets) == config);
  REQUIRE(t.notes.size() == 1);
  CHECK(t.notes[0].first == "SEP001122334455.cnf.xml");
  CHECK(t.notes[0].second.changed);
  const std::string tag = t.last.etag;
  CHECK(t.get("SEP001122334455.cnf.xml") == rewritten);
  CHECK(t.last.etag == tag);
  t.options.advertise = "edge.example.net";
  t.pipeline->reconfigure(t.options);
  CHECK(t.get("SEP001122334455.cnf.xml").find("edge.example.net") != std::string::npos);
  CHECK(t.last.etag != tag);
  t.options.rewrite = false;
  t.pipeline->reconfigure(t.options);
  CHECK(t.get("SEP001122334455.cnf.xml") == config);
}

TEST_CASE("what can't be rewritten goes out as it came, with a note") {
  TaggedFiles origin;
  origin.put("/SEP001122334455.cnf.xml", "<device><broken", "\"1\"");
  PipelineUnderTest t({origin.url()});
  CHECK(t.get("SEP001122334455.cnf.xml") == "<device><broken");
  REQUIRE(t.notes.size() == 1);
  CHECK_FALSE(t.notes[0].second.changed);
  REQUIRE_FALSE(t.notes[0].second.notes.empty());
  CHECK(is_passed(t.notes[0].second.notes[0].code));
}

TEST_CASE("a config that needs no change is in memory once, however many phones take it") {
  TaggedFiles origin;
  origin.put("/SEP001122334455.cnf.xml", "<device><broken", "\"1\"");
  PipelineUnderTest t({origin.url()});
  const auto first = t.open("SEP001122334455.cnf.xml");
  REQUIRE(t.wait(first));
  const auto second = t.open("SEP001122334455.cnf.xml");
  REQUIRE(t.wait(second));
  CHECK(second != first);
  CHECK(second->octets().data() == first->octets().data());
}

TEST_CASE("a config brings its firmware, a manifest its parts, a list its files, before a phone asks") {
  const TempDir dir;
  write_file(dir.path() / "SEP001122334455.cnf.xml",
             "<device><loadInformation>SCCP45.9-4-2SR4-3S</loadInformation></device>");
  write_file(dir.path() / "SCCP45.9-4-2SR4-3S.loads",
             "# parts\r\njar45sccp.9-4-2SR4-3.sbn\r\ncnu45.9-4-2SR4-3.sbn \r\n");
  write_file(dir.path() / "jar45sccp.9-4-2SR4-3.sbn", "jar");
  write_file(dir.path() / "cnu45.9-4-2SR4-3.sbn", "cnu");
  write_file(dir.path() / "Ringlist.xml",
             "<CiscoIPPhoneRingList><Ring><DisplayName>A</DisplayName><FileName>a.raw</FileName></Ring>"
             "<Ring><DisplayName>B</DisplayName><FileName>missing.raw</FileName></Ring></CiscoIPPhoneRingList>");
  write_file(dir.path() / "a.raw", "ring");
  PipelineUnderTest t({"file://" + dir.path().string()});
  t.get("SEP001122334455.cnf.xml");
  REQUIRE(t.loop.run_until(
      [&] {
        return t.cached("SCCP45.9-4-2SR4-3S.loads") && t.cached("jar45sccp.9-4-2SR4-3.sbn") &&
               t.cached("cnu45.9-4-2SR4-3.sbn");
      },
      20s));
  t.get("Ringlist.xml");
  REQUIRE(t.loop.run_until([&] { return t.cached("a.raw") && t.pipeline->flights() == 0; }, 20s));
  CHECK_FALSE(t.cached("missing.raw"));
  const auto requests = t.pipeline->origin_status()[0].requests;
  CHECK(t.get("jar45sccp.9-4-2SR4-3.sbn") == "jar");
  CHECK(t.pipeline->origin_status()[0].requests == requests);
}

TEST_CASE("nothing is prefetched when it is switched off, or nothing would keep it") {
  for (const bool off : {true, false}) {
    const TempDir dir;
    write_file(dir.path() / "x.loads", "part.sbn\n");
    write_file(dir.path() / "part.sbn", "part");
    PipelineUnderTest t({"file://" + dir.path().string()});
    t.options.prefetch.enable = !off;
    t.cache.on = off;
    t.get("x.loads");
    bool later = false;
    t.loop.post([&] { later = true; });
    REQUIRE(t.loop.run_until([&] { return later; }, 10s));
    CHECK(t.pipeline->flights() == 0);
    CHECK_FALSE(t.cached("part.sbn"));
  }
}
