#include "sbc/daemon/cli.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <exception>
#include <functional>
#include <map>

#include "sbc/base/edit_distance.hpp"
#include "sbc/daemon/app.hpp"
#include "sbc/daemon/cli_reference.hpp"
#include "sbc/daemon/commands.hpp"
#include "sbc/daemon/words.hpp"
#include "sbc/doctor/how_to.hpp"
#include "sbc/phones/model.hpp"

namespace dw {
namespace {

/// The parsed arguments. CLI11 keeps references into it, so it outlives the parse and must not move.
struct Typed {
  std::string file, mode, central, socket, name, output, level;
  std::vector<std::string> set, names;
  bool json = false, markdown = false, toml = false, man = false, follow = false;
  bool finished = false;
  std::string since;
  unsigned limit = 500;
  bool from_stdin = false, token = false, reader = false, remove = false, force = false;
  commands::Admit admit;
  commands::Phones phones;
  unsigned seconds = 600, report_seconds = 10;
  std::uint64_t octets = 64 << 20;

  conf::LoadRequest request() const {
    conf::LoadRequest request{file, {}, conf::service_directories()};
    if (!mode.empty()) request.overrides.push_back("mode=" + mode);
    if (!central.empty()) request.overrides.push_back("central=" + central);
    request.overrides.insert(request.overrides.end(), set.begin(), set.end());
    return request;
  }
  commands::Ask ask() const { return {request(), socket, json}; }
  commands::Form form() const {
    using commands::Form;
    return json ? Form::json : markdown ? Form::markdown : toml ? Form::toml : man ? Form::man : Form::text;
  }
};

/// The commands, each with what it takes, an example and what it does. Longer than 400 lines, as it is a list: a
/// command is in one place, and what it does is a call of commands.hpp.
class CommandLine {
 public:
  CommandLine() {
    app_.name("dropwire");
    app_.set_version_flag("--version", "dropwire " DW_VERSION, "Print the version and exit");
    app_.require_subcommand(1);
    app_.footer("\"dropwire COMMAND --help\" shows each command's options and an example.");
    run();
    offline();
    get();
    asking();
    phones();
    trace();
    doctor();
    report();
    reload();
    acting();
    admit();
    passwd();
    references();
  }

  int operator()(int argc, char** argv) {
    try {
      app_.parse(argc, argv);
    } catch (const CLI::CallForVersion& version) {
      commands::say(std::string(version.what()) + "\n");
      return commands::kDone;
    } catch (const CLI::CallForHelp&) {
      commands::say(app_.help());
      return commands::kDone;
    } catch (const CLI::ParseError& error) {
      const auto parsed = app_.get_subcommands();
      const std::string command = parsed.empty() ? "" : parsed.front()->get_name() + " ";
      return commands::complain(fmt::format("{} (\"dropwire {}--help\" helps)",
                                            what_is_wrong(error, parsed.empty() ? nullptr : parsed.front(), argc, argv),
                                            command));
    }
    return action_ ? action_() : commands::kFailed;
  }

 private:
  /// For an unknown command or option: the one that is spelled most like it.
  std::string what_is_wrong(const CLI::ParseError& error, const CLI::App* command, int argc, char** argv) const {
    std::vector<std::string> words;
    if (command == nullptr) {
      for (const CLI::App* known : app_.get_subcommands([](const CLI::App* c) { return !c->get_group().empty(); }))
        words.push_back(known->get_name());
    }
    for (const CLI::Option* option : (command ? command : &app_)->get_options()) {
      for (const std::string& name : option->get_lnames())
        words.push_back("--" + name);
    }
    const std::vector<std::string_view> names(words.begin(), words.end());
    const int first = command ? 2 : 1;
    for (int i = first; i < argc; ++i) {
      const std::string_view typed = std::string_view(argv[i]).substr(0, std::string_view(argv[i]).find('='));
      const bool wrong =
          std::ranges::find(names, typed) == names.end() && (command == nullptr || typed.starts_with("--"));
      if (!wrong) continue;
      if (std::string_view(error.what()).find(argv[i]) == std::string_view::npos && command != nullptr) continue;
      const std::string_view near = nearest(typed, names);
      const char* const kind = typed.starts_with("-") ? "option" : "command";
      return fmt::format("there is no {} \"{}\"{}", kind, words::printable(typed),
                         near.empty() ? "" : fmt::format("; did you mean {}?", near));
    }
    return error.what();
  }

  CLI::App* command(const char* name, const char* does, const char* example, std::function<int()> action) {
    CLI::App* sub = app_.add_subcommand(name, does);
    sub->footer(fmt::format("Example:\n  {}", example));
    sub->callback([this, action = std::move(action)] { action_ = action; });
    return sub;
  }
  void takes(std::string what, const CLI::Option* option) { takes_[option] = std::move(what); }
  static std::string models() {
    std::string out;
    for (const doctor::HowTo& how_to : doctor::how_tos()) {
      for (const char c : how_to.models)
        out += c == '/' ? ' ' : c;
      out += ' ';
    }
    return out.substr(0, out.size() - 1);
  }
  void takes_settings(CLI::App* sub) {
    takes(
        "files",
        sub->add_option("-c,--config", typed_.file, "Settings file [/etc/dropwire/dropwire.toml]")->type_name("FILE"));
    takes("settings", sub->add_option("--set", typed_.set, "Override one setting; may be given again")
                          ->type_name("KEY=VALUE")
                          ->allow_extra_args(false));
  }
  void picks_place(CLI::App* sub) {
    takes("(edge hosted)", sub->add_option("--mode", typed_.mode, "edge or hosted: picks defaults")->type_name("MODE"));
    takes("hosts",
          sub->add_option("--central", typed_.central, "The central server: a name or an address")->type_name("HOST"));
  }
  /// For commands that talk to the running daemon.
  void asks_daemon(CLI::App* sub, bool json = true) {
    takes_settings(sub);
    takes("files", sub->add_option("--socket", typed_.socket, "Control socket of the running Dropwire [admin.socket]")
                       ->type_name("PATH"));
    if (json) sub->add_flag("--json", typed_.json, "Print the answer as JSON, for scripts");
  }

  void run() {
    CLI::App* sub = command("run", "Run in the foreground; SIGTERM ends, SIGHUP reads the settings again",
                            "dropwire run --central pbx.example.net --set access.tftp.port=6969",
                            [this] { return run_daemon(typed_.request()); });
    tells_more(sub, "Logs to standard error, and to the journal under systemd.");
    takes_settings(sub);
    picks_place(sub);
  }

  void offline() {
    CLI::App* check = command("check", "Check the settings: show every mistake, and what is in force",
                              "dropwire check -c /etc/dropwire/dropwire.toml",
                              [this] { return commands::check(typed_.request(), typed_.json); });
    takes_settings(check);
    picks_place(check);
    check->add_flag("--json", typed_.json, "Print the result as JSON, for scripts");
    CLI::App* settings =
        command("settings", "The reference of all settings", "dropwire settings --toml > dropwire.toml",
                [this] { return commands::settings(typed_.form()); });
    CLI::Option_group* form = settings->add_option_group("Form");
    form->add_flag("--markdown", typed_.markdown, "As Markdown");
    form->add_flag("--toml", typed_.toml, "As a settings file, everything commented out");
    form->add_flag("--json", typed_.json, "As JSON, for scripts");
    form->add_flag("--man", typed_.man, "As the manual page dropwire.toml(5)");
    form->require_option(0, 1);
    CLI::App* findings = command("findings", "The reference of everything that the doctor can find",
                                 "dropwire findings --markdown", [this] { return commands::findings(typed_.form()); });
    CLI::Option_group* shape = findings->add_option_group("Form");
    shape->add_flag("--markdown", typed_.markdown, "As Markdown");
    shape->add_flag("--json", typed_.json, "As JSON, for scripts");
    shape->add_flag("--man", typed_.man, "As the manual page dropwire-findings(7)");
    shape->require_option(0, 1);
    CLI::App* events = command("events", "The reference of every line of the log", "dropwire events --markdown",
                               [this] { return commands::events(typed_.form()); });
    CLI::Option_group* as = events->add_option_group("Form");
    as->add_flag("--markdown", typed_.markdown, "As Markdown");
    as->add_flag("--json", typed_.json, "As JSON, for scripts");
    as->add_flag("--man", typed_.man, "As the manual page dropwire-log(7)");
    as->require_option(0, 1);
  }

  void get() {
    CLI::App* sub =
        command("get", "Fetch one file as a phone would get it", "dropwire get SEP001122334455.cnf.xml -o phone.xml",
                [this] { return commands::get(typed_.ask(), typed_.name, typed_.output); });
    sub->add_option("NAME", typed_.name, "The file's name, as a phone asks for it")->required();
    takes("files", sub->add_option("-o,--output", typed_.output, "Write it there instead of to standard output")
                       ->type_name("FILE"));
    asks_daemon(sub, false);
  }

  void asking() {
    struct Simple {
      const char* name;
      const char* does;
      int (*action)(const commands::Ask&);
    };
    for (const Simple& s :
         {Simple{"status", "This Dropwire at a glance; exit status 1 when it or a phone is in trouble",
                 commands::status},
          {"claim", "Where the page of a new box is, and the code to take it over", commands::claim}}) {
      asks_daemon(command(s.name, s.does, fmt::format("dropwire {0}\n  dropwire {0} --json", s.name).c_str(),
                          [this, action = s.action] { return action(typed_.ask()); }));
    }
    CLI::App* calls = command("calls", "Calls that are up or over, and what passed in each direction",
                              "dropwire calls\n  dropwire calls --finished --since 12h --json", [this] {
                                return typed_.finished
                                           ? commands::finished_calls(typed_.ask(), typed_.since, typed_.limit)
                                           : commands::calls(typed_.ask());
                              });
    CLI::Option* const finished =
        calls->add_flag("--finished", typed_.finished, "Those that are over, the latest first");
    calls->add_option("--since", typed_.since, "Only what ended so long ago or later, such as 90m, 12h, 7d")
        ->needs(finished);
    calls->add_option("--limit", typed_.limit, "At most so many [500]")->check(CLI::Range(1, 5000))->needs(finished);
    asks_daemon(calls);
    CLI::App* log = command("log", "The last lines of the log", "dropwire log --follow\n  dropwire log --level debug",
                            [this] { return commands::log(typed_.ask(), typed_.follow, typed_.level); });
    log->add_flag("-f,--follow", typed_.follow, "Go on with the lines that come, until Ctrl-C");
    takes("(trace debug info warn error)",
          log->add_option("--level", typed_.level, "Have it log from this level on, until it restarts or reloads")
              ->check(CLI::IsMember({"trace", "debug", "info", "warn", "error"})));
    asks_daemon(log);
    CLI::App* phone =
        command("phone", "One phone's story, what is wrong with it and what to do", "dropwire phone SEP001122334455",
                [this] { return commands::phone(typed_.ask(), typed_.name); });
    takes("phones", phone->add_option("NAME", typed_.name, "Its name, MAC or address")->required());
    asks_daemon(phone);
    CLI::App* connect =
        command("connect", "What to press on a phone so that it uses this Dropwire", "dropwire connect 7965",
                [this] { return commands::connect(typed_.ask(), typed_.name); });
    tells_more(connect, "For one model, or for all of them.");
    takes("(" + models() + ")",
          connect->add_option("MODEL", typed_.name, "Its model, such as 7965; without it, every kind of phone"));
    asks_daemon(connect);
  }

  void phones() {
    commands::Phones& what = typed_.phones;
    CLI::App* sub =
        command("phones", "Phones that asked for something or registered: all, or those that are looked for",
                "dropwire phones --state failed\n  dropwire phones --model 7965 --network 192.0.2.0/24 --format csv\n"
                "  dropwire phones --finding trust_list_present --do restart",
                [this] { return commands::phones(typed_.ask(), typed_.phones); });
    sub->add_option("--find", what.find, "Words in its name, MAC, address, lines, model, firmware, server or agent")
        ->type_name("WORDS");
    sub->add_option("--show", what.show, "Those that need attention, are registered, or are not")
        ->check(CLI::IsMember({"attention", "registered", "unregistered"}));
    sub->add_option("--state", what.state, "How they stand")
        ->check(CLI::IsMember({"ok", "not_known", "trouble", "failed"}));
    sub->add_option("--finding", what.finding, "With this finding, its code as \"dropwire findings\" has it")
        ->type_name("CODE");
    sub->add_option("--cause", what.cause, "With this finding before all others")->type_name("CODE");
    sub->add_option("--model", what.model, "Of this model, such as 7965, or unknown")->type_name("MODEL");
    sub->add_option("--firmware", what.firmware, "With this in the name of their firmware, or unknown")
        ->type_name("LOAD");
    sub->add_option("--protocol", what.protocol, "Of this protocol")->check(CLI::IsMember({"sccp", "sip", "unknown"}));
    sub->add_option("--network", what.network, "At these addresses, such as 192.0.2.0/24")->type_name("NETWORK");
    sub->add_option("--sort", what.sort,
                    "By seen, name, address, model, firmware, line or state; -name: the other way round")
        ->type_name("ORDER");
    sub->add_option("--limit", what.limit, "At most so many [all]")->check(CLI::Range(1U, UINT32_MAX));
    sub->add_option("--format", what.format, "As text, csv or json [text]")
        ->check(CLI::IsMember({"text", "csv", "json"}));
    CLI::Option* const action = sub->add_option("--do", what.action, "Do this to all of them: restart, reset or forget")
                                    ->check(CLI::IsMember({"restart", "reset", "forget"}));
    sub->add_flag("--all", what.all, "To all phones, where no filter is given")->needs(action);
    sub->add_flag("--yes", what.yes, "Do not ask before")->needs(action);
    sub->add_flag("--force", what.force, "Those in a call too, or to forget those that are registered")->needs(action);
    sub->add_option("--pace", what.pace, "So many a second, 1 to 50 [5]")->check(CLI::Range(1, 50))->needs(action);
    asks_daemon(sub);
  }

  void trace() {
    CLI::App* sub = command(
        "trace", "What one phone and this box say to each other, on both sides, until Ctrl-C",
        "dropwire trace SEP001122334455\n  dropwire trace SEP001122334455 -w phone.pcapng",
        [this] { return commands::trace(typed_.ask(), typed_.name, typed_.output, typed_.seconds, typed_.octets); });
    tells_more(
        sub,
        "A line a message, on both sides, and what was asked of the origins for it. Secrets are not shown; a capture for Wireshark holds every message, passwords too.");
    takes("phones", sub->add_option("NAME", typed_.name, "Its name, MAC or address")->required());
    takes("files", sub->add_option("-w,--write", typed_.output, "Write a capture for Wireshark there; holds passwords")
                       ->type_name("FILE"));
    sub->add_option("--seconds", typed_.seconds, "End after so long [600]")->check(CLI::Range(1, 86400));
    sub->add_option("--max-octets", typed_.octets, "End after so much [64 MiB]")
        ->check(CLI::Range(std::uint64_t{1024}, std::uint64_t{1} << 30U));
    asks_daemon(sub, false);
  }

  void doctor() {
    CLI::App* sub = command("doctor", "Examine this box, or one phone; exit status 1 when something is wrong",
                            "dropwire doctor\n  dropwire doctor SEP001122334455", [this] {
                              return typed_.name.empty() ? commands::doctor(typed_.ask())
                                                         : commands::doctor_phone(typed_.ask(), typed_.name);
                            });
    tells_more(sub, "Each finding says what was seen, what it means and what to do.");
    takes("phones", sub->add_option("NAME", typed_.name, "A phone's name, MAC or address"));
    asks_daemon(sub);
  }

  void report() {
    CLI::App* sub = command(
        "report", "One file for whoever helps: what is wrong, the phones' stories, log and messages, without passwords",
        "dropwire report\n  dropwire report SEP001122334455 -o report.txt",
        [this] { return commands::report(typed_.ask(), typed_.names, typed_.output, typed_.report_seconds); });
    takes("phones",
          sub->add_option("NAME", typed_.names, "Phones that it is about: names, MACs or addresses; at most 16")
              ->expected(0, 16));
    takes("files", sub->add_option("-o,--output", typed_.output,
                                   "Write it there, - is standard output [dropwire-report-DATE.txt]")
                       ->type_name("FILE"));
    sub->add_option("--seconds", typed_.report_seconds, "Watch the messages of the first of them for so long [10]")
        ->check(CLI::Range(0, 600));
    asks_daemon(sub, false);
  }

  void reload() {
    CLI::App* sub = command("reload", "Have the running Dropwire read its settings again; it refuses bad ones",
                            "dropwire reload", [this] { return commands::reload(typed_.ask()); });
    asks_daemon(sub);
    tells_more(
        sub,
        "All of them are taken, or none. Transfers, registrations and calls go on. A setting that needs a restart is named, and keeps its value until then.");
  }

  /// Commands that change something at a phone, or in what is kept.
  void acting() {
    struct Simple {
      const char* verb;
      const char* does;
      const char* forced;
    };
    for (const Simple& s :
         {Simple{"restart", "Have a phone register again and read its configuration", "Although it is in a call"},
          {"reset", "Have a phone boot, and look for new firmware", "Although it is in a call"},
          {"forget", "Drop what is known of a phone that is gone", "Although it is registered"}}) {
      CLI::App* sub = command(
          s.verb, s.does, fmt::format("dropwire {} SEP001122334455", s.verb).c_str(),
          [this, verb = s.verb] { return commands::act_on_phone(typed_.ask(), typed_.name, verb, typed_.force); });
      takes("phones", sub->add_option("NAME", typed_.name, "Its name, MAC or address")->required());
      sub->add_flag("--force", typed_.force, s.forced);
      asks_daemon(sub);
    }
    CLI::App* sub =
        command("refresh", "Fetch a file again, and keep it in place of the old one", "dropwire refresh Ringlist.xml",
                [this] { return commands::refresh(typed_.ask(), typed_.name); });
    sub->add_option("FILE", typed_.name, "The file's name, as a phone asks for it")->required();
    asks_daemon(sub);
  }

  void admit() {
    CLI::App* sub =
        command("admit", "Let a phone have its files where it is (access.provisioning.phones); without a name, who may",
                "dropwire admit SEP001122334455 --for 1h\n  dropwire admit --any\n  dropwire admit",
                [this] { return commands::admit(typed_.ask(), typed_.admit); });
    CLI::Option* const name = sub->add_option("NAME", typed_.admit.name, "Its name or MAC; it need not have asked yet");
    takes("phones", name);
    CLI::Option* const any =
        sub->add_flag("--any", typed_.admit.any, "Every phone that asks in that time")->excludes(name);
    CLI::Option* const forget =
        sub->add_flag("--forget", typed_.admit.forget, "It is admitted nowhere any more")->needs(name);
    CLI::Option* const close =
        sub->add_flag("--close", typed_.admit.close, "Let nobody in any more; who is admitted stays")
            ->excludes(name)
            ->excludes(any);
    sub->add_option("--for", typed_.admit.lasts, "For so long, such as 15m, 2h, 7d [15m]")
        ->type_name("TIME")
        ->excludes(forget)
        ->excludes(close);
    asks_daemon(sub);
    tells_more(
        sub,
        "It gets its configuration wherever it asks in that time, and from then on where it took it. This concerns access.provisioning.phones = \"known\" or \"listed\".");
  }

  void passwd() {
    CLI::App* sub =
        command("passwd", "Set the password of the status page, and have the running Dropwire use it",
                "sudo dropwire passwd\n  sudo dropwire passwd --token\n  sudo dropwire passwd --reader", [this] {
                  using commands::Passwd;
                  return commands::passwd(typed_.ask(),
                                          typed_.token    ? Passwd::token
                                          : typed_.remove ? Passwd::remove
                                                          : Passwd::set,
                                          typed_.reader, typed_.from_stdin);
                });
    CLI::Option_group* how = sub->add_option_group("How");
    how->add_flag("--stdin", typed_.from_stdin, "Read the password from standard input, one line");
    how->add_flag("--token", typed_.token, "Make a new token for scripts instead, and print it once");
    how->add_flag("--remove", typed_.remove, "Remove password and token, those of the reader too");
    how->require_option(0, 1);
    sub->add_flag("--reader", typed_.reader, "Of a second account, which sees all and changes nothing");
    tells_more(
        sub,
        "To be run as root. admin.listen needs a password on an address that other machines reach. One that was chosen on the page is replaced where it stands.");
    asks_daemon(sub, false);
  }

  /// Commands for making packages: not in --help.
  void references() {
    CLI::App* completions =
        command("completions", "What a shell completes: bash or zsh", "dropwire completions bash", [this] {
          const CliReference reference = this->reference();
          commands::say(typed_.name == "zsh" ? reference.zsh() : reference.bash());
          return commands::kDone;
        });
    completions->add_option("SHELL", typed_.name, "bash or zsh")->required()->check(CLI::IsMember({"bash", "zsh"}));
    completions->group("");
    command("man", "The manual page dropwire(8)", "dropwire man", [this] {
      commands::say(reference().man());
      return commands::kDone;
    })->group("");
  }
  CliReference reference() const { return {app_, takes_, more_}; }
  /// By command: what its line in --help does not say.
  void tells_more(const CLI::App* sub, std::string text) { more_[sub] = std::move(text); }

  std::map<const CLI::Option*, std::string> takes_;
  std::map<const CLI::App*, std::string> more_;
  CLI::App app_{
      "Dropwire gets Cisco 7900 phones behind home routers their files, registered, and through to each "
      "other."};
  Typed typed_;
  std::function<int()> action_;
};

}  // namespace

int run_command_line(int argc, char** argv) {
  try {
    return CommandLine()(argc, argv);
  } catch (const std::exception& error) {
    return commands::complain(error.what());
  }
}

}  // namespace dw
