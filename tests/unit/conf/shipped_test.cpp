#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "conf/load.hpp"
#include "conf/reference.hpp"
#include "conf/settings.hpp"
#include "conf/value.hpp"
#include "sbc/base/text_cursor.hpp"
#include "tests/support/fixtures.hpp"

using namespace dw;
using namespace dw::conf;

namespace {

const std::string kFolder = fixtures_folder() + "/../../conf/";

std::string file(const std::string& name) {
  std::ifstream in(kFolder + name, std::ios::binary);
  REQUIRE(in.good());
  return {std::istreambuf_iterator<char>(in), {}};
}

FileSource only(const std::string& text) {
  return {[text](const std::string& path) -> Result<std::string> {
            return path == "x.toml" ? Result<std::string>(text) : fail(Errc::not_found, "there is no such file");
          },
          [](const std::string&) { return std::vector<std::string>(); }};
}

Loaded load_alone(const std::string& text) {
  return load({"x.toml", {}, {}}, only(text));
}

void check_defaults(const Loaded& loaded) {
  REQUIRE(loaded.ok());
  const Config defaults = default_config(Mode::edge);
  for (const Setting& setting : settings())
    CHECK(shown(setting, loaded.config) == shown(setting, defaults));
}

}  // namespace

TEST_CASE("the shipped dropwire.toml is what the table says, and loads to the defaults") {
  const std::string shipped = file("dropwire.toml");
  CHECK(shipped == to_toml());  // build/…/dropwire settings --toml > conf/dropwire.toml
  const Loaded bare = load_alone(shipped);
  CHECK(bare.config.access.listen == std::vector<IpAddress>{*IpAddress::parse("127.0.0.1")});  // not configured
  check_defaults(load({"x.toml", {"access.listen=0.0.0.0"}, {}}, only(shipped)));
}

TEST_CASE("the shipped dropwire.toml with every line uncommented loads to the defaults too") {
  std::string open;
  const std::string shipped = file("dropwire.toml");
  TextCursor cursor(shipped);
  std::size_t uncommented = 0;
  while (!cursor.at_end()) {
    const std::string_view line = cursor.take_line();
    const bool setting = line.starts_with('#') && line.size() > 1 && lower(line[1]) >= 'a' && lower(line[1]) <= 'z';
    uncommented += setting ? 1 : 0;
    open += std::string(setting ? line.substr(1) : line) + "\n";
  }
  CHECK(uncommented == settings().size());
  check_defaults(load_alone(open));
}

TEST_CASE("SETTINGS.md is what the table says") {
  CHECK(file("SETTINGS.md") == to_markdown());  // build/…/dropwire settings --markdown > conf/SETTINGS.md
}

TEST_CASE("the examples load without a complaint and show the operator's central server") {
  for (const auto& [name, mode] :
       {std::pair("examples/edge.toml", Mode::edge), {"examples/hosted.toml", Mode::hosted}}) {
    CAPTURE(name);
    const Loaded loaded = load_alone(file(name));
    CHECK(loaded.problems.empty());
    CHECK(loaded.config.mode == mode);
    CHECK(loaded.config.central.host == "pbx.example.net");
    CHECK(loaded.config.central.provisioning.origins ==
          std::vector<std::string>{"http://pbx.example.net:6970/", "tftp://pbx.example.net/"});
  }
}

TEST_CASE("no example names anybody's real address: documentation's (RFC 5737) and private ones alone") {
  const auto is_example = [](const IpAddress& a) {
    const std::string text = a.to_string();
    return a.is_private() || a.is_unspecified() ||
           std::ranges::any_of(std::array{"192.0.2.", "198.51.100.", "203.0.113."},
                               [&](const char* net) { return text.starts_with(net); });
  };
  CHECK_FALSE(is_example(*IpAddress::parse("185.0.2.1")));
  std::size_t seen = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(kFolder + "examples")) {
    if (!entry.is_regular_file() || entry.path().extension() == ".raw" || entry.path().extension() == ".png") continue;
    const std::string text = file(std::filesystem::relative(entry.path(), kFolder).string());
    CAPTURE(entry.path().string());
    TextCursor cursor(text);
    while (!cursor.at_end()) {
      (void)cursor.take_until("0123456789");
      std::string word;
      while (!cursor.at_end() && (cursor.peek() == '.' || (cursor.peek() >= '0' && cursor.peek() <= '9'))) {
        word += cursor.peek();
        cursor.skip_char(cursor.peek());
      }
      while (word.ends_with('.'))
        word.pop_back();
      if (const auto address = IpAddress::parse(word); std::ranges::count(word, '.') == 3 && address) {
        CAPTURE(word);
        CHECK(is_example(*address));
        ++seen;
      }
    }
  }
  CHECK(seen > 0);
}

TEST_CASE("every reference lists every setting") {
  for (const std::string& reference : {to_toml(), to_markdown(), to_json(), to_text()}) {
    for (const Setting& setting : settings())
      CHECK(reference.find(setting.name) != std::string::npos);
  }
  const std::string man = to_man();
  CHECK(man.find(".B access.tftp.single_port = true") != std::string::npos);
  // A letter that ASCII lacks is a warning where no locale is set.
  CHECK(std::ranges::all_of(man, [](unsigned char c) { return c < 0x7f; }));
  CHECK(man.find("\\[u") == man.npos);
  TextCursor cursor(man);  // no line may begin a request by accident
  while (!cursor.at_end()) {
    const std::string_view line = cursor.take_line();
    CHECK_FALSE(line.starts_with('\''));
    if (line.starts_with('.')) CHECK((line.size() > 1 && lower(line[1]) >= 'a' && lower(line[1]) <= 'z'));
  }
}
