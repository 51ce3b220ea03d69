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
inline constexpr std::size_t kMaxProblems = 200;  ///< reported; more are counted

/// Directories that the service manager made for us; they stand in for the usual defaults. Empty: not told.
struct ServiceDirectories {
  std::string cache;    ///< $CACHE_DIRECTORY → cache.dir
  std::string state;    ///< $STATE_DIRECTORY → state.dir
  std::string runtime;  ///< $RUNTIME_DIRECTORY → admin.socket = …/control.sock
};

/// Where settings come from. Kept by the daemon, so that SIGHUP can read everything again.
struct LoadRequest {
  std::string file;                    ///< empty: kDefaultFile, and none at all is fine
  std::vector<std::string> overrides;  ///< "access.tftp.port=6969", later ones win, all win over files
  ServiceDirectories directories;
};

/// One thing wrong or doubtful. `line` and `column` count from 1; 0: about the file, or no file at all.
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

/// One setting as it ended up.
struct Resolved {
  std::string name;
  std::string value;  ///< as TOML
  std::string from;   ///< "default", "central", "not configured", "dropwire.toml:12", "--set"
};

/// What the status page has changed: a file of the state directory that wins over the settings files, and over which
/// the command line wins. It may hold no other settings.
struct PageSettings {
  static constexpr std::string_view kFile = "page.toml";  ///< in state.dir
  std::optional<std::string> central;
  std::optional<std::string> port_mapping;  ///< nat.port_mapping
  friend bool operator==(const PageSettings&, const PageSettings&) = default;
};
/// As a settings file.
std::string to_toml(const PageSettings& page);

struct Loaded {
  Config config{};  ///< usable only when ok()
  PageSettings page;
  std::vector<Problem> problems;   ///< errors, then warnings; each in the order of the files
  std::vector<std::string> files;  ///< read, in order
  std::vector<Resolved> resolved;  ///< every setting, in the order of the reference
  bool ok() const;
};

/// How the loader sees a disk.
struct FileSource {
  /// The whole file, or why not (not_found, system, too_long).
  std::function<Result<std::string>(const std::string& path)> read;
  /// Full paths of the "*.toml" in a directory, in name order; empty when there is no such directory.
  std::function<std::vector<std::string>(const std::string& directory)> list;
};

/// Reads the file, then conf.d/*.toml beside it, then what the page has changed, then the overrides. Never throws;
/// reports all it finds. What is wrong with the page's file is a warning, and leaves it out.
Loaded load(const LoadRequest& request, const FileSource& files);
/// The same from the real disk (load_files.cpp).
Loaded load(const LoadRequest& request);
/// $CACHE_DIRECTORY, $STATE_DIRECTORY, $RUNTIME_DIRECTORY; of a list the first.
ServiceDirectories service_directories();

}  // namespace dw::conf
