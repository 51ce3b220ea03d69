#include "sbc/store/worker.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <future>
#include <optional>
#include <vector>

using namespace dw;
using dw::store::Worker;
using namespace std::chrono_literals;

namespace {

/// Blocks the worker's thread until it is released.
struct Gate {
  std::promise<void> open;
  std::shared_future<void> opened = open.get_future().share();
  std::promise<void> reached;
  void hold(Worker& worker) {
    REQUIRE(worker.post([this] {
      reached.set_value();
      opened.wait();
    }));
    reached.get_future().wait();
  }
};

}  // namespace

TEST_CASE("jobs run in order on another thread, and done comes on the loop") {
  net::Loop loop;
  Worker worker(loop);
  std::vector<int> ran, done;
  const auto here = std::this_thread::get_id();
  for (int i = 0; i < 100; ++i) {
    REQUIRE(worker.post(
        [&, i] {
          if (std::this_thread::get_id() != here) ran.push_back(i);
        },
        [&, i] {
          if (std::this_thread::get_id() == here) done.push_back(i);
        }));
  }
  REQUIRE(loop.run_until([&] { return done.size() == 100; }, 10s));
  CHECK(std::ranges::is_sorted(ran));
  CHECK(ran.size() == 100);
  CHECK(std::ranges::is_sorted(done));
}

TEST_CASE("a full queue drops the oldest droppable job, and refuses if there is none") {
  net::Loop loop;
  Gate gate;
  std::vector<int> ran;
  {
    Worker worker(loop, {.max_queue = 3});
    gate.hold(worker);
    const auto add = [&](int n, Worker::Weight weight) {
      return worker.post([&ran, n] { ran.push_back(n); }, {}, weight);
    };
    CHECK(add(1, Worker::Weight::needed));
    CHECK(add(2, Worker::Weight::droppable));
    CHECK(add(3, Worker::Weight::droppable));
    CHECK(add(4, Worker::Weight::needed));     // drops 2
    CHECK(add(5, Worker::Weight::droppable));  // drops 3
    CHECK(add(6, Worker::Weight::needed));     // drops 5
    CHECK(!add(7, Worker::Weight::needed));
    CHECK(!add(8, Worker::Weight::droppable));
    CHECK(worker.stats().dropped == 3);
    CHECK(worker.stats().refused == 2);
    CHECK(worker.stats().waiting == 3);
    gate.open.set_value();
  }
  CHECK(ran == std::vector{1, 4, 6});
}

TEST_CASE("destroying it runs queued jobs, but no done afterwards") {
  net::Loop loop;
  std::atomic<int> ran = 0;
  int ended = 0;
  {
    Worker worker(loop);
    for (int i = 0; i < 50; ++i)
      REQUIRE(worker.post([&] { ++ran; }, [&] { ++ended; }));
  }
  CHECK(ran == 50);
  (void)loop.run_until([] { return false; }, 20ms);
  CHECK(ended == 0);
}

TEST_CASE("a job's captures are destroyed on the loop's thread") {
  net::Loop loop;
  std::optional<std::thread::id> freed_on;
  struct Note {
    std::optional<std::thread::id>& where;
    ~Note() { where = std::this_thread::get_id(); }
  };
  Worker worker(loop);
  auto note = std::make_shared<Note>(freed_on);
  bool ended = false;
  REQUIRE(worker.post([note] {}, [&ended] { ended = true; }));
  note.reset();
  REQUIRE(loop.run_until([&] { return ended && freed_on; }, 10s));
  CHECK(*freed_on == std::this_thread::get_id());
}
