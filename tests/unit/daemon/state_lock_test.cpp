#include "sbc/daemon/state_lock.hpp"

#include <doctest/doctest.h>

#include <filesystem>

using namespace dw;
namespace fs = std::filesystem;

namespace {

/// An empty directory of its own, gone with it.
struct LockedFolder {
  std::string path = (fs::temp_directory_path() / "dropwire-lock-XXXXXX").string();
  LockedFolder() { REQUIRE(mkdtemp(path.data()) != nullptr); }
  ~LockedFolder() { fs::remove_all(path); }
};

}  // namespace

TEST_CASE("state directory: a second daemon is refused with a sentence that says what to do, until the first is gone") {
  const LockedFolder folder;
  {
    const auto first = StateLock::take(folder.path);
    REQUIRE(first);
    CHECK(first->held());
    const auto second = StateLock::take(folder.path);
    REQUIRE_FALSE(second);
    CHECK(second.error().text.find(folder.path) != std::string::npos);
    CHECK(second.error().text.find("state.dir") != std::string::npos);
  }
  CHECK(StateLock::take(folder.path)->held());
}

TEST_CASE("state directory: one that can't be made is no reason not to run") {
  const auto none = StateLock::take("/proc/no/such/place");
  REQUIRE(none);
  CHECK_FALSE(none->held());
}
