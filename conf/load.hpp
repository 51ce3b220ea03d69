#pragma once
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "conf/config.hpp"

namespace dw::conf {

inline constexpr std::string_view kDefaultFile = "/etc/dropwire/dropwire.toml";
inline constexpr std::size_t kMaxFileOctets = 1 << 20;  ///< of one settings file
inline constexpr std::size_t kMaxDropIns = 256;
inline constexpr std::size_t kMaxProblems = 200;  ///< reported; further ones are only counted

/// Directories that the service manager created for us; they replace the usual defaults. Empty: not given.
struct ServiceDirectories {
  std::string cache;    ///< $CACHE_DIRECTORY → cache.dir
  std::string state;    ///< $STATE_DIRECTORY → state.dir
  std::string runtime;  ///< $RUNTIME_DIRECTORY → admin.socket = …/control.sock
};

/// Where settings come from. The daemon keeps it, to read everything again on SIGHUP.
struct LoadRequest {
  std::string file;                    ///< empty: kDefaultFile, which may be missing
  std::vector<std::string> overrides;  ///< "access.tftp.port=6969"; later ones win, and all win over files
  ServiceDirectories directories;
};

/// One error or doubtful value. `line` and `column` count from 1; 0: about a whole file, or no file.
struct Problem {
  enum class Severity { error, warning };
  Severity severity = Severity::error;
  std::string where;  ///< file name, "--set", or empty
  unsigned line = 0;
  unsigned column = 0;
  std::string text;  ///< what is wrong
  std::string hint;  ///< what to do; may be empty
  /// "dropwire.toml:12:9: error: …\n  hint: …" without a line end.
  std::string to_string() const;
};

/// The final value of one setting.
struct Resolved {
  std::string name;
  std::string value;  ///< as TOML
  std::string from;   ///< "default", "central", "not configured", "dropwire.toml:12", "--set"
};

/// What was changed on the status page: a file in the state directory, which takes precedence over the settings files;
/// the command line takes precedence over it. It may contain only these settings.
struct PageSettings {
  static constexpr std::string_view kFile = "page.toml";  ///< in state.dir
  std::optional<std::string> central;
  std::optional<std::string> port_mapping;  ///< nat.port_mapping
  friend bool operator==(const PageSettings&, const PageSettings&) = default;
};
/// In the format of a settings file.
std::string to_toml(const PageSettings& page);

struct Loaded {
  Config config{};  ///< usable only when ok()
  PageSettings page;
  std::vector<Problem> problems;   ///< errors, then warnings; each in the order of the files
  std::vector<std::string> files;  ///< those read, in order
  std::vector<Resolved> resolved;  ///< every setting, in the order of the reference
  bool ok() const;
};

/// How the loader accesses files.
struct FileSource {
  /// The whole file, or an error (not_found, system, too_long).
  std::function<Result<std::string>(const std::string& path)> read;
  /// Full paths of the "*.toml" files in a directory, sorted by name; empty if the directory does not exist.
  std::function<std::vector<std::string>(const std::string& directory)> list;
};

/// Reads the file, then conf.d/*.toml beside it, then the page's file, then the overrides. Never throws; reports all
/// problems. Errors in the page's file are warnings, and it is then ignored.
Loaded load(const LoadRequest& request, const FileSource& files);
/// The same with real files (load_files.cpp).
Loaded load(const LoadRequest& request);
/// $CACHE_DIRECTORY, $STATE_DIRECTORY, $RUNTIME_DIRECTORY; if one is a list, its first entry.
ServiceDirectories service_directories();

}  // namespace dw::conf
