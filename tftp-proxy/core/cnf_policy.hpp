#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "tftp-proxy/core/cnf_rewrite.hpp"

namespace dw::provisioning {

/// What becomes of a value, for XML and text files alike.
enum class Becomes {
  same,
  host,       ///< options.host, when the value names a host
  host_v6,    ///< the same if that is an IPv6 literal, else empty
  host_port,  ///< "host:port" of the HTTP door
  url,        ///< the same URL at Dropwire's address
  word,       ///< Change::word
  flag,       ///< Change::word ("true", "false"), as 1 or 0 where the file writes digits
  empty,
  no_host,  ///< empty, when the value names a host
  no_url,   ///< empty, except for what is internal to the phone ("Application:…")
};

struct Change {
  Becomes becomes = Becomes::same;
  std::string_view word{};
};

/// One row of the rewrite table (cisco-provisioning §3): where, which group decides, and what each action
/// does. `port` is the element or key that goes with a host: rewritten with it to `port_option`.
struct Rule {
  std::string_view where;
  Action RewriteOptions::*group;
  Change rewrite;
  Change drop;
  std::string_view port{};
  std::uint16_t RewriteOptions::*port_option = nullptr;
};

/// False for what stands for no host: empty, USECALLMANAGER, UNPROVISIONED, the unspecified address.
bool names_host(std::string_view value);
/// Whether a SIP server of this name is the central side's, by its names alone: always where those are not known.
bool is_central(std::string_view host, const RewriteOptions& options);
/// True when a host can stand in XML and in a text file as it is: letters, digits, ".", "-", ":", "_", "%".
bool is_plain_host(std::string_view host);

/// The new value, or nothing when it stays.
std::optional<std::string> changed_value(const Change& change, std::string_view value, const RewriteOptions& options);

/// The URL at our HTTP door that leads to where this one did, by `options.sign_place`; nothing when it is no http or
/// https URL, or is one of ours already.
std::optional<std::string> link_to(std::string_view url, const RewriteOptions& options);

/// Gathers edits and notes of one file. When something can't be edited the whole file is given up: from then
/// on `refused()`, and the original goes out.
class CnfEditor {
 public:
  CnfEditor(const RewriteOptions& options, Rewritten& out) : options_(options), out_(out) {}

  const RewriteOptions& options() const { return options_; }
  CnfFacts& facts() { return out_.facts; }
  bool refused() const { return refused_; }
  bool any_edit() const { return !out_.edits.empty(); }

  void note(NoteCode code, std::string_view what, std::string text, std::size_t offset);
  /// Gives the file up. Clears what was gathered.
  void refuse(NoteCode code, std::string_view what, std::string_view why, std::size_t offset);
  /// Puts `spelt` there; `shown` is what the note may show of the old value.
  void replace(std::string_view what, std::size_t offset, std::size_t length, std::string spelt, std::string shown);
  void remove(std::string_view what, Edit edit, std::string shown);
  /// A server is not the central side's, and stays; `line` 0: it is all lines'.
  void leave_alone(std::string_view what, std::uint32_t line, std::string_view host, std::size_t offset);
  /// What was left so, for the version stamp.
  const std::string& left_alone() const { return left_alone_; }
  /// Makes the edits.
  void finish(Bytes original);

 private:
  const RewriteOptions& options_;
  Rewritten& out_;
  bool refused_ = false;
  std::string left_alone_;
};

/// The rewriters of the two families.
void rewrite_xml(CnfKind kind, Bytes original, CnfEditor& editor);
void rewrite_text(Bytes original, CnfEditor& editor);

/// The version stamp of a rewritten file: each decimal digit replaced by one that depends on the original's
/// octets, on the policy and on what was left alone, so it changes when either does, and keeps its form.
std::string new_stamp(std::string_view stamp, Bytes original, const RewriteOptions& options,
                      std::string_view left_alone);

/// Fact lists are bounded; names that parse_file_name refuses are left out.
void add_file(CnfFacts& facts, std::string_view name);
void add_load(CnfFacts& facts, std::string_view name, LoadName::Use use, std::uint32_t model);
/// What the phone will ask for in its locale directories, by the family of its load.
void add_locale_files(CnfFacts& facts);

}  // namespace dw::provisioning
