#include "sbc/daemon/log_catalogue.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <set>
#include <vector>

#include "sbc/base/roff.hpp"
#include "sbc/phones/call_record.hpp"
#include "sbc/phones/phone.hpp"
#include "tests/support/fixtures.hpp"

using namespace dw;
using log_catalogue::Event;

namespace {

std::vector<Event> every_event() {
  std::vector<Event> all;
  for (const auto& part : log_catalogue::parts())
    all.insert(all.end(), part.events.begin(), part.events.end());
  return all;
}

std::vector<std::string> words_in(std::string_view text) {
  std::vector<std::string> out(1);
  for (const char c : text) {
    if (c == ' ') {
      out.emplace_back();
    } else {
      out.back() += c;
    }
  }
  if (text.empty()) out.clear();
  return out;
}

}  // namespace

TEST_CASE("log catalogue: each part is sorted, no event is there twice, and each has a paragraph") {
  std::set<std::string_view> names;
  const std::set<std::string> levels = {"trace", "debug", "info", "warn", "error", "critical"};
  for (const auto& part : log_catalogue::parts()) {
    CHECK(!part.title.empty());
    CHECK(!part.events.empty());
    CHECK(std::ranges::is_sorted(part.events, {}, &Event::name));
    for (const Event& event : part.events) {
      INFO(event.name);
      CHECK(names.insert(event.name).second);
      CHECK(event.text.ends_with('.'));
      CHECK(words_in(event.text).size() >= 5);
      CHECK(event.text.find("  ") == event.text.npos);
      for (std::string level : words_in(event.levels)) {
        std::erase(level, ',');
        CHECK(levels.contains(level));
      }
      CHECK(!event.levels.empty());
      const auto fields = words_in(event.fields);
      CHECK(std::set(fields.begin(), fields.end()).size() == fields.size());
      for (std::string field : fields) {
        if (field.ends_with('?')) field.pop_back();
        CHECK(!field.empty());
        CHECK(std::ranges::all_of(field, [](char c) { return (c >= 'a' && c <= 'z') || c == '_'; }));
      }
    }
  }
  CHECK(names.contains("registered"));
}

TEST_CASE("log catalogue: the reference has each event in every form") {
  const std::string man = log_catalogue::to_man();
  for (const std::string& text : {log_catalogue::to_text(), log_catalogue::to_markdown(), log_catalogue::to_json()}) {
    for (const Event& event : every_event())
      CHECK_MESSAGE(text.find(event.name) != text.npos, event.name);
  }
  for (const Event& event : every_event())
    CHECK_MESSAGE(man.find(roff(event.name)) != man.npos, event.name);
  // A letter that ASCII lacks is a warning where no locale is set.
  CHECK(std::ranges::all_of(man, [](unsigned char c) { return c < 0x7f; }));
  CHECK(man.find("\\[u") == man.npos);
  CHECK(man.starts_with(".TH DROPWIRE-LOG 7"));
  CHECK(man.find("\n.SH \"Calls and media\"\n") != man.npos);
  CHECK(log_catalogue::to_text().find("  unregistered                   info        device [aor] peer\n") !=
        std::string::npos);
}

TEST_CASE("log catalogue: as JSON, levels and fields are lists") {
  const auto all = nlohmann::json::parse(log_catalogue::to_json());
  CHECK(all.size() == every_event().size());
  bool found = false;
  for (const auto& one : all) {
    if (one.at("event").get<std::string>() != "media_silent") continue;
    found = true;
    CHECK(one.at("levels").dump() == R"(["info","warn"])");
    CHECK(one.at("fields").at(0).dump() == R"({"always":true,"name":"device"})");
    CHECK(one.at("fields").at(1).dump() == R"({"always":false,"name":"aor"})");
  }
  CHECK(found);
}

TEST_CASE("log catalogue: docs/LOG.md is what the table says") {
  std::ifstream file(fixtures_folder() + "/../../docs/LOG.md");
  const std::string page{std::istreambuf_iterator<char>(file), {}};
  CHECK(page == log_catalogue::to_markdown());  // build/…/dropwire events --markdown > docs/LOG.md
}

TEST_CASE("log catalogue: event=call_down has the fields of a call's record") {
  const auto all = every_event();
  const auto row = std::ranges::find(all, "call_down", &Event::name);
  REQUIRE(row != all.end());
  std::vector<std::string> listed;
  for (std::string field : words_in(row->fields)) {
    if (field.ends_with('?')) field.pop_back();
    listed.push_back(field);
  }
  std::vector<std::string> recorded;
  for (const auto& [key, value] : phones::record_of(phones::Call{}))
    recorded.emplace_back(key);
  CHECK(listed == recorded);
  // What even a call of which nothing is known has in its line is what the row says is always there.
  phones::Call unknown;
  unknown.protocol = phones::Protocol::sip;
  const std::string line = phones::log_line_of(phones::record_of(unknown));
  for (std::string field : words_in(row->fields)) {
    const bool always = !field.ends_with('?');
    if (!always) field.pop_back();
    CHECK_MESSAGE((line.find(" " + field + "=") != line.npos) == always, field);
  }
}
