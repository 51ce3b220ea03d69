#include "sbc/daemon/admin_page.hpp"

#include <doctest/doctest.h>

#include <fstream>
#include <optional>

#include "sbc/daemon/admin_access.hpp"
#include "tests/loop/store/temp_dir.hpp"

/// To whom the box belongs, where its page listens, and what is changed there: with real files and a listener on
/// loopback.
using namespace dw;

namespace {

constexpr Duration kPatience = std::chrono::seconds(20);

struct PageBox {
  explicit PageBox(std::vector<std::string> more = {}) {
    std::vector<std::string> set = {"state.dir=" + dir.path().string(), "admin.listen=127.0.0.1:0", "admin.socket="};
    set.insert(set.end(), more.begin(), more.end());
    const std::string file = (dir.path() / "dropwire.toml").string();
    std::ofstream(file) << "";
    loaded = conf::load({file, std::move(set), {}});
    REQUIRE(loaded.ok());
  }
  void start(const admin::Credentials& credentials = {}) {
    page = std::make_unique<AdminPage>(loop, loaded, credentials,
                                       AdminPage::Hooks{[this] {
                                                          ++reloads;
                                                          return outcome;
                                                        },
                                                        [] {
                                                          return admin::Outcome{200, "restarts"};
                                                        }});
    page->start({});
    REQUIRE(page->listen());
  }
  /// What became of a change, once it is known.
  admin::Outcome change(const admin::PageChange& wanted) {
    std::optional<admin::Outcome> out;
    page->change(wanted, [&](const admin::Outcome& o) { out = o; });
    REQUIRE(loop.run_until([&] { return out.has_value(); }, kPatience));
    return *out;
  }
  bool is_wide() const { return page->service().addresses.front().address.is_unspecified(); }
  bool has(const char* file) const { return std::filesystem::exists(dir.path() / file); }
  static admin::Credentials with_password() {
    admin::Credentials credentials;
    credentials.password = admin::PasswordHash{};
    return credentials;
  }

  test::TempDir dir;
  net::Loop loop;
  conf::Loaded loaded;
  admin::ReloadOutcome outcome{true, {}};
  int reloads = 0;
  std::unique_ptr<AdminPage> page;
};

}  // namespace

TEST_CASE("the page of an edge box that nobody has is on the network, with a code, until somebody has it") {
  PageBox box({"mode=edge", "admin.claim=true"});
  box.start();
  CHECK(box.page->is_open());
  CHECK(box.is_wide());
  CHECK(box.has("claim.code"));
  box.page->reloaded(PageBox::with_password(), false);
  CHECK_FALSE(box.has("claim.code"));
  // The password is in no file of the page: an operator set it, and the page is on this machine again.
  REQUIRE(box.loop.run_until([&] { return !box.is_wide(); }, kPatience));
  CHECK(box.page->is_open());
  CHECK(box.page->addresses().empty());
}

TEST_CASE("a box with a password, a hosted one, and one whose page may not be claimed keep it on this machine") {
  for (const std::vector<std::string>& set : {std::vector<std::string>{"mode=edge", "admin.claim=true"},
                                              {"mode=hosted", "admin.claim=true"},
                                              {"mode=edge", "admin.claim=false"}}) {
    PageBox box(set);
    const bool claimable = box.loaded.config.admin.claim && box.loaded.config.mode == conf::Mode::edge;
    box.start(claimable ? PageBox::with_password() : admin::Credentials{});
    CHECK_FALSE(box.is_wide());
    CHECK_FALSE(box.has("claim.code"));
  }
}

TEST_CASE("a password that was given on the page leaves it on the network") {
  PageBox box({"mode=edge", "admin.claim=true"});
  std::ofstream(page_password_file(box.loaded.config)) << "x\n";
  box.start(PageBox::with_password());
  CHECK(box.is_wide());
  CHECK_FALSE(box.has("claim.code"));
}

TEST_CASE("a page that is off listens nowhere, and one that is closed can be opened again") {
  PageBox off({"admin.enable=false"});
  off.start();
  CHECK_FALSE(off.page->is_open());
  CHECK_FALSE(off.page->service().enabled);
  PageBox on;
  on.start();
  on.page->close();
  CHECK_FALSE(on.page->is_open());
  CHECK(on.page->service().addresses.empty());
  CHECK(on.page->listen());
  CHECK(on.page->is_open());
}

TEST_CASE("a change on the page is written, and the settings are read again") {
  PageBox box;
  box.start();
  CHECK(box.change({"pbx.example.net", true, {}}).status == 200);
  CHECK(box.reloads == 1);
  CHECK(box.has("page.toml"));
}

TEST_CASE("a change that the settings refuse is put back") {
  PageBox box;
  box.start();
  box.outcome = {false, {"page.toml:1: no such host"}};
  admin::PageChange change{"pbx.example.net", {}, admin::PasswordHash{}};
  const admin::Outcome refused = box.change(change);
  CHECK(refused.status == 422);
  CHECK(refused.said.find("no such host") != std::string::npos);
  CHECK_FALSE(box.has("page.toml"));
  CHECK_FALSE(std::filesystem::exists(page_password_file(box.loaded.config)));
}

TEST_CASE("one change at a time, and none of what is set on the command line") {
  PageBox box({"central=pbx.example.net"});
  box.start();
  CHECK(box.change({"other.example.net", {}, {}}).status == 409);
  CHECK(box.reloads == 0);
  CHECK(box.page->settings().central.fixed);
  std::optional<admin::Outcome> second;
  bool first_done = false;
  box.page->change({{}, true, {}}, [&](const admin::Outcome&) { first_done = true; });
  box.page->change({{}, false, {}}, [&](const admin::Outcome& o) { second = o; });
  REQUIRE(second);
  CHECK(second->status == 409);
  REQUIRE(box.loop.run_until([&] { return first_done; }, kPatience));
  CHECK(box.reloads == 1);
}

TEST_CASE("the page says when some of its settings wait for a restart") {
  PageBox box;
  box.start();
  CHECK_FALSE(box.page->settings().needs_restart);
  box.page->reloaded({}, true);
  CHECK(box.page->settings().needs_restart);
}
