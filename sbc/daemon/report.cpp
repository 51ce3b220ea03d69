#include "sbc/daemon/report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <vector>

#include "sbc/base/text_cursor.hpp"
#include "sbc/daemon/report_json.hpp"
#include "sbc/daemon/words.hpp"

namespace dw::report {
namespace {

using words::ago;
using words::printable;

constexpr std::size_t kBansShown = 5;

std::string upper(std::string text) {
  std::ranges::transform(text, text.begin(),
                         [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; });
  return text;
}
/// "sccp", "sip/udp": SCCP is by TCP only.
std::string protocol_of(const Json& object) {
  const std::string protocol = text_at(object, "protocol"), transport = text_at(object, "transport");
  return protocol != "sip" || transport.empty() ? protocol : protocol + "/" + transport;
}

/// "7965, SIP, firmware SIP45.9-4-2SR3-1S", as far as known; for a phone of another maker what it calls itself.
std::string kind_of(const Json& phone) {
  std::string out = text_at(phone, "model");
  if (out.empty()) out = text_at(phone, "user_agent");
  const auto add = [&](const std::string& part) {
    if (!out.empty() && !part.empty()) out += ", ";
    out += part;
  };
  add(upper(text_at(phone, "protocol")));
  if (const std::string firmware = text_at(phone, "firmware"); !firmware.empty()) add("firmware " + firmware);
  return out;
}

/// Its first part, as a sentence: "seen first; more" is "Seen first."
std::string begun(std::string words) {
  words.resize(std::min(words.find(';'), words.size()));
  if (!words.empty() && words[0] >= 'a' && words[0] <= 'z') words[0] = static_cast<char>(words[0] - 'a' + 'A');
  return words + ".";
}

/// "error"; for a phone that only suffers from a fault of the box, the code of that fault.
std::string gravity_of(const Json& phone) {
  const std::string severity = text_at(phone, "severity"), cause = text_at(phone, "cause");
  return severity == "info" && !cause.empty() ? "from the box's " + cause : severity;
}

std::string services(const Json& answer) {
  std::vector<std::vector<std::string>> rows;
  for (const Json& s : at(answer, "services")) {
    const std::string state = !flag_at(s, "enabled") ? "off" : flag_at(s, "up") ? "up" : "down";
    const std::string error = text_at(s, "error");
    rows.push_back({"  " + text_at(s, "name"), state, joined_at(s, "addresses") + error});
  }
  return "\nListens\n" + words::table(rows);
}

/// When an origin or a server that is down is tried again; once that time has come, by the next request.
std::string next_try(const Json& peer, const Look& look) {
  const auto next = time_at(peer, "next_try");
  if (!next) return {};
  return "; next try " + (*next > look.now ? ago(*next, look.now) : "when a phone asks");
}

std::string origins(const Json& answer, const Look& look) {
  std::vector<std::vector<std::string>> rows;
  for (const Json& o : at(answer, "origins")) {
    const bool healthy = flag_at(o, "healthy");
    const std::string verdict = text_at(o, "verdict");
    std::string news = "answered " + ago_at(o, "last_answer", look, "never");
    if (!healthy) {
      news += "; " + text_at(o, "last_error");
      news += next_try(o, look);
    } else if (!time_at(o, "last_answer")) {
      news = "not asked yet";
    }
    rows.push_back({"  " + text_at(o, "url"),
                    !healthy                 ? "down"
                    : verdict == "not_known" ? "not tried yet"
                                             : "fine",
                    news});
  }
  if (rows.empty()) rows.push_back({"  none: phones get only what is kept from before"});
  return "\nFiles come from\n" + words::table(rows);
}

/// "41 phones, answered 3 s ago"; "Connection refused; no answer for 100 s; next try in 2 s".
std::string news_of_server(const Json& server, const std::string& state, const Look& look) {
  const std::string phones = counted(number_at(server, "phones"), "phone");
  const auto answered = time_at(server, "last_answer"), since = time_at(server, "since");
  if (state == "up") return phones + ", answered " + ago_at(server, "last_answer", look, "never");
  if (state == "silent") return "has never answered; asked first " + ago_at(server, "since", look, "");
  if (state != "down") return phones;
  std::string out = text_at(server, "last_error");
  if (const auto last = answered ? answered : since)
    out += fmt::format("; {} {}", answered ? "no answer for" : "down for",
                       to_words(std::max(look.now - *last, std::chrono::milliseconds(0))));
  return out + next_try(server, look);
}

std::string fast_path(const Json& fast) {
  const std::string state = text_at(fast, "state");
  if (state == "on") return fmt::format("  fast path: the kernel carries {} of them\n", number_at(fast, "streams"));
  return state == "unavailable" ? fmt::format("  fast path: not used: {}\n", text_at(fast, "why")) : std::string();
}

std::string call_servers(const Json& answer, const Look& look) {
  std::vector<std::vector<std::string>> rows;
  for (const Json& s : at(answer, "call_servers")) {
    const std::string state = text_at(s, "state");
    rows.push_back({"  " + text_at(s, "name"), protocol_of(s),
                    state == "up"        ? "fine"
                    : state == "untried" ? "not tried yet"
                                         : or_dash(state),
                    news_of_server(s, state, look)});
  }
  if (rows.empty()) return {};
  const Json& media = at(answer, "media");
  return "\nCall servers\n" + words::table(rows) +
         fmt::format("  media: {} of {} in use\n", number_at(media, "streams"),
                     counted(number_at(media, "capacity"), "stream")) +
         fast_path(at(media, "fast_path"));
}

std::string router(const Json& answer) {
  const std::string summary = text_at(at(answer, "router"), "summary");
  const std::string audio = text_at(at(answer, "audio"), "summary");
  if (text_at(answer, "mode") != "edge" || (summary.empty() && audio.empty())) return {};
  std::string out = "\nHome router\n";
  for (const std::string& line : {summary, audio})
    if (!line.empty()) out += "  " + line + "\n";
  return out;
}

/// The latest few banned sources.
std::string bans(const Json& answer, const Look& look) {
  std::vector<std::vector<std::string>> rows;
  const Json& list = at(answer, "bans");
  for (const Json& b : list) {
    if (rows.size() == kBansShown) break;
    const auto until = time_at(b, "until");
    rows.push_back({"  " + text_at(b, "source"), counted(number_at(b, "offences"), "offence"),
                    until && *until > look.now ? "ends " + ago(*until, look.now) : "is over", text_at(b, "reason")});
  }
  if (rows.empty()) return {};
  const std::uint64_t total = std::max<std::uint64_t>(number_at(answer, "bans_total"), list.size());
  std::string out = fmt::format("\nShut out: {}\n", counted(total, "address", "es")) + words::table(rows);
  if (total > rows.size()) out += fmt::format("  and {} more\n", total - rows.size());
  return out;
}

/// "Registered with pbx:2000, protocol 17; lines 1001", "Registered with pbx:5060 by UDP; lines 1001, 1002"
std::string registration(const Json& phone) {
  const bool registered = flag_at(phone, "registered");
  std::string out = registered ? "Registered with " + or_dash(text_at(phone, "server")) : "Not registered";
  if (const std::uint64_t version = number_at(phone, "protocol_version"); registered && version > 0)
    out += fmt::format(", protocol {}", version);
  if (const std::string transport = upper(text_at(phone, "transport"));
      registered && text_at(phone, "protocol") == "sip" && !transport.empty())
    out += " by " + transport;
  if (const std::string lines = joined_at(phone, "lines"); !lines.empty()) out += "; lines " + lines;
  return out;
}

std::string story(const Json& phone, const Look& look) {
  std::string out;
  std::string day;
  constexpr std::size_t kDetail = 26;  // column where the sentence begins
  for (const Json& entry : at(phone, "story")) {
    const auto when = time_at(entry, "at");
    if (when && words::local_day(*when) != day) {
      day = words::local_day(*when);
      out += "  " + day + "\n";
    }
    out += fmt::format("  {:8}  {:12}  {}\n", when ? words::local_clock(*when) : "", text_at(entry, "step"),
                       words::wrapped(text_at(entry, "detail"), kDetail, look.width));
  }
  return out.empty() ? "  nothing yet\n" : out;
}

}  // namespace

std::string status(const Json& answer, const Look& look) {
  const bool unconfigured = at(answer, "configured") == false;
  const char* state = flag_at(answer, "draining") ? "stopping"
                      : unconfigured              ? "not configured"
                      : flag_at(answer, "ready")  ? "ready"
                                                  : "not ready";
  std::string out = fmt::format("Dropwire {}, {} mode, started {}: {}\n\n", text_at(answer, "version"),
                                text_at(answer, "mode"), ago_at(answer, "started", look, "at an unknown time"), state);
  if (unconfigured) out += std::string(words::kNotConfigured) + ".\n\n";
  const Json& verdict = at(answer, "verdict");
  if (const std::string said = text_at(verdict, "words"); !said.empty() && !unconfigured)
    out += stands(verdict) + "\n\n";
  const Json& cache = at(answer, "cache");
  const Json& config = at(answer, "config");
  std::string kept =
      fmt::format("{} files, {} of {} in {}", number_at(cache, "files"), words::octets(number_at(cache, "octets")),
                  words::octets(number_at(cache, "max_octets")), or_dash(text_at(cache, "directory")));
  if (!flag_at(cache, "storing")) kept += " (nothing new is kept now)";
  std::string files = joined_at(config, "files");
  if (files.empty()) files = "no file, defaults";
  out += words::table({{"Central server", or_dash(text_at(answer, "central"))},
                       {"TFTP Server 1", or_dash(joined_at(answer, "phone_addresses"))},
                       {"Kept", kept},
                       {"Settings", files + ", read " + ago_at(config, "loaded", look, "never")}});
  return out + services(answer) + origins(answer, look) + call_servers(answer, look) + router(answer) +
         bans(answer, look);
}

std::string phones(const Json& answer, const Look& look) {
  std::vector<std::vector<std::string>> rows = {
      {"PHONE", "REGISTERED", "MODEL", "PROTOCOL", "FIRMWARE", "ADDRESS", "LAST SEEN", "FINDINGS", "WHY"}};
  for (const Json& p : at(answer, "phones")) {
    const std::uint64_t count = number_at(p, "findings_count");
    rows.push_back({text_at(p, "key").empty() ? text_at(p, "device") : text_at(p, "key"),
                    flag_at(p, "registered") ? "yes" : "no", or_dash(text_at(p, "model")), or_dash(protocol_of(p)),
                    or_dash(text_at(p, "firmware")), or_dash(text_at(p, "address")),
                    flag_at(p, "registered") ? "now" : ago_at(p, "last_seen", look, "never"),
                    count == 0 ? "none" : fmt::format("{} ({})", count, gravity_of(p)), or_dash(text_at(p, "reason"))});
  }
  const std::uint64_t total = number_at(answer, "total");
  if (rows.size() == 1) {
    if (total != 0) return fmt::format("No phone of {} matches.\n", total);
    return "No phone has asked for anything or registered yet.\nOn the phone: Settings, Network "
           "Configuration, Alternate TFTP: Yes, TFTP Server 1: this box (\"dropwire status\" shows its address).\n";
  }
  std::string out = words::table(rows);
  if (total > rows.size() - 1) out += fmt::format("{} of {} are shown.\n", rows.size() - 1, total);
  for (const Json& group : at(answer, "groups"))
    out += fmt::format("{}: {} (--cause {})\n", counted(number_at(group, "phones"), "phone"), text_at(group, "title"),
                       text_at(group, "code"));
  const Json& site = at(answer, "findings");
  if (site.is_array() && !site.empty()) out += "\nAll of them together\n" + findings(site, look, "");
  return out;
}

std::string phone(const Json& answer, const Look& look) {
  std::string out = text_at(answer, "key").empty() ? text_at(answer, "device") : text_at(answer, "key");
  if (const std::string kind = kind_of(answer); !kind.empty()) out += ": " + kind;
  out += fmt::format("\nSeen at {}, last {}, first {}", or_dash(text_at(answer, "address")),
                     ago_at(answer, "last_seen", look, "never"), ago_at(answer, "first_seen", look, "never"));
  if (flag_at(answer, "uses_http")) out += "; it fetches by HTTP";
  out += "\n" + registration(answer) + "\n";
  if (const Json& list = at(answer, "calls"); list.is_array() && !list.empty()) out += "\nCalls\n" + calls_table(list);
  out += "\nWhat it did\n" + story(answer, look);
  const std::string reason = text_at(answer, "reason");
  const std::string none = text_at(answer, "state") == "not_known" && !reason.empty()
                               ? fmt::format("  Nothing was found wrong so far: it is {}.\n", reason)
                               : "  Nothing: all looks well.\n";
  return out + "\nWhat to do\n" + findings(at(answer, "findings"), look, none);
}

std::string log(const Json& answer) {
  std::string out;
  for (const Json& line : at(answer, "lines")) {
    const auto when = time_at(line, "at");
    out += fmt::format("{} {:7} {}\n", when ? words::local_clock(*when) : "", text_at(line, "level"),
                       text_at(line, "text"));
  }
  return out.empty() ? "Nothing was logged yet.\n" : out;
}

std::string findings(const Json& list, const Look& look, std::string_view none) {
  if (!list.is_array() || list.empty()) return std::string(none);
  constexpr std::size_t kText = 11;  // column where the sentence begins
  std::string out;
  for (const Json& f : list) {
    if (!out.empty()) out += "\n";
    const std::string cause = text_at(f, "cause");
    out += fmt::format("  {} ({}{})\n", text_at(f, "severity"), text_at(f, "code"),
                       cause.empty() ? "" : ", from the box's " + cause);
    for (const char* part : {"seen", "means", "do"}) {
      const std::string sentence = text_at(f, part);
      if (!sentence.empty()) out += fmt::format("    {:5}  {}\n", part, words::wrapped(sentence, kText, look.width));
    }
    for (const Json& follow : at(f, "follows"))
      out += fmt::format("    {:5}  {}\n", "so", words::wrapped(text_at(follow, "seen"), kText, look.width));
  }
  return out;
}

std::string doctor(const Json& list, const Json& status, const Look& look) {
  std::array<std::uint64_t, 3> count{};
  for (const Json& f : list) {
    const std::string severity = text_at(f, "severity");
    ++count[severity == "error" ? 0 : severity == "warning" ? 1 : 2];
  }
  const auto caused = std::ranges::find_if(list, [](const Json& f) { return !text_at(f, "cause").empty(); });
  const bool wrong = count[0] + count[1] > 0;
  const auto calm = [&] {
    return caused != list.end() ? begun(text_at(*caused, "seen")) : how_it_stands(at(status, "verdict"));
  };
  std::string out = wrong ? "" : calm();
  if (count[0] > 0) out += counted(count[0], "error");
  if (count[1] > 0) out += (out.empty() ? "" : ", ") + counted(count[1], "warning");
  if (wrong) {
    out += ".";
    for (const Json& part : at(at(status, "verdict"), "parts")) {
      if (text_at(part, "name") == "phones" && is_wrong(part)) out += fmt::format(" {}.", text_at(part, "words"));
    }
  }
  if (count[2] > 0) out += fmt::format(" Worth knowing: {}.", counted(count[2], "thing"));
  out += "\n";
  const std::string addresses = joined_at(status, "phone_addresses");
  if (!addresses.empty()) out += fmt::format("Into phones type as TFTP Server 1: {}\n", addresses);
  const std::string each = findings(list, look, "");
  if (!each.empty()) out += "\n" + each + "\n\"dropwire findings\" and dropwire-findings(7) have more on each code.\n";
  return out;
}

bool any_wrong(const Json& list) {
  return list.is_array() && std::ranges::any_of(list, [](const Json& f) {
           return text_at(f, "severity") != "info" || !text_at(f, "cause").empty();
         });
}

}  // namespace dw::report
