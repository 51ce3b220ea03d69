#include "sbc/daemon/log_catalogue.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "sbc/base/markdown.hpp"
#include "sbc/base/roff.hpp"
#include "sbc/daemon/log_events_box.hpp"
#include "sbc/daemon/log_events_calls.hpp"
#include "sbc/daemon/log_events_files.hpp"
#include "sbc/daemon/log_events_network.hpp"
#include "sbc/daemon/log_events_page.hpp"
#include "sbc/daemon/log_events_phones.hpp"

namespace dw::log_catalogue {
namespace {

constexpr std::array<Part, 6> kParts = {{{"The service", kBoxEvents},
                                         {"The status page, and who is kept out", kPageEvents},
                                         {"Files", kFileEvents},
                                         {"Phones and central servers", kPhoneEvents},
                                         {"Calls and media", kCallEvents},
                                         {"Routers and ports", kNetworkEvents}}};

constexpr std::string_view kIntro =
    "Each line of the log begins with event=NAME. Fields follow, as key=value or key=\"words\", and then words for people. "
    "Names of events and fields stay as they are, so that scripts can rely on them. A field in brackets is not in every line "
    "of its event. The level is the word for log.level; the log shows warn as \"warning\". Lines that strangers can cause are "
    "limited: the next one that is logged ends with how many were left out.";

/// Calls `one` with each field, and whether every line of the event has it.
void each_field(std::string_view fields, const auto& one) {
  while (!fields.empty()) {
    std::string_view name = fields.substr(0, fields.find(' '));
    fields.remove_prefix(std::min(fields.size(), name.size() + 1));
    const bool always = !name.ends_with('?');
    if (!always) name.remove_suffix(1);
    one(name, always);
  }
}

std::string shown_fields(std::string_view fields) {
  std::string out;
  each_field(fields, [&](std::string_view name, bool always) {
    if (!out.empty()) out += ' ';
    out += always ? std::string(name) : fmt::format("[{}]", name);
  });
  return out;
}

}  // namespace

std::span<const Part> parts() {
  return kParts;
}

std::string to_text() {
  std::string out;
  for (const Part& part : kParts) {
    out += fmt::format("{}{}\n", out.empty() ? "" : "\n", part.title);
    for (const Event& event : part.events)
      out += fmt::format("  {:30} {:11} {}\n", event.name, event.levels, shown_fields(event.fields));
  }
  return out;
}

std::string to_markdown() {
  std::string out = fmt::format("# The log\n\n{}\n", markdown(kIntro));
  for (const Part& part : kParts) {
    out += fmt::format("\n## {}\n", part.title);
    for (const Event& event : part.events) {
      out += fmt::format("\n### `{}` ({})\n\n{}\n", event.name, event.levels, markdown(event.text));
      if (!event.fields.empty()) out += fmt::format("\nFields: `{}`\n", shown_fields(event.fields));
    }
  }
  return out;
}

std::string to_json() {
  auto list = nlohmann::ordered_json::array();
  for (const Part& part : kParts) {
    for (const Event& event : part.events) {
      auto fields = nlohmann::ordered_json::array();
      each_field(event.fields, [&](std::string_view name, bool always) {
        fields.push_back({{"name", name}, {"always", always}});
      });
      auto levels = nlohmann::ordered_json::array();
      for (std::string_view rest = event.levels; !rest.empty();) {
        const std::string_view level = rest.substr(0, rest.find(", "));
        levels.push_back(level);
        rest.remove_prefix(std::min(rest.size(), level.size() + 2));
      }
      list.push_back({{"event", event.name}, {"levels", levels}, {"fields", fields}, {"text", event.text}});
    }
  }
  return list.dump(2) + "\n";
}

std::string to_man() {
  std::string out = fmt::format(
      ".TH DROPWIRE-LOG 7 \"\" \"Dropwire {}\" \"Miscellaneous\"\n"
      ".ad l\n"
      ".SH NAME\ndropwire\\-log \\- the lines of Dropwire's log, what they mean and what to do\n"
      ".SH DESCRIPTION\n{}\n",
      DW_VERSION, roff(kIntro));
  for (const Part& part : kParts) {
    out += fmt::format(".SH \"{}\"\n", roff(part.title));
    for (const Event& event : part.events) {
      out += fmt::format(".TP\n.BR {} \" ({})\"\n{}\n", roff(event.name), event.levels, roff(event.text));
      if (!event.fields.empty()) out += fmt::format(".IP\n.I Fields:\n{}\n", roff(shown_fields(event.fields)));
    }
  }
  return out + ".SH SEE ALSO\n.BR dropwire (8),\n.BR dropwire.toml (5),\n.BR dropwire\\-findings (7)\n";
}

}  // namespace dw::log_catalogue
