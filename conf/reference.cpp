#include "conf/reference.hpp"

#include <fmt/format.h>

#include "conf/load.hpp"
#include "conf/settings.hpp"
#include "conf/value.hpp"
#include "sbc/base/roff.hpp"
#include "sbc/base/text_cursor.hpp"

namespace dw::conf {
namespace {

/// "a size, 64KiB to 1GiB".
std::string type_line(const Setting& setting) {
  std::string out = type_name(setting);
  if (!setting.unit.empty()) out += fmt::format(" ({})", setting.unit);
  if (const std::string range = allowed(setting); !range.empty())
    out += (range.starts_with("or ") ? " " : ", ") + range;
  return out;
}

/// Breaks `text` into lines of at most `width` characters, each after `prefix`.
std::string wrapped(std::string_view text, std::string_view prefix, std::size_t width) {
  std::string out;
  std::string line;
  TextCursor cursor(text);
  while (!cursor.at_end()) {
    const std::string_view word = cursor.take_until(" ");
    cursor.skip_blanks();
    if (!line.empty() && prefix.size() + line.size() + 1 + word.size() > width) {
      out += fmt::format("{}{}\n", prefix, line);
      line.clear();
    }
    if (!line.empty()) line += ' ';
    line += word;
  }
  return out + fmt::format("{}{}\n", prefix, line);
}

/// Calls `title(section)` before the first setting of each section, and `one(setting)` for each.
template <class Title, class One>
void go_through(Title title, One one) {
  const Section* last = nullptr;
  for (const Setting& setting : settings()) {
    const Section& section = section_of(setting);
    if (&section != last) title(section);
    last = &section;
    one(setting);
  }
}

std::string markdown_cell(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '|') out += '\\';
    out += c;
  }
  return out;
}

constexpr std::string_view kTomlHead =
    R"(# Dropwire's settings. All of them are here, each with its default; remove the "#" from a line to change it.
# Check what you wrote with "dropwire check", then "systemctl reload dropwire" or "dropwire reload".
# Names can also be written in tables: access.tftp.port = 69 is port = 69 below [access.tftp]. A line below a
# [table] belongs to it, so keep lines of this form above the first one.
# Files in conf.d beside this one (*.toml, in the order of their names) are read after it, and take precedence.
# Durations are written "500ms", "30s", "10m", "1h", "7d"; sizes "64KiB", "10MB", "2GiB".
)";

constexpr std::string_view kMarkdownHead =
    R"(# Settings

Generated from `conf/settings_access.cpp` and `conf/settings_other.cpp`, by `dropwire settings --markdown`; a test fails when this file is out
of date. Settings are read from `/etc/dropwire/dropwire.toml`, then `/etc/dropwire/conf.d/*.toml` in the order of their
names, then in `page.toml` of `state.dir`, where the status page stores its changes (`central` and
`nat.port_mapping`), then from `--set NAME=VALUE` on the command line: later values win. `dropwire check` names every error with
file, line and column, and shows the final value of each setting and where it comes from.

- `access.tftp.port = 69`, or `port = 69` below `[access.tftp]`: both mean the same.
- A duration is digits and a unit: `"500ms"`, `"30s"`, `"10m"`, `"1h"`, `"7d"`. A size too: `"64KiB"`, `"2GiB"`
  (powers of 1024), `"10MB"` (powers of 1000).
- `central = "HOST"` is used for each `central.*` list that is not given: origins `http://HOST:6970/` and then
  `tftp://HOST/`, SCCP on `HOST:2000`, SIP on `udp:HOST:5060`. An IPv6 address is written without brackets here.
  `central = …` may be above `[central.provisioning]` and similar tables, which TOML itself would not allow.
- A service manager's `$CACHE_DIRECTORY`, `$STATE_DIRECTORY` and `$RUNTIME_DIRECTORY` replace the defaults of
  `cache.dir`, `state.dir` and the directory of `admin.socket`.
- If a default is different in hosted mode, both are given.
)";

}  // namespace

std::string to_toml() {
  std::string out(kTomlHead);
  go_through([&](const Section& section) { out += fmt::format("\n# ---- {} ----\n", section.title); },
             [&](const Setting& setting) {
               out += "\n" + wrapped(setting.meaning, "# ", 100);
               std::string kind = type_line(setting);
               if (!setting.by_default_hosted.empty())
                 kind += fmt::format("; in hosted mode {}", setting.by_default_hosted);
               out += wrapped(kind, "#   ", 100);
               out += fmt::format("#{} = {}\n", setting.name, setting.by_default);
             });
  return out;
}

std::string to_markdown() {
  std::string out(kMarkdownHead);
  go_through(
      [&](const Section& section) {
        out += fmt::format("\n## {}\n\n| setting | default | type | meaning |\n| --- | --- | --- | --- |\n",
                           section.title);
      },
      [&](const Setting& setting) {
        std::string value = fmt::format("`{}`", setting.by_default);
        if (!setting.by_default_hosted.empty()) value += fmt::format(", hosted `{}`", setting.by_default_hosted);
        out += fmt::format("| `{}` | {} | {} | {} |\n", setting.name, markdown_cell(value),
                           markdown_cell(type_line(setting)), markdown_cell(setting.meaning));
      });
  return out;
}

std::string to_json() {
  std::string out = "[";
  for (const Setting& setting : settings()) {
    if (out.size() > 1) out += ",";
    // A default in TOML is also valid JSON: there are no dates and no tables, and only one kind of string.
    out += fmt::format(
        "\n  {{\"name\": {}, \"type\": {}, \"allowed\": {}, \"unit\": {}, \"default\": {}, "
        "\"default_hosted\": {}, \"meaning\": {}}}",
        in_quotes(setting.name), in_quotes(type_name(setting)), in_quotes(allowed(setting)), in_quotes(setting.unit),
        setting.default_for(Mode::edge), setting.default_for(Mode::hosted), in_quotes(setting.meaning));
  }
  return out + "\n]\n";
}

std::string to_man() {
  std::string out = fmt::format(
      ".TH DROPWIRE.TOML 5 \"\" \"Dropwire {}\" \"File formats\"\n"
      ".ad l\n"  // a line with a long word such as a URL can't be justified
      ".SH NAME\ndropwire.toml \\- settings of the Dropwire session border controller\n"
      ".SH SYNOPSIS\n.I {}\n.br\n.I /etc/dropwire/conf.d/*.toml\n"
      ".SH DESCRIPTION\nSettings in TOML. The files in conf.d are read after the main one, in the order of "
      "their\n"
      "names; later values win. Changes made on the status page are in page.toml of state.dir, and take precedence over\n"
      "them.\n.B dropwire check\nnames every error with file, line and "
      "column.\n.PP\n"
      "Durations are written \"500ms\", \"30s\", \"10m\", \"1h\", \"7d\"; sizes \"64KiB\", \"10MB\", "
      "\"2GiB\".\n"
      "Names can be written dotted, as below, or in tables.\n",
      DW_VERSION, kDefaultFile);
  go_through([&](const Section& section) { out += fmt::format(".SH \"{}\"\n", roff(section.title)); },
             [&](const Setting& setting) {
               out += fmt::format(".TP\n.B {} = {}\n{}\n.br\n{}", roff(setting.name), roff(setting.by_default),
                                  roff(setting.meaning), roff(type_line(setting)));
               if (!setting.by_default_hosted.empty()) {
                 out += fmt::format("; in hosted mode {}", roff(setting.by_default_hosted));
               }
               out += ".\n";
             });
  return out + ".SH SEE ALSO\n.BR dropwire (8),\n.BR dropwire\\-log (7)\n";
}

std::string to_text() {
  std::string out;
  go_through([&](const Section& section) { out += fmt::format("{}{}\n", out.empty() ? "" : "\n", section.title); },
             [&](const Setting& setting) {
               out += fmt::format("  {} = {}", setting.name, setting.by_default);
               if (!setting.by_default_hosted.empty()) out += fmt::format("   (hosted: {})", setting.by_default_hosted);
               out += "\n" + wrapped(setting.meaning, "      ", 100) + wrapped(type_line(setting), "      ", 100);
             });
  return out;
}

}  // namespace dw::conf
