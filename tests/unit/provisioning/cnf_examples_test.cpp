// The sample site that is served when no central server is named: it must be what a phone would take.
#include <filesystem>

#include "tests/support/fixtures.hpp"
#include "tests/unit/provisioning/cnf_support.hpp"
#include "tftp-proxy/core/file_lists.hpp"
#include "tftp-proxy/core/file_name.hpp"

using namespace dw;
using namespace dw::provisioning;

namespace {

const std::filesystem::path kSite =
    std::filesystem::path(fixtures_folder()).parent_path().parent_path() / "conf/examples/provisioning";

std::string contents(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  REQUIRE_MESSAGE(in.good(), path.string());
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

std::vector<std::string> names() {
  std::vector<std::string> out;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(kSite)) {
    if (entry.is_regular_file()) out.push_back(entry.path().lexically_relative(kSite).string());
  }
  return out;
}

}  // namespace

TEST_CASE("every sample file has a name that phones can ask for") {
  CHECK(names().size() >= 14);
  for (const std::string& name : names())
    CHECK(parse_file_name(name) == name);
}

TEST_CASE("every sample config names Dropwire afterwards, and no central host that matters") {
  int configs = 0;
  for (const std::string& name : names()) {
    if (cnf_kind(name) == CnfKind::none) continue;
    CAPTURE(name);
    ++configs;
    const std::string original = contents(kSite / name);
    const auto out = rewrite_cnf(name, as_bytes(original), edge_at());
    for (const Note& note : out.notes)
      CHECK_FALSE(is_passed(note.code));
    CHECK(out.changed == original.contains("pbx.example.net"));
    const std::string text = text_of(out, original);
    CHECK_FALSE(text.contains(">pbx.example.net<"));
    CHECK_FALSE(text.contains("address: \"pbx"));
    CHECK_FALSE(text.contains("dyn_tftp_addr: \"pbx"));
    for (const std::string& file : out.facts.files)
      CHECK_MESSAGE((file.contains('/') || std::filesystem::exists(kSite / file)), file);
  }
  CHECK(configs == 5);
}

TEST_CASE("what the sample lists name is there, and the ring is one that a phone plays") {
  for (const std::string& name : names()) {
    const ListKind kind = list_kind(name);
    if (kind == ListKind::none) continue;
    CAPTURE(name);
    const auto files = parse_file_list(kind, as_bytes(contents(kSite / name)));
    REQUIRE(files);
    CHECK_FALSE(files->empty());
    for (const std::string& file : *files) {
      const std::string octets = contents(kSite / file);
      if (file.ends_with(".raw")) CHECK(is_ring_tone(as_bytes(octets)));
      if (file.ends_with(".png")) CHECK(octets.starts_with("\x89PNG\r\n\x1a\n"));
    }
  }
}
