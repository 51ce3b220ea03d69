#include "sbc/daemon/page_state.hpp"

#include <doctest/doctest.h>

#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "sbc/admin/claim.hpp"
#include "sbc/daemon/report.hpp"

using namespace dw;
namespace fs = std::filesystem;

namespace {

struct StateFolder {
  std::string path = (fs::temp_directory_path() / "dropwire-state-XXXXXX").string();
  StateFolder() { REQUIRE(mkdtemp(path.data()) != nullptr); }
  ~StateFolder() { fs::remove_all(path); }
};

}  // namespace

TEST_CASE("page state: the code stays the same over a restart, is for nobody else to read, and goes once it was used") {
  StateFolder folder;
  const std::string code = claim_code(folder.path);
  CHECK(admin::Claim::normalised(code) == code);
  CHECK(claim_code(folder.path) == code);
  struct stat file {};
  REQUIRE(stat((folder.path + "/claim.code").c_str(), &file) == 0);
  CHECK((file.st_mode & 0777) == 0600);
  std::ofstream(folder.path + "/claim.code") << "not a code\n";
  const std::string other = claim_code(folder.path);
  CHECK(admin::Claim::normalised(other) == other);
  forget_claim_code(folder.path);
  CHECK_FALSE(fs::exists(folder.path + "/claim.code"));
  CHECK(claim_code(folder.path) != other);
  CHECK(claim_code("/nonexistent/folder").size() == admin::Claim::kLetters);  // a code all the same
}

TEST_CASE("page state: what was changed on the page is a settings file, and none when there is nothing") {
  StateFolder folder;
  REQUIRE(write_page_settings(folder.path, {"pbx.example.net", "off"}).has_value());
  const conf::Loaded loaded = conf::load({"/nonexistent/dropwire.toml", {"state.dir=" + folder.path}, {}});
  CHECK(loaded.page == conf::PageSettings{"pbx.example.net", "off"});
  REQUIRE(write_page_settings(folder.path, {}).has_value());
  CHECK(fs::is_empty(folder.path));
  CHECK_FALSE(write_page_settings("/nonexistent/folder", {"pbx.example.net", {}}).has_value());
}

TEST_CASE("report: a box that nobody has says where and with which code it is taken into use, another one nothing") {
  using Json = nlohmann::ordered_json;
  const std::string text =
      report::claim(Json{{"open", true},
                         {"code", "K7Q4-M2XD"},
                         {"until", "2026-12-01T10:50:00.000Z"},
                         {"addresses", {"http://dropwire.local:8079/", "http://192.168.1.20:8079/"}}});
  for (const char* part : {"http://dropwire.local:8079/ or http://192.168.1.20:8079/", "K7Q4-M2XD", "until"}) {
    CAPTURE(part);
    CHECK(text.find(part) != std::string::npos);
  }
  CHECK(report::claim(Json{{"open", false}, {"code", nullptr}}).empty());
  CHECK(report::claim(Json::array()).empty());
}
