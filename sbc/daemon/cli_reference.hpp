#pragma once
#include <CLI/CLI.hpp>
#include <map>
#include <string>

namespace dw {

/// The command line as what shells and people read of it, made out of the one table that parses it. Commands of the
/// group "" are left out, as they are of --help.
struct CliReference {
  const CLI::App& app;
  /// What an option or an argument takes, for a shell: "files", "hosts", "settings", "phones", or the words that it may
  /// be, in parentheses: "(edge hosted)". Those that are not here take what nobody can guess.
  std::map<const CLI::Option*, std::string> takes;
  /// Of a command, what its line in --help does not say.
  std::map<const CLI::App*, std::string> more;

  std::string man() const;  ///< dropwire(8), roff
  std::string bash() const;
  std::string zsh() const;
};

}  // namespace dw
