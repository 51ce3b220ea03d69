#include "sbc/daemon/shutdown.hpp"

#include <doctest/doctest.h>

#include <cstdlib>

using namespace dw;

namespace {

struct Ending {
  net::Loop loop;
  WireTap tap;
  net::AccessGate gate;
  Fronts fronts{tap, gate};
  conf::Loaded loaded;
  int last = 0;
  bool timed_out = false;
  bool holds = false;  ///< what comes last takes its time
  Shutdown shutdown{loop, fronts, loaded, [this](const std::function<void()>& done) {
                      ++last;
                      if (!holds) done();
                    }};
  net::Timer patience{loop, [this] { timed_out = true; }};

  /// Until the loop is stopped.
  void run() {
    patience.arm_after(std::chrono::seconds(20));
    loop.run();
    CHECK_FALSE(timed_out);
  }
};

}  // namespace

TEST_CASE("without transfers and calls the daemon ends at once, and what comes last comes once") {
  Ending e;
  e.loop.post([&] { e.shutdown.begin(); });
  CHECK_FALSE(e.shutdown.has_begun());
  e.run();
  CHECK(e.shutdown.has_begun());
  CHECK(e.last == 1);
  CHECK_FALSE(e.shutdown.is_restart());
}

TEST_CASE("who asks a second time ends the daemon at once") {
  Ending e;
  e.holds = true;
  e.loop.post([&] { e.shutdown.begin(); });
  e.loop.post([&] { e.shutdown.begin(); });
  e.run();
  CHECK(e.last == 1);
}

TEST_CASE("a restart needs a service manager that starts it again, and a daemon that is not ending") {
  Ending e;
  ::unsetenv("NOTIFY_SOCKET");
  CHECK(e.shutdown.restart().status == 409);
  CHECK_FALSE(e.shutdown.is_restart());
  ::setenv("NOTIFY_SOCKET", "/nonexistent/notify", 1);
  CHECK(e.shutdown.restart().status == 200);
  CHECK(e.shutdown.is_restart());
  CHECK_FALSE(e.shutdown.has_begun());  // the answer leaves first
  e.run();
  CHECK(e.shutdown.has_begun());
  CHECK(e.shutdown.restart().status == 409);
  ::unsetenv("NOTIFY_SOCKET");
}
