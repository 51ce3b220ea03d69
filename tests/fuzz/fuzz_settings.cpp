#include <cstdlib>

#include "conf/load.hpp"
#include "sbc/base/bytes.hpp"

/// A settings file, and behind a NUL octet a drop-in or (behind a second one) a --set: errors or a
/// configuration come out, never anything else; and what was resolved loads again to the same.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace dw;
  const std::string_view all = as_text({data, size});
  const auto cut = [&](std::string_view& text) {
    const std::string_view part = text.substr(0, text.find('\0'));
    text.remove_prefix(std::min(text.size(), part.size() + 1));
    return std::string(part);
  };
  std::string_view left = all;
  const std::string main = cut(left);
  const std::string drop_in = cut(left);
  const std::string override_text = cut(left);
  conf::LoadRequest request{"f.toml", {}, {}};
  if (!override_text.empty()) request.overrides.push_back(override_text);
  const conf::FileSource files{
      [&](const std::string& path) -> Result<std::string> { return path == "f.toml" ? main : drop_in; },
      [](const std::string& directory) { return std::vector<std::string>{directory + "/d.toml"}; }};
  const conf::Loaded loaded = conf::load(request, files);
  for (const conf::Problem& problem : loaded.problems) {
    if (problem.to_string().empty()) std::abort();
  }
  if (loaded.problems.size() > conf::kMaxProblems + 1) std::abort();
  if (!loaded.ok() || all.find('@') != all.npos) return 0;  // a masked origin does not load as it is shown
  std::string resolved;
  for (const conf::Resolved& r : loaded.resolved) {
    if (r.from != "default") resolved += r.name + " = " + r.value + "\n";  // a default comes by itself
  }
  const conf::Loaded again =
      conf::load({"f.toml", {}, {}}, {[&](const std::string&) -> Result<std::string> { return resolved; },
                                      [](const std::string&) { return std::vector<std::string>(); }});
  if (!again.ok()) std::abort();
  for (std::size_t i = 0; i < again.resolved.size(); ++i) {
    if (again.resolved[i].value != loaded.resolved[i].value) std::abort();
  }
  return 0;
}
