#include "sbc/doctor/catalogue.hpp"

#include <fmt/format.h>

#include <array>

#include "sbc/base/markdown.hpp"
#include "sbc/base/roff.hpp"
#include "sbc/doctor/finding_kind.hpp"
#include "sbc/doctor/keys.hpp"

namespace dw::doctor {
using namespace phones;
namespace {

struct Part {
  About about;
  std::string_view title;
};
constexpr std::array<Part, 4> kParts = {{{About::box, "This box"},
                                         {About::network, "The network between this box and the central side"},
                                         {About::home, "All phones together"},
                                         {About::phone, "One phone"}}};

constexpr std::string_view kIntro =
    "Each finding of \"dropwire doctor\", \"dropwire phone\", the status page and the API has a code. A "
    "finding of "
    "severity \"info\" is worth knowing and no fault: with nothing worse the doctor says healthy, and exits "
    "with 0. "
    "A finding can be milder than the severity named here.";

/// Calls `begin` once for each part that has findings, then `one` for each of them.
void go_through(const auto& begin, const auto& one) {
  for (const Part& part : kParts) {
    bool begun = false;
    for (const FindingKind& kind : finding_kinds()) {
      if (kind.about != part.about) continue;
      if (!begun) begin(part.title);
      begun = true;
      one(kind);
    }
  }
}

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + "\"";
}

}  // namespace

std::string catalogue_text() {
  std::string out;
  go_through([&](std::string_view title) { out += fmt::format("{}{}\n", out.empty() ? "" : "\n", title); },
             [&](const FindingKind& kind) {
               out += fmt::format("  {:28} {:8} {}\n", kind.code, to_string(kind.worst), kind.title);
             });
  return out;
}

std::string catalogue_markdown() {
  std::string out = fmt::format("# Findings\n\n{}\n", kIntro);
  go_through([&](std::string_view title) { out += fmt::format("\n## {}\n", title); },
             [&](const FindingKind& kind) {
               out += fmt::format("\n### `{}` ({})\n\n**{}.** {}\n\n*Do:* {}\n", kind.code, to_string(kind.worst),
                                  markdown(kind.title), markdown(for_place(kind.means, Place::not_known)),
                                  markdown(for_place(with_all_keys(kind.remedy), Place::not_known)));
             });
  return out;
}

std::string catalogue_json() {
  std::string out = "[";
  for (const FindingKind& kind : finding_kinds()) {
    if (out.size() > 1) out += ",";
    out += fmt::format("\n  {{\"code\": {}, \"about\": {}, \"worst\": {}, \"title\": {}, \"means\": {}, \"do\": {}}}",
                       quoted(kind.code), quoted(to_string(kind.about)), quoted(to_string(kind.worst)),
                       quoted(kind.title), quoted(for_place(kind.means, Place::not_known)),
                       quoted(for_place(with_all_keys(kind.remedy), Place::not_known)));
  }
  return out + "\n]\n";
}

std::string catalogue_man() {
  std::string out = fmt::format(
      ".TH DROPWIRE-FINDINGS 7 \"\" \"Dropwire {}\" \"Miscellaneous\"\n"
      ".ad l\n"
      ".SH NAME\ndropwire\\-findings \\- what the Dropwire doctor finds, what it means and what to do\n"
      ".SH DESCRIPTION\n{}\n",
      DW_VERSION, roff(kIntro));
  go_through([&](std::string_view title) { out += fmt::format(".SH \"{}\"\n", roff(title)); },
             [&](const FindingKind& kind) {
               out +=
                   fmt::format(".TP\n.BR {} \" ({})\"\n{}. {}\n.IP\n.I Do:\n{}\n", roff(kind.code),
                               to_string(kind.worst), roff(kind.title), roff(for_place(kind.means, Place::not_known)),
                               roff(for_place(with_all_keys(kind.remedy), Place::not_known)));
             });
  return out + ".SH SEE ALSO\n.BR dropwire (8),\n.BR dropwire.toml (5),\n.BR dropwire\\-log (7)\n";
}

}  // namespace dw::doctor
