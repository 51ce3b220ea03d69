#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <system_error>

#include "conf/load.hpp"

/// The only file in conf that accesses files or the environment.
namespace dw::conf {
namespace {

namespace fs = std::filesystem;

Result<std::string> read(const std::string& path) {
  std::error_code failure;
  const fs::file_status status = fs::status(path, failure);
  if (status.type() == fs::file_type::not_found) return fail(Errc::not_found, "there is no such file");
  if (failure) return fail(Errc::system, failure.message());
  if (status.type() == fs::file_type::directory) return fail(Errc::system, "it is a directory");
  std::ifstream in(path, std::ios::binary);
  if (!in) return fail(Errc::system, std::error_code(errno, std::generic_category()).message());
  std::string text(kMaxFileOctets + 1, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(in.gcount()));
  if (in.bad()) return fail(Errc::system, "reading broke off");
  return text;
}

std::vector<std::string> list(const std::string& directory) {
  std::vector<std::string> paths;
  std::error_code failure;
  for (fs::directory_iterator it(directory, failure), end; !failure && it != end; it.increment(failure)) {
    const std::string name = it->path().filename().string();
    if (name.ends_with(".toml") && !name.starts_with('.')) paths.push_back(it->path().string());
  }
  std::ranges::sort(paths);
  return paths;
}

std::string first_directory(const char* variable) {
  const char* value = std::getenv(variable);
  if (value == nullptr) return {};
  const std::string_view all(value);
  return std::string(all.substr(0, all.find(':')));
}

}  // namespace

Loaded load(const LoadRequest& request) {
  return load(request, FileSource{read, list});
}

ServiceDirectories service_directories() {
  return {first_directory("CACHE_DIRECTORY"), first_directory("STATE_DIRECTORY"), first_directory("RUNTIME_DIRECTORY")};
}

}  // namespace dw::conf
