#pragma once
#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include "sbc/store/database.hpp"
#include "tests/support/fixtures.hpp"

// Databases as each version of this program wrote them: tests/fixtures/store/NAME-VERSION.sql. A new migration needs
// a fixture of the version that it creates.
namespace dw::test {

inline std::string fixture_path(const std::string& name, std::size_t version) {
  return fixtures_folder() + "/store/" + name + "-" + std::to_string(version) + ".sql";
}

inline void make_database(const std::filesystem::path& at, const std::string& name, std::size_t version) {
  std::ifstream in(fixture_path(name, version));
  REQUIRE(in.good());
  auto database = store::Database::open(at, {});
  REQUIRE(database);
  REQUIRE(database->run({std::istreambuf_iterator<char>(in), {}}));
  REQUIRE(database->version().value() == static_cast<std::int64_t>(version));
}

/// Of a file that is not open: four octets of its header, big-endian (SQLite's file format §1.3).
inline std::size_t version_of(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  in.seekg(60);
  std::size_t out = 0;
  for (int i = 0; i < 4; ++i)
    out = out << 8 | static_cast<std::size_t>(in.get() & 0xff);
  return out;
}

/// One line for each column of each table, and for each index.
inline std::vector<std::string> schema_of(const std::filesystem::path& path) {
  const std::vector<std::string_view> none(version_of(path), "");
  auto database = store::Database::open(path, none);
  REQUIRE(database);
  auto rows = database->prepare(
      "SELECT m.type || ' ' || m.name || ' ' || ifnull(c.name || ' ' || c.type || ' ' || c.\"notnull\" || ' "
      "' ||"
      " ifnull(c.dflt_value, '-') || ' ' || c.pk, '') FROM sqlite_schema m LEFT JOIN "
      "pragma_table_info(m.name) c"
      " ORDER BY 1");
  REQUIRE(rows);
  std::vector<std::string> out;
  while (rows->step().value())
    out.emplace_back(rows->text(0));
  return out;
}

/// `today` was created by this program, `upgraded` from an older version's database.
inline void check_upgraded(const std::filesystem::path& upgraded, const std::filesystem::path& today) {
  CHECK(version_of(upgraded) == version_of(today));
  CHECK(schema_of(upgraded) == schema_of(today));
  CHECK_FALSE(schema_of(today).empty());
  CHECK_FALSE(std::filesystem::exists(upgraded.string() + ".damaged"));
  CHECK_FALSE(std::filesystem::exists(upgraded.string() + ".newer"));
}

}  // namespace dw::test
