#include "tests/loop/tftp_proxy/origin_fixture.hpp"
#include "tests/loop/tftp_proxy/tftp_origin_peer.hpp"

using namespace dw;
using namespace dw::test;

namespace {

std::unique_ptr<Origin> origin_at(net::Loop& loop, const std::string& url, Origin::Options options = {}) {
  return make_tftp_origin(loop, parse_origin(url).value(), options);
}

}  // namespace

TEST_CASE("a TFTP origin with options: window 16, blksize 1428, byte-exact") {
  net::Loop loop;
  const std::string file = some_octets(300'000);
  const TftpOriginPeer peer({{"phones/apps.sbn", file}});
  const auto origin = origin_at(loop, peer.url() + "phones/");
  const Fetched f = fetch(loop, *origin, {"apps.sbn", {}, {}});
  CHECK(f.complete());
  CHECK(f.octets == file);
  CHECK(f.meta.size == file.size());
  CHECK(f.meta.origin == peer.url() + "phones/");
  CHECK(f.reached);
}

TEST_CASE("a TFTP origin that knows no options, or refuses them") {
  net::Loop loop;
  const std::string file = some_octets(5'120);
  for (const bool refuses : {false, true}) {
    TftpOriginPeer::Behaviour b;
    b.options = false;
    b.refuse_options = refuses;
    const TftpOriginPeer peer({{"f", file}}, b);
    const auto origin = origin_at(loop, peer.url());
    const Fetched f = fetch(loop, *origin, {"f", {}, {}});
    CHECK(f.complete());
    CHECK(f.octets == file);
    CHECK_FALSE(f.meta.size);
    CHECK(peer.asked().size() == (refuses ? 2 : 1));
    CHECK(fetch(loop, *origin, {"f", {}, {}}).complete());  // who refused options is asked without from then on
    CHECK(peer.asked().size() == (refuses ? 3 : 2));
  }
}

TEST_CASE("a TFTP origin without the file, and one that changes the options") {
  net::Loop loop;
  TftpOriginPeer::Behaviour b;
  b.extra_oack = std::string("timeout\0001\0", 10);
  const TftpOriginPeer peer({{"f", std::string("x")}}, b);
  const auto origin = origin_at(loop, peer.url());
  Fetched f = fetch(loop, *origin, {"none", {}, {}});
  CHECK(f.error() == Errc::not_found);
  CHECK(f.reached);
  f = fetch(loop, *origin, {"f", {}, {}});
  CHECK(f.error() == Errc::unavailable);
  CHECK_FALSE(f.found);
}

TEST_CASE("a TFTP origin that is silent, dies or gives up in the middle") {
  net::Loop loop;
  Origin::Options options;
  options.connect_timeout = 600ms;
  options.stall_timeout = 700ms;
  const std::string file = some_octets(100'000);
  TftpOriginPeer::Behaviour silent;
  silent.silent = true;
  {
    const TftpOriginPeer peer({{"f", file}}, silent);
    const auto origin = origin_at(loop, peer.url(), options);
    const Fetched f = fetch(loop, *origin, {"f", {}, {}});
    CHECK(f.error() == Errc::unavailable);
    CHECK_FALSE(f.reached);
    CHECK_FALSE(f.found);
  }
  TftpOriginPeer::Behaviour dies;
  dies.die_after = 16;
  TftpOriginPeer::Behaviour errs;
  errs.error_after = 16;
  for (const auto& behaviour : {dies, errs}) {
    const TftpOriginPeer peer({{"f", file}}, behaviour);
    const auto origin = origin_at(loop, peer.url(), options);
    const Fetched f = fetch(loop, *origin, {"f", {}, {}});
    CHECK(f.found);
    CHECK(f.error() == Errc::unavailable);
    CHECK(f.reached);
    CHECK(file.starts_with(f.octets));
    CHECK(f.octets.size() == 16 * 1428);
  }
}

TEST_CASE("a second answer from another TID gets ERROR 5 and brings no octet") {
  net::Loop loop;
  TftpOriginPeer::Behaviour b;
  b.answer_twice = true;
  const std::string file = some_octets(40'000);
  const TftpOriginPeer peer({{"f", file}}, b);
  const auto origin = origin_at(loop, peer.url());
  const Fetched f = fetch(loop, *origin, {"f", {}, {}});
  CHECK(f.complete());
  CHECK(f.octets == file);
  CHECK(peer.unknown_tid_errors() == 1);
}

TEST_CASE("a TFTP fetch that is dropped tells the server, and nothing is called any more") {
  net::Loop loop;
  const TftpOriginPeer peer({{"f", some_octets(3'000'000)}});
  const auto origin = origin_at(loop, peer.url());
  std::unique_ptr<OriginFetch> running;
  int calls = 0;
  OriginCallbacks c;
  c.on_found = [&](ContentMeta, const std::string&) {};
  c.on_octets = [&](Bytes) {
    ++calls;
    running.reset();  // in its own callback
  };
  c.on_end = [&](OriginEnd) { ++calls; };
  running = origin->fetch({"f", {}, {}}, std::move(c));
  REQUIRE(loop.run_until([&] { return peer.other_errors() == 1; }, 10s));
  CHECK(calls == 1);
}

TEST_CASE("a TFTP origin goes away while a fetch runs, and while one dallies") {
  net::Loop loop;
  const std::string file = "short";
  const TftpOriginPeer peer({{"f", file}});
  auto origin = origin_at(loop, peer.url());
  const Fetched f = fetch(loop, *origin, {"f", {}, {}});
  CHECK(f.complete());
  origin.reset();
  origin = origin_at(loop, "tftp://127.0.0.1:9/");
  Fetched never;
  const auto running = origin->fetch({"f", {}, {}}, never.callbacks());
}
