#pragma once
#include <CLI/CLI.hpp>
#include <map>
#include <string>

namespace dw {

/// The reference of the command line (man page, completions), made from the same table that parses it. Commands of the
/// group "" are left out, as in --help.
struct CliReference {
  const CLI::App& app;
  /// What a shell completes an option or an argument with: "files", "hosts", "settings", "phones", or the possible
  /// words in parentheses, "(edge hosted)". Those that are not in it are not completed.
  std::map<const CLI::Option*, std::string> takes;
  /// By command: what its line in --help does not say.
  std::map<const CLI::App*, std::string> more;

  std::string man() const;  ///< dropwire(8), roff
  std::string bash() const;
  std::string zsh() const;
};

}  // namespace dw
