#pragma once
#include <sys/types.h>

#include <filesystem>
#include <map>
#include <string>

#include "tests/netfuzz/pieces.hpp"

namespace dw::netfuzz {

/// The program under attack, in a directory of its own, with limits so wide that the pieces reach what reads them: who
/// gets how much when strangers rage is for other tests.
class Daemon {
 public:
  Daemon(const std::string& binary, const Places& places);
  ~Daemon();
  Daemon(const Daemon&) = delete;
  Daemon& operator=(const Daemon&) = delete;

  /// A file that the second origin has.
  void add_file(const std::string& name, const std::string& content) const;
  void start();
  bool runs();  ///< false: it has ended, `how()` says how
  /// SIGTERM; true when it ended with 0 within a minute.
  bool stop();
  const std::string& how() const { return how_; }
  long resident_kib() const;
  /// /metrics: values by name, of a table's by name and label ("dropwire_table_entries sip_dialogs"); empty: no answer.
  std::map<std::string, double> metrics() const;
  std::string log() const;
  void keep_directory() { keep_ = true; }
  const std::filesystem::path& directory() const { return directory_; }

 private:
  void write_config(const Places& places) const;
  std::string binary_, how_;
  std::filesystem::path directory_;
  pid_t process_ = -1;
  bool keep_ = false;
};

}  // namespace dw::netfuzz
