#include <sys/stat.h>

#include "tests/loop/tftp_proxy/origin_fixture.hpp"

using namespace dw;
using namespace dw::test;
namespace fs = std::filesystem;

namespace {

struct Tree {
  Tree() {
    write_file(dir.path() / "tree/SEP001122334455.cnf.xml", "<device/>");
    write_file(dir.path() / "tree/Desktops/320x212x16/List.xml", "<x/>");
    write_file(dir.path() / "secret", "outside");
  }
  std::unique_ptr<Origin> origin(Origin::Options options = {}) {
    return make_directory_origin(loop, parse_origin("file://" + (dir.path() / "tree").string()).value(), options);
  }
  Fetched get(const std::string& name, const std::string& etag = {}) {
    const auto o = origin();
    return fetch(loop, *o, {name, etag, {}});
  }
  net::Loop loop;
  TempDir dir;
};

}  // namespace

TEST_CASE("files of a directory, exact first, then in any case") {
  Tree t;
  Fetched f = t.get("SEP001122334455.cnf.xml");
  CHECK(f.complete());
  CHECK(f.octets == "<device/>");
  CHECK(f.meta.size == 9);
  CHECK(f.meta.last_modified.ends_with(" GMT"));
  f = t.get("sep001122334455.CNF.xml");
  CHECK(f.octets == "<device/>");
  CHECK(f.real == "SEP001122334455.cnf.xml");
  f = t.get("DESKTOPS/320x212x16/LIST.XML");
  CHECK(f.real == "Desktops/320x212x16/List.xml");
  write_file(t.dir.path() / "tree/sep001122334455.CNF.xml", "other");
  CHECK(t.get("sep001122334455.CNF.xml").octets == "other");
  CHECK(t.get("none.xml").error() == Errc::not_found);
  CHECK(t.get("SEP001122334455.cnf.xml/x").error() == Errc::not_found);
  CHECK(t.get("Desktops").error() == Errc::not_found);
}

TEST_CASE("a config that is not there: those whose MAC is one typo away are named") {
  Tree t;
  write_file(t.dir.path() / "tree/SEP00112233446.cnf.xml", "<device/>");
  write_file(t.dir.path() / "tree/SEP0011223344560.cnf.xml", "<device/>");
  CHECK(t.get("SEP001122334456.cnf.xml").near ==
        std::vector<std::string>{"SEP001122334455.cnf.xml", "SEP0011223344560.cnf.xml", "SEP00112233446.cnf.xml"});
  CHECK(t.get("SEP00AA22334456.cnf.xml").near.empty());
  CHECK(t.get("none.xml").near.empty());
  CHECK(t.get("SEP001122334455.cnf.xml").near.empty());
  for (const char c : std::string_view("0123456789abcdefghijklmnopqrstuvwxyz")) {
    write_file(t.dir.path() / (std::string("tree/SEP0011223344") + c + "9.cnf.xml"), "x");
    write_file(t.dir.path() / (std::string("tree/SEP00112233445") + c + ".cnf.xml"), "x");
  }
  std::filesystem::remove(t.dir.path() / "tree/SEP001122334459.cnf.xml");
  CHECK(t.get("SEP001122334459.cnf.xml").near.size() == OriginEnd::kMaxNear);
}

TEST_CASE("an entity tag that still holds spares the reading; a changed file has another") {
  Tree t;
  const Fetched first = t.get("SEP001122334455.cnf.xml");
  REQUIRE_FALSE(first.meta.etag.empty());
  CHECK(t.get("SEP001122334455.cnf.xml", first.meta.etag).unchanged());
  write_file(t.dir.path() / "tree/SEP001122334455.cnf.xml", "<device>new</device>");
  const Fetched second = t.get("SEP001122334455.cnf.xml", first.meta.etag);
  CHECK(second.complete());
  CHECK(second.octets == "<device>new</device>");
}

TEST_CASE("no name and no link leads out of the directory") {
  Tree t;
  fs::create_symlink(t.dir.path() / "secret", t.dir.path() / "tree/link");
  fs::create_symlink("..", t.dir.path() / "tree/up");
  fs::create_symlink(t.dir.path(), t.dir.path() / "tree/Away");
  fs::create_directories(t.dir.path() / "tree/deep");
  fs::create_symlink("../../secret", t.dir.path() / "tree/deep/out");
  fs::create_symlink("loop", t.dir.path() / "tree/loop");
  fs::create_symlink("loop2", t.dir.path() / "tree/loop2");
  for (const char* name :
       {"../secret", "Desktops/../../secret", "link", "up/secret", "deep/out", "loop", "loop2/x", "Away/secret",
        "AWAY/secret", "/etc/passwd", "..", "", "Desktops//List.xml", "./SEP001122334455.cnf.xml"}) {
    CAPTURE(name);
    const Fetched f = t.get(name);
    CHECK_FALSE(f.found);
    CHECK(f.error());
  }
}

TEST_CASE("links that stay in the directory are followed, and the file keeps the name that was asked") {
  Tree t;
  const fs::path tree = t.dir.path() / "tree";
  write_file(tree / "firmware/45/apps45.sbn", "firmware");
  fs::create_symlink("firmware/45/apps45.sbn", tree / "apps45.sbn");
  fs::create_symlink(tree / "firmware", tree / "Loads");
  fs::create_symlink("../../Loads/45/../45", tree / "firmware/45/here");
  fs::create_symlink("apps45.sbn", tree / "twice.sbn");
  for (const char* name : {"apps45.sbn", "Loads/45/apps45.sbn", "firmware/45/here/apps45.sbn", "twice.sbn"}) {
    CAPTURE(name);
    const Fetched f = t.get(name);
    CHECK(f.complete());
    CHECK(f.octets == "firmware");
    CHECK(f.real == name);
  }
  CHECK(t.get("LOADS/45/APPS45.SBN").real == "Loads/45/apps45.sbn");
  CHECK(t.get("loads/45/none.sbn").error() == Errc::not_found);
}

TEST_CASE("only regular files are read, and no FIFO is waited for") {
  Tree t;
  REQUIRE(::mkfifo((t.dir.path() / "tree/pipe.xml").c_str(), 0600) == 0);
  CHECK(t.get("pipe.xml").error() == Errc::not_found);
}

TEST_CASE("a directory that is not there is an outage, not a missing file") {
  net::Loop loop;
  const auto origin = make_directory_origin(loop, parse_origin("file:///nonexistent/dropwire").value(), {});
  const Fetched f = fetch(loop, *origin, {"x", {}, {}});
  CHECK(f.error() == Errc::unavailable);
  CHECK_FALSE(f.reached);
}

TEST_CASE("an empty file is a file; one beyond the bound is not read") {
  Tree t;
  write_file(t.dir.path() / "tree/empty", "");
  const Fetched f = t.get("empty");
  CHECK(f.complete());
  CHECK(f.octets.empty());
  Origin::Options options;
  options.max_file = 8;
  const auto small = t.origin(options);
  CHECK(fetch(t.loop, *small, {"SEP001122334455.cnf.xml", {}, {}}).error() == Errc::too_long);
}

TEST_CASE("a fetch from a directory that is dropped calls nobody") {
  Tree t;
  const auto origin = t.origin();
  Fetched f;
  auto running = origin->fetch({"SEP001122334455.cnf.xml", {}, {}}, f.callbacks());
  running.reset();
  bool later = false;
  t.loop.work([] {}, [&] { later = true; });
  REQUIRE(t.loop.run_until([&] { return later; }, 10s));
  CHECK_FALSE(f.ended);
}
