#include "tftp-proxy/tftp_ports.hpp"

#include <doctest/doctest.h>

using namespace dw;
using namespace dw::provisioning;

TEST_CASE("a mapped port is one download's at a time, and who waits gets the next that is free") {
  net::Loop loop;
  const auto ports = std::make_shared<TftpPorts>(loop);
  CHECK_FALSE(ports->any());
  CHECK(ports->take() == nullptr);
  ports->set({19999, 19998});
  auto one = ports->take(), two = ports->take();
  REQUIRE(one);
  REQUIRE(two);
  CHECK(one->port() == 19999);
  CHECK(two->port() == 19998);
  CHECK(ports->take() == nullptr);
  int called = 0;
  auto gone = std::make_shared<int>(0);
  const auto alive = std::make_shared<int>(0);
  ports->when_free(gone, [&] { called += 100; });
  ports->when_free(alive, [&] { ++called; });
  gone.reset();
  one.reset();
  CHECK(called == 0);  // from the loop alone
  loop.run_until([&] { return called > 0; }, std::chrono::seconds(5));
  CHECK(called == 1);
  CHECK(ports->take()->port() == 19999);
}

TEST_CASE("when the router takes its ports back nobody waits for one, and what was taken stays until its end") {
  net::Loop loop;
  const auto ports = std::make_shared<TftpPorts>(loop);
  ports->set({19999});
  const auto held = ports->take();
  int called = 0;
  const auto alive = std::make_shared<int>(0);
  ports->when_free(alive, [&] { ++called; });
  ports->when_free(alive, [&] { ++called; });
  ports->set({});
  loop.run_until([&] { return called == 2; }, std::chrono::seconds(5));
  CHECK(called == 2);
  CHECK(ports->take() == nullptr);
  ports->set({19999});
  CHECK(ports->take() == nullptr);  // still held
}
