#include <algorithm>

#include "tests/loop/tftp_proxy/pipeline_fixture.hpp"

/// Pipeline::refresh: a file that a person has fetched again.
using namespace dw;
using namespace dw::test;

namespace {

constexpr const char* kFirmware = "apps45.sbn";  // never asked for again by itself

/// An origin with one file, or none, or that breaks off; says 304 to a validator as long as the tag holds.
class OneFile {
 public:
  OneFile() : server_([this](ScriptedOrigin::Peer& peer, const std::string& head) { answer(peer, head); }) {}
  void holds(std::string body) { body_ = std::optional(std::move(body)); }
  void gone() { body_ = std::optional<std::string>(); }
  void breaks_off(bool yes) { breaks_off_ = yes; }
  std::string url() const { return server_.url("/"); }
  std::size_t requests() const { return server_.requests().size(); }
  bool was_shown_a_tag() const {
    return std::ranges::any_of(server_.requests(),
                               [](const std::string& head) { return head.find("If-None-Match") != head.npos; });
  }

 private:
  void answer(ScriptedOrigin::Peer& peer, const std::string& head) {
    const auto body = body_.get();
    if (!body || path_of(head) != std::string("/") + kFirmware) return peer.send(http_status(404));
    if (breaks_off_.get()) return peer.send("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\nETag: \"1\"\r\n\r\n" + *body);
    if (head.find("If-None-Match: \"1\"") != head.npos) return peer.send("HTTP/1.1 304 X\r\nETag: \"1\"\r\n\r\n");
    peer.send(http_ok(*body, "ETag: \"1\"\r\n"));
  }

  Shared<std::optional<std::string>> body_;
  Shared<bool> breaks_off_;
  ScriptedOrigin server_;
};

std::string kept(const PipelineUnderTest& t, const std::string& name) {
  const auto held = t.cache.held.find(name);
  return held == t.cache.held.end() ? "" : std::string(as_text(held->second.octets));
}

}  // namespace

TEST_CASE("refresh: firmware that is kept in memory and on disk is fetched again, whatever its tag says") {
  OneFile origin;
  origin.holds("old");
  PipelineUnderTest t({origin.url()});
  CHECK(t.get(kFirmware) == "old");
  origin.holds("new");  // under the same tag: an administrator who put it there by hand
  CHECK(t.get(kFirmware) == "old");
  const ContentPtr content = t.pipeline->refresh(kFirmware);
  REQUIRE(t.wait(content));
  CHECK(as_text(content->octets()) == "new");
  CHECK(content->meta().origin == origin.url());
  CHECK_FALSE(origin.was_shown_a_tag());
  CHECK(kept(t, kFirmware) == "new");
  CHECK(t.get(kFirmware) == "new");
  CHECK(origin.requests() == 2);
}

TEST_CASE("refresh: a file that was missing a moment ago is asked for again") {
  OneFile origin;
  PipelineUnderTest t({origin.url()});
  t.get(kFirmware);
  REQUIRE(t.error == Errc::not_found);
  origin.holds("come");
  t.get(kFirmware);
  REQUIRE(t.error == Errc::not_found);  // still believed
  const ContentPtr content = t.pipeline->refresh(kFirmware);
  REQUIRE(t.wait(content));
  CHECK(as_text(content->octets()) == "come");
  CHECK(t.get(kFirmware) == "come");
}

TEST_CASE("refresh: what is kept stays when the origin turns out to be down, breaks off, or is known to be down") {
  OneFile origin;
  origin.holds("kept");
  PipelineUnderTest t({"http://127.0.0.1:1/"});
  t.keep(kFirmware, "kept", "http://127.0.0.1:1/", "\"1\"");
  t.start();
  for (int i = 0; i < 2; ++i) {  // nobody knows that it is down; then it is known
    const ContentPtr content = t.pipeline->refresh(kFirmware);
    REQUIRE(t.wait(content));
    REQUIRE(content->state() == Content::State::failed);
    CHECK(content->error().code == Errc::unavailable);
    CHECK(kept(t, kFirmware) == "kept");
    CHECK(t.get(kFirmware) == "kept");
  }
  t.options.origins = {origin.url()};
  t.pipeline->reconfigure(t.options);
  origin.breaks_off(true);
  const ContentPtr content = t.pipeline->refresh(kFirmware);
  REQUIRE(t.wait(content));
  CHECK(content->state() == Content::State::failed);
  CHECK(kept(t, kFirmware) == "kept");
  CHECK(t.get(kFirmware) == "kept");
}

TEST_CASE("refresh: what the origin has no more goes") {
  OneFile origin;
  origin.holds("old");
  PipelineUnderTest t({origin.url()});
  CHECK(t.get(kFirmware) == "old");
  origin.gone();
  const ContentPtr content = t.pipeline->refresh(kFirmware);
  REQUIRE(t.wait(content));
  REQUIRE(content->state() == Content::State::failed);
  CHECK(content->error().code == Errc::not_found);
  CHECK(kept(t, kFirmware).empty());
  t.get(kFirmware);
  CHECK(t.error == Errc::not_found);
}

TEST_CASE("refresh: by the name that a phone uses, the file that the origin spells otherwise") {
  const TempDir dir;
  write_file(dir.path() / "Ringlist.xml", "<CiscoIPPhoneRingList/>");
  PipelineUnderTest t({"file://" + dir.path().string()});
  CHECK(t.get("RINGLIST.XML") == "<CiscoIPPhoneRingList/>");
  write_file(dir.path() / "Ringlist.xml", "<CiscoIPPhoneRingList><Ring/></CiscoIPPhoneRingList>");
  const ContentPtr content = t.pipeline->refresh("RINGLIST.XML");
  REQUIRE(t.wait(content));
  CHECK(as_text(content->octets()) == "<CiscoIPPhoneRingList><Ring/></CiscoIPPhoneRingList>");
  CHECK(kept(t, "Ringlist.xml") == as_text(content->octets()));
}

TEST_CASE("refresh: without an origin nothing is thrown away") {
  PipelineUnderTest t({});
  t.keep(kFirmware, "kept", "http://elsewhere/");
  t.start();
  const ContentPtr content = t.pipeline->refresh(kFirmware);
  REQUIRE(content->state() == Content::State::failed);
  CHECK(content->error().code == Errc::unavailable);
  CHECK(kept(t, kFirmware) == "kept");
}
