#include "sbc/daemon/commands.hpp"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "conf/reference.hpp"
#include "conf/settings.hpp"
#include "conf/units.hpp"
#include "sbc/admin/json.hpp"
#include "sbc/base/percent.hpp"
#include "sbc/daemon/admin_access.hpp"
#include "sbc/daemon/control_client.hpp"
#include "sbc/daemon/doctor.hpp"
#include "sbc/daemon/log_catalogue.hpp"
#include "sbc/daemon/phone_list.hpp"
#include "sbc/daemon/progress.hpp"
#include "sbc/daemon/report.hpp"
#include "sbc/daemon/words.hpp"
#include "sbc/doctor/catalogue.hpp"
#include "sbc/net/http_server.hpp"

namespace dw::commands {
namespace {

using Json = nlohmann::ordered_json;

std::string dumped(const Json& json) {
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

report::Look look() {
  return {wall_now(), terminal_width()};
}

int exit_status_of(const Error& error) {
  return error.code == Errc::not_found ? kNo : kFailed;
}

/// Sends a request, and prints the answer as JSON or as `text` makes of it.
template <class Text>
int show(const Ask& ask, const std::string& target, Text text) {
  const auto answer = ControlClient(socket_of(ask)).get(target);
  if (!answer) return complain(answer.error().text);
  say(ask.json ? dumped(*answer) : text(*answer));
  return kDone;
}

std::string phone_target(const std::string& name) {
  return "/api/phones/" + percent_encoded_path(name);
}

/// The answer about the phone; if the daemon does not know it, prints so and sets `exit_status`.
Result<Json> ask_phone(const Ask& ask, const std::string& name, int& exit_status) {
  const ControlClient client(socket_of(ask));
  // A daemon that is not there is Errc::not_found too; the difference shows in whether it answers at all.
  if (const auto alive = client.get("/api/status"); !alive && alive.error().code != Errc::unavailable) {
    exit_status = kFailed;
    return std::unexpected(alive.error());
  }
  auto answer = client.get(phone_target(name));
  if (!answer) exit_status = exit_status_of(answer.error());
  return answer;
}

std::string unknown_phone(const std::string& name) {
  return fmt::format(
      "no phone \"{}\" has asked this box for anything or registered: on the phone, set Alternate TFTP to "
      "Yes and TFTP "
      "Server 1 to "
      "this box; \"dropwire phones\" lists those that have",
      words::printable(name));
}

Json problems_json(const std::vector<conf::Problem>& problems) {
  Json list = Json::array();
  for (const conf::Problem& p : problems) {
    list.push_back({{"severity", p.severity == conf::Problem::Severity::error ? "error" : "warning"},
                    {"where", p.where},
                    {"line", p.line},
                    {"column", p.column},
                    {"text", p.text},
                    {"hint", p.hint}});
  }
  return list;
}

/// The resolved settings as TOML that could be used as a file, with where each is from.
std::string resolved_text(const conf::Loaded& loaded) {
  std::string out;
  for (const conf::Resolved& r : loaded.resolved) {
    const std::string line = fmt::format("{} = {}", r.name, r.value);
    out += r.from == "default" ? line + "\n" : fmt::format("{:<48}  # {}\n", line, r.from);
  }
  return out;
}

/// The same findings, the most severe first.
Json sorted(const Json& findings) {
  Json out = Json::array();
  const auto rank = [](const Json& finding) {
    const std::string severity = report::text_at(finding, "severity");
    return severity == "error" ? 0 : severity == "warning" ? 1 : 2;
  };
  for (const int wanted : {0, 1, 2}) {
    for (const Json& finding : findings) {
      if (rank(finding) == wanted) out.push_back(finding);
    }
  }
  return out;
}

doctor::BoxFacts::Daemon state_of(const Result<Json>& answer) {
  using Daemon = doctor::BoxFacts::Daemon;
  if (answer) return Daemon::running;
  if (answer.error().code == Errc::forbidden) return Daemon::forbidden;
  return answer.error().code == Errc::not_found || answer.error().code == Errc::invalid ? Daemon::absent
                                                                                        : Daemon::running;
}

/// The functions that write a reference in each format; without TOML, text is written.
struct Reference {
  std::string (*text)();
  std::string (*markdown)();
  std::string (*toml)();
  std::string (*json)();
  std::string (*man)();
};

int say_reference(Form form, const Reference& reference) {
  switch (form) {
    case Form::text:
      say(reference.text());
      break;
    case Form::markdown:
      say(reference.markdown());
      break;
    case Form::toml:
      say(reference.toml());
      break;
    case Form::json:
      say(reference.json());
      break;
    case Form::man:
      say(reference.man());
      break;
  }
  return kDone;
}

}  // namespace

int complain(const std::string& sentence, int exit_status) {
  fmt::print(stderr, "dropwire: {}\n", sentence);
  return exit_status;
}

void say(const std::string& text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
}

std::string socket_of(const Ask& ask) {
  if (!ask.socket.empty()) return ask.socket;
  const conf::Loaded loaded = conf::load(ask.settings);
  return loaded.config.admin.socket;
}

std::size_t terminal_width() {
  winsize size{};
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return 100;
  return std::clamp<std::size_t>(size.ws_col, 60, 160);
}

int check(const conf::LoadRequest& request, bool json) {
  conf::Loaded loaded = conf::load(request);
  (void)take_credentials(loaded);
  (void)take_phone_list(loaded);
  if (json) {
    Json settings = Json::array();
    for (const conf::Resolved& r : loaded.resolved) {
      settings.push_back({{"name", r.name}, {"value", r.value}, {"from", r.from}});
    }
    say(dumped({{"ok", loaded.ok()},
                {"files", loaded.files},
                {"problems", problems_json(loaded.problems)},
                {"settings", std::move(settings)}}));
    return loaded.ok() ? kDone : kFailed;
  }
  for (const conf::Problem& problem : loaded.problems)
    fmt::print(stderr, "{}\n", problem.to_string());
  if (!loaded.ok()) return kFailed;
  std::string head = "# Read: ";
  if (loaded.files.empty()) head += "no file";
  head += fmt::format("{}\n", fmt::join(loaded.files, ", "));
  say(head + resolved_text(loaded));
  return kDone;
}

int settings(Form form) {
  return say_reference(form, {conf::to_text, conf::to_markdown, conf::to_toml, conf::to_json, conf::to_man});
}

int findings(Form form) {
  return say_reference(form, {doctor::catalogue_text, doctor::catalogue_markdown, doctor::catalogue_text,
                              doctor::catalogue_json, doctor::catalogue_man});
}

int events(Form form) {
  return say_reference(form, {log_catalogue::to_text, log_catalogue::to_markdown, log_catalogue::to_text,
                              log_catalogue::to_json, log_catalogue::to_man});
}

int calls(const Ask& ask) {
  return show(ask, "/api/calls", [](const Json& answer) { return report::calls(answer); });
}

int finished_calls(const Ask& ask, const std::string& since, unsigned limit) {
  std::string target = fmt::format("/api/calls/finished?limit={}", limit);
  if (!since.empty()) {
    const auto within = conf::parse_duration(since);
    if (!within)
      return complain(
          fmt::format("--since {}: no time; it is a number and a unit, 90m, 12h or 7d", words::printable(since)));
    target += fmt::format("&since_s={}", std::chrono::ceil<std::chrono::seconds>(*within).count());
  }
  return show(ask, target, [](const Json& answer) { return report::finished_calls(answer); });
}

int phone(const Ask& ask, const std::string& name) {
  int exit_status = kDone;
  const auto answer = ask_phone(ask, name, exit_status);
  if (!answer) return complain(exit_status == kNo ? unknown_phone(name) : answer.error().text, exit_status);
  say(ask.json ? dumped(*answer) : report::phone(*answer, look()));
  return kDone;
}

int doctor_phone(const Ask& ask, const std::string& name) {
  int exit_status = kDone;
  const auto answer = ask_phone(ask, name, exit_status);
  if (!answer) return complain(exit_status == kNo ? unknown_phone(name) : answer.error().text, exit_status);
  const Json findings = answer->value("findings", Json::array());
  const Json verdict = {{"state", answer->value("state", "")}, {"words", answer->value("reason", "")}};
  const bool wrong = report::any_wrong(findings) || report::is_wrong(verdict);
  if (ask.json) {
    say(dumped(
        {{"device", answer->value("device", "")}, {"healthy", !wrong}, {"verdict", verdict}, {"findings", findings}}));
  } else {
    say(report::doctor(findings, {{"verdict", verdict}}, look()));
  }
  return wrong ? kNo : kDone;
}

int doctor(const Ask& ask) {
  const conf::Loaded loaded = conf::load(ask.settings);
  const std::string socket = ask.socket.empty() ? loaded.config.admin.socket : ask.socket;
  Progress progress;
  progress.say("Measuring the way to the central side, for 10 s at most");
  const auto answer = ControlClient(socket).get("/api/doctor?measure=1");
  if (!answer) progress.say("Looking at ports, directories and the clock of this machine");
  const auto box = doctor::look_at_box(loaded, state_of(answer), socket);
  const WallTime now = wall_now();
  Json findings = Json::array();
  if (answer) findings = answer->value("findings", Json::array());
  const Json own = Json::parse(admin::doctor_json(doctor::box_findings(box, now), now), nullptr, false);
  for (const Json& finding : own.value("findings", Json::array()))
    findings.push_back(finding);
  findings = sorted(findings);
  const Json verdict = answer ? answer->value("verdict", Json()) : Json();
  const bool wrong = report::any_wrong(findings) || report::is_wrong(verdict);
  progress.say({});
  if (ask.json) {
    const Json network = answer ? answer->value("network", Json()) : Json();
    say(dumped({{"now", to_rfc3339(now)},
                {"healthy", !wrong},
                {"verdict", verdict},
                {"findings", findings},
                {"network", network}}));
  } else {
    Json status = ControlClient(socket).get("/api/status").value_or(Json::object());
    status["verdict"] = verdict;
    say(report::doctor(findings, status, look()));
  }
  return wrong ? kNo : kDone;
}

int reload(const Ask& ask) {
  net::UnixHttpRequest request;
  request.method = "POST";
  request.target = "/api/reload";
  const auto reply = ControlClient(socket_of(ask)).ask(std::move(request));
  if (!reply) return complain(reply.error().text);
  const Json answer = Json::parse(reply->body, nullptr, false);
  if (!answer.is_object() || !answer.contains("taken")) {
    return complain(fmt::format("Dropwire answered {}: {}", reply->status, error_in(*reply)));
  }
  const bool taken = answer["taken"] == true;
  if (ask.json) {
    say(dumped(answer));
    return taken ? kDone : kNo;
  }
  for (const Json& problem : answer.value("problems", Json::array())) {
    if (problem.is_string()) fmt::print(stderr, "{}\n", problem.get<std::string>());
  }
  say(taken ? "The settings were read again and taken.\n"
            : "The settings were refused; Dropwire goes on with those from before.\n");
  return taken ? kDone : kNo;
}

}  // namespace dw::commands
