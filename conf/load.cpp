#include "conf/load.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <tuple>

#include "conf/checks.hpp"
#include "conf/suggest.hpp"
#include "conf/toml_text.hpp"
#include "sbc/base/escape.hpp"
#include "sbc/base/text_cursor.hpp"

namespace dw::conf {
namespace {

constexpr std::size_t kMaxLine = 4096;  // octets; this also bounds the depth of dotted keys

/// One value given for one setting.
struct Assignment {
  const Setting* setting;
  Value value;
  Place place;
};

/// Collects assignments and problems from all sources, then applies the assignments.
class Loader {
 public:
  Loader(const LoadRequest& request, const FileSource& files) : request_(request), files_(files) {}

  Loaded run() {
    read_files();
    const std::size_t of_files = given_.size();
    for (const std::string& text : request_.overrides)
      read_override(text);
    read_page(of_files);
    settle();
    const auto add = [this](Problem problem) { report(std::move(problem)); };
    check_together(loaded_.config, places_, add);
    if (loaded_.ok()) check_supplied(loaded_.config, places_, add);
    for (const Setting& setting : settings()) {
      const auto it = places_.find(setting.name);
      loaded_.resolved.push_back({std::string(setting.name), shown(setting, loaded_.config),
                                  it == places_.end() ? "default" : it->second.to_string()});
    }
    sort_problems();
    if (left_out_ > 0)
      loaded_.problems.push_back(
          {Problem::Severity::error, "", 0, 0, fmt::format("{} more problems are not shown", left_out_), ""});
    return std::move(loaded_);
  }

 private:
  /// Errors first, in the order of the files; problems without a file come last, in the order found.
  void sort_problems() {
    std::vector<Problem>& problems = loaded_.problems;
    std::vector<std::size_t> order(problems.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::ranges::sort(order, {}, [&](std::size_t i) {
      const Problem& p = problems[i];
      return std::tuple(p.severity, std::ranges::find(loaded_.files, p.where), p.line, p.column, i);
    });
    std::vector<Problem> sorted;
    for (const std::size_t i : order)
      sorted.push_back(std::move(problems[i]));
    problems = std::move(sorted);
  }

  void report(Problem problem) {
    if (loaded_.problems.size() >= kMaxProblems) {
      ++left_out_;
    } else {
      loaded_.problems.push_back(std::move(problem));
    }
  }
  void error(const Place& place, std::string text, std::string hint) {
    report({Problem::Severity::error, place.where, place.line, place.column, std::move(text), std::move(hint)});
  }

  void read_files() {
    const std::string main = request_.file.empty() ? std::string(kDefaultFile) : request_.file;
    read_file(main, request_.file.empty());
    const auto slash = main.rfind('/');
    const std::string folder = (slash == std::string::npos ? "." : main.substr(0, slash)) + "/conf.d";
    const std::vector<std::string> drop_ins = files_.list(folder);
    if (drop_ins.size() > kMaxDropIns) {
      error({folder}, fmt::format("{} files are too many", drop_ins.size()), fmt::format("at most {}", kMaxDropIns));
      return;
    }
    for (const std::string& path : drop_ins)
      read_file(path, false);
  }

  void read_file(const std::string& path, bool may_be_missing) {
    const Result<std::string> text = files_.read(path);
    if (!text) {
      if (may_be_missing && text.error().code == Errc::not_found) return;
      error({path}, fmt::format("can't be read: {}", text.error().text), "");
      return;
    }
    loaded_.files.push_back(path);
    if (text->size() > kMaxFileOctets) {
      error({path}, "the file is too long for settings", size_hint());
      return;
    }
    if (const unsigned line = first_long_line(*text); line > 0) {
      error({path, line, 1}, fmt::format("a line of more than {} bytes", kMaxLine), "a list may go over several lines");
      return;
    }
    const auto entries = parse_toml(*text);
    if (!entries) {
      error({path, entries.error().line, entries.error().column}, fmt::format("not TOML: {}", entries.error().text),
            "the remainder of the file was not read");
      return;
    }
    take(path, *entries);
  }

  /// The state.dir that will result, computed before the other settings.
  std::string state_directory() const {
    Config probe = default_config(Mode::edge);
    if (!request_.directories.state.empty()) probe.state.dir = request_.directories.state;
    for (const Assignment& a : given_) {
      if (a.setting->name == "state.dir") (void)assign(*a.setting, a.value, probe);
    }
    return probe.state.dir;
  }

  /// Inserts the page's settings before the overrides, which start at `place` in given_. A box that was claimed on its
  /// page has no operator nearby, so nothing in this file prevents the start.
  void read_page(std::size_t place) {
    const std::string path = state_directory() + "/" + std::string(PageSettings::kFile);
    const auto left_out = [&](std::string text) {
      report({Problem::Severity::warning, path, 0, 0, std::move(text),
              "the changes made on the page are not in effect; make them there again"});
    };
    const Result<std::string> text = files_.read(path);
    if (!text) {
      if (text.error().code != Errc::not_found) left_out(fmt::format("can't be read: {}", text.error().text));
      return;
    }
    if (text->size() > kMaxFileOctets || first_long_line(*text) > 0)
      return left_out("longer than anything that the page writes");
    const auto entries = parse_toml(*text);
    if (!entries) return left_out(fmt::format("not TOML: {}", entries.error().text));
    std::vector<Assignment> from_page;
    PageSettings page;
    Config probe = default_config(Mode::edge);
    for (const Entry& entry : *entries) {
      if (entry.is_table) continue;
      const Setting* const setting = find_setting(entry.path);
      const bool central = entry.path == "central";
      if (setting == nullptr || (!central && entry.path != "nat.port_mapping"))
        return left_out(fmt::format("the page does not change {}", escaped(entry.path)));
      if (const auto complaint = assign(*setting, entry.value, probe)) return left_out(complaint->text);
      (central ? page.central : page.port_mapping) = central ? probe.central.host : probe.nat.port_mapping;
      from_page.push_back({setting, entry.value, {path, entry.value_line, entry.value_column}});
    }
    loaded_.files.push_back(path);
    loaded_.page = std::move(page);
    given_.insert(given_.begin() + static_cast<std::ptrdiff_t>(place), from_page.begin(), from_page.end());
  }

  static std::string size_hint() { return fmt::format("at most {} bytes", kMaxFileOctets); }

  static unsigned first_long_line(std::string_view text) {
    TextCursor cursor(text);
    for (unsigned line = 1; !cursor.at_end(); ++line) {
      if (cursor.take_line().size() > kMaxLine) return line;
    }
    return 0;
  }

  void take(const std::string& path, const std::vector<Entry>& entries) {
    std::string unknown_table;  // reported once, without its contents
    for (const Entry& entry : entries) {
      if (!unknown_table.empty() && entry.path.starts_with(unknown_table)) continue;
      const Place place{path, entry.line, entry.column};
      const Setting* setting = find_setting(entry.path);
      if (entry.is_table) {
        if (is_section(entry.path)) continue;
        unknown_table = entry.path + ".";
        if (setting != nullptr) {
          error(place, fmt::format("{} is a value, not a table", entry.path),
                fmt::format("for example {} = {}", entry.path, setting->by_default));
        } else {
          unknown(place, entry.path, nearest_table(entry.path));
        }
      } else if (setting != nullptr) {
        given_.push_back({setting, entry.value, {path, entry.value_line, entry.value_column}});
      } else if (is_section(entry.path)) {
        error(place, fmt::format("{} is a table, not a value", entry.path), example_within(entry.path));
      } else {
        unknown(place, entry.path, nearest_setting(entry.path));
      }
    }
  }

  /// True for "access" and "access.tftp": whether some setting is in that table.
  static bool is_section(std::string_view path) {
    return std::ranges::any_of(settings(), [&](const Setting& s) {
      return s.name.size() > path.size() && s.name.starts_with(path) && s.name[path.size()] == '.';
    });
  }

  static std::string example_within(const std::string& path) {
    for (const Setting& setting : settings()) {
      if (setting.name.starts_with(path + "."))
        return fmt::format("for example {} = {}", setting.name, setting.by_default);
    }
    return {};
  }

  void unknown(const Place& place, const std::string& path, const std::string& near) {
    error(place, fmt::format("there is no setting {}", escaped(path)),
          near.empty() ? "\"dropwire settings\" lists them all" : fmt::format("did you mean {}?", near));
  }

  void read_override(const std::string& text) {
    const Place place{"--set " + escaped(text)};
    const auto equals = text.find('=');
    const std::string key(trim(std::string_view(text).substr(0, equals)));
    if (equals == std::string::npos || key.empty()) {
      error(place, "not of the form KEY=VALUE", "for example --set access.tftp.port=6969");
    } else if (const Setting* setting = find_setting(key)) {
      given_.push_back({setting, value_from_command_line(*setting, std::string_view(text).substr(equals + 1)), place});
    } else {
      unknown(place, key, nearest_setting(key));
    }
  }

  /// The mode selects the defaults, so it is applied first; then each value in the given order.
  void settle() {
    Config probe = default_config(Mode::edge);
    for (const Assignment& a : given_) {
      if (a.setting->name == "mode") (void)assign(*a.setting, a.value, probe);
    }
    loaded_.config = default_config(probe.mode);
    use_directories();
    for (const Assignment& a : given_) {
      if (auto complaint = assign(*a.setting, a.value, loaded_.config)) {
        error(a.place, std::move(complaint->text), std::move(complaint->hint));
      } else {
        places_[a.setting->name] = a.place;
      }
    }
    fill_in_central();
    stay_local_unconfigured();
  }

  void use_directories() {
    const ServiceDirectories& directories = request_.directories;
    Config& config = loaded_.config;
    if (!directories.cache.empty())
      take_directory("cache.dir", config.cache.dir, directories.cache, "$CACHE_DIRECTORY");
    if (!directories.state.empty())
      take_directory("state.dir", config.state.dir, directories.state, "$STATE_DIRECTORY");
    if (!directories.runtime.empty()) {
      take_directory("admin.socket", config.admin.socket, directories.runtime + "/control.sock", "$RUNTIME_DIRECTORY");
    }
  }
  void take_directory(std::string_view name, std::string& field, const std::string& path, std::string_view variable) {
    field = path;
    places_[name] = {std::string(variable)};
  }

  void fill_in_central() {
    Central& central = loaded_.config.central;
    if (central.host.empty()) return fill_in_stun_server();
    const auto missing = [&](std::string_view name) {
      if (places_.contains(name)) return false;
      places_[name] = {"central"};
      return true;
    };
    const bool literal6 = central.host.find(':') != std::string::npos;
    const std::string in_url = literal6 ? "[" + central.host + "]" : central.host;
    if (missing("central.provisioning.origins")) {
      central.provisioning.origins = {fmt::format("http://{}:6970/", in_url), fmt::format("tftp://{}/", in_url)};
    }
    if (missing("central.sccp.servers")) central.sccp.servers = {{central.host, 2000}};
    if (loaded_.config.mode == Mode::edge && missing("nat.stun_server"))
      loaded_.config.nat.stun_server = HostPort{central.host, 3478};
    if (missing("central.sip.servers")) {
      central.sip.servers = {{SipTransport::udp, {central.host, 5060}}};
      central.sip.ports_by_config = true;
    }
  }

  /// If only servers are set, the first of them may also answer STUN.
  void fill_in_stun_server() {
    const Central& central = loaded_.config.central;
    if (loaded_.config.mode != Mode::edge || places_.contains("nat.stun_server")) return;
    const bool sip = !central.sip.servers.empty();
    const std::string host = sip                            ? central.sip.servers.front().server.host
                             : central.sccp.servers.empty() ? std::string()
                                                            : central.sccp.servers.front().host;
    if (host.empty()) return;
    places_["nat.stun_server"] = {sip ? "central.sip.servers" : "central.sccp.servers"};
    loaded_.config.nat.stun_server = HostPort{host, 3478};
  }

  /// A box that has nothing to serve opens no ports to the network, unless a person set the addresses.
  void stay_local_unconfigured() {
    Config& config = loaded_.config;
    if (config.central.configured() || places_.contains("access.listen")) return;
    constexpr std::uint32_t kLoopback = 0x7f000001;
    config.access.listen = {IpAddress::v4(kLoopback)};
    places_["access.listen"] = {"not configured"};
  }

  const LoadRequest& request_;
  const FileSource& files_;
  Loaded loaded_;
  std::vector<Assignment> given_;
  Places places_;
  std::size_t left_out_ = 0;
};

}  // namespace

std::string Place::to_string() const {
  return line > 0 ? fmt::format("{}:{}", where, line) : where.starts_with("--set") ? "--set" : where;
}

std::string Problem::to_string() const {
  std::string out = where;
  if (line > 0) out += fmt::format(":{}:{}", line, column);
  if (!out.empty()) out += ": ";
  out += severity == Severity::error ? "error: " : "warning: ";
  out += text;
  if (!hint.empty()) out += "\n  hint: " + hint;
  return out;
}

bool Loaded::ok() const {
  return std::ranges::none_of(problems, [](const Problem& p) { return p.severity == Problem::Severity::error; });
}

std::string to_toml(const PageSettings& page) {
  std::string out =
      "# What was changed on the status page. It takes precedence over /etc/dropwire; \"dropwire check\" shows what is in effect.\n";
  const auto line = [&](std::string_view name, const std::optional<std::string>& value) {
    if (value) out += fmt::format("{} = {}\n", name, in_quotes(*value));
  };
  line("central", page.central);
  line("nat.port_mapping", page.port_mapping);
  return out;
}

Loaded load(const LoadRequest& request, const FileSource& files) {
  return Loader(request, files).run();
}

}  // namespace dw::conf
