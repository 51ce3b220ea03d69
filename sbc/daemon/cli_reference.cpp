#include "sbc/daemon/cli_reference.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <vector>

#include "sbc/base/roff.hpp"

namespace dw {
namespace {

std::vector<const CLI::App*> commands_of(const CLI::App& app) {
  std::vector<const CLI::App*> out;
  for (const CLI::App* command :
       app.get_subcommands([](const CLI::App* c) { return !c->get_name().empty() && !c->get_group().empty(); }))
    out.push_back(command);
  return out;
}

/// Its own options and those of its groups ("How" of passwd).
std::vector<const CLI::Option*> options_of(const CLI::App& command) {
  std::vector<const CLI::Option*> out;
  for (const CLI::Option* option : command.get_options())
    out.push_back(option);
  for (const CLI::App* group : command.get_subcommands([](const CLI::App* c) { return c->get_name().empty(); })) {
    for (const CLI::Option* option : group->get_options())
      out.push_back(option);
  }
  return out;
}

/// "-c", "--config"; nothing for an argument.
std::vector<std::string> names_of(const CLI::Option& option) {
  std::vector<std::string> out;
  for (const std::string& name : option.get_snames())
    out.push_back("-" + name);
  for (const std::string& name : option.get_lnames())
    out.push_back("--" + name);
  return out;
}

bool is_argument(const CLI::Option& option) {
  return option.get_positional();
}
bool takes_value(const CLI::Option& option) {
  return option.get_items_expected_max() != 0;
}
/// "FILE"; what CLI11 calls TEXT and UINT is a word here.
std::string value_name(const CLI::Option& option) {
  const std::string name = option.get_type_name();
  if (name.starts_with("UINT") || name.starts_with("INT")) return "NUMBER";
  return name.empty() || name.starts_with("TEXT") || name.find_first_of(":{[ ") != name.npos ? "WORD" : name;
}

std::string joined(const std::vector<std::string>& words, std::string_view between) {
  return fmt::format("{}", fmt::join(words, between));
}

std::string replaced(std::string text, std::string_view from, std::string_view to) {
  for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size())
    text.replace(at, from.size(), to);
  return text;
}

/// Quoted for a shell with single quotes.
std::string quoted(std::string text) {
  return replaced(std::move(text), "'", "'\\''");
}

constexpr std::string_view kManHead = R"(.SH DESCRIPTION
.B dropwire
serves Cisco 7900-series IP phones their files by TFTP (port 69) and HTTP (port 6970), so that it works
through unmodified home routers, and rewrites their configurations so that they come to Dropwire.
It stands on the phones' LAN
.RB ( edge )
or in front of the central telephone server
.RB ( hosted ).
.PP
On the phone: the trust list (CTL and ITL) must be empty; then set Alternate TFTP to Yes and
TFTP Server 1 to this machine's address.
.PP
Until a central server, an origin or a call server is set, Dropwire serves no phone: it listens for them on 127.0.0.1 only.
A new box in mode edge is taken into use from its own network:
.B dropwire claim
shows where its page is, and the code that it asks for.
.SH COMMANDS
)";

constexpr std::string_view kManTail = R"(.SH EXIT STATUS
.TP
.B 0
Done; for
.B status
and
.BR doctor ,
nothing is wrong.
.TP
.B 1
Asked, and the answer is no: there is no such phone or file, the settings were refused,
.B doctor
found something, or
.B status
tells of trouble.
.TP
.B 2
Unknown option, unusable settings, a port that is taken, no Dropwire that runs: one sentence on standard error says which.
.SH SIGNALS
.TP
.B SIGTERM
Takes nothing new, lets idle phones go at once, transfers end within 30 seconds and calls within drain.timeout, and
exits with 0. A second one ends it at once.
.TP
.B SIGHUP
Reads the settings again, as
.B dropwire reload
does.
.SH FILES
.TP
.I /etc/dropwire/dropwire.toml
Settings; as shipped, all are at their defaults and no central server is named.
.TP
.I /etc/dropwire/conf.d/*.toml
More settings, read after it.
.TP
.I /etc/dropwire/conf.d/00-claim.toml
Lets a new box be taken into use from its own network.
.TP
.I /etc/dropwire/conf.d/00-debconf.toml
The answers to
.BR "dpkg-reconfigure dropwire" .
What an administrator changes there stays, and comes up as the answer the next time.
.TP
.I /etc/avahi/services/dropwire.service
Tells the local network of the status page, by mDNS.
.TP
.I /etc/apparmor.d/usr.bin.dropwire
What the service may touch, where AppArmor is in use. A
.B file://
origin outside of /srv and /var/lib/tftpboot needs a line in
.IR /etc/apparmor.d/local/usr.bin.dropwire .
.TP
.I /var/cache/dropwire
Files of the central server. May be deleted while the daemon is stopped.
.TP
.I /var/lib/dropwire
What is known of the phones.
.TP
.I /var/lib/dropwire/page.toml
What was changed on the status page: the central server, and whether the router is asked for ports. It wins over /etc/dropwire.
.TP
.I /run/dropwire/control.sock
How the commands reach the daemon; for root and the group
.BR dropwire .
.TP
.I /usr/share/doc/dropwire/examples
Settings for both places.
.SH EXAMPLES
Take the central server pbx.example.net, and see that it works:
.PP
.nf
echo \(aqcentral = "pbx.example.net"\(aq > /etc/dropwire/conf.d/central.toml
dropwire check && systemctl restart dropwire
dropwire get XMLDefault.cnf.xml
.fi
.SH SEE ALSO
.BR dropwire.toml (5),
.BR dropwire\-findings (7),
.BR dropwire\-log (7)
)";

}  // namespace

std::string CliReference::man() const {
  std::string out = fmt::format(
      ".TH DROPWIRE 8 \"\" \"Dropwire {}\" \"System administration\"\n.ad l\n.SH NAME\n"
      "dropwire \\- session border controller and provisioning proxy for Cisco IP phones\n.SH SYNOPSIS\n.B dropwire\n.I COMMAND\n"
      ".RI [ OPTION ]...\n.RI [ ARGUMENT ]...\n",
      DW_VERSION);
  out += kManHead;
  for (const CLI::App* command : commands_of(app)) {
    std::string usage = fmt::format(".BR \"dropwire {}\"", roff(command->get_name()));
    std::string options;
    for (const CLI::Option* option : options_of(*command)) {
      if (is_argument(*option)) {
        const std::string name = option->get_name(true);
        usage += option->get_required() ? fmt::format(" \" {}\"", roff(name)) : fmt::format(" \" [{}]\"", roff(name));
        options += fmt::format(".TP\n.I {}\n{}.\n", roff(name), roff(option->get_description()));
      } else if (const auto names = names_of(*option); names.front() != "-h") {
        options +=
            fmt::format(".TP\n.B {}{}\n{}.\n", roff(joined(names, ", ")),
                        takes_value(*option) ? " " + roff(value_name(*option)) : "", roff(option->get_description()));
      }
    }
    out +=
        fmt::format(".SS \"{}\"\n{}\n.PP\n{}.\n", roff(command->get_name()), usage, roff(command->get_description()));
    if (const auto found = more.find(command); found != more.end()) out += roff(found->second) + "\n";
    out += options;
  }
  return out + std::string(kManTail);
}

std::string CliReference::bash() const {
  const auto commands = commands_of(app);
  std::vector<std::string> names, values, cases;
  for (const CLI::App* command : commands) {
    const std::string name = command->get_name();
    names.push_back(name);
    std::vector<std::string> options;
    std::string argument;
    for (const CLI::Option* option : options_of(*command)) {
      const auto kind = takes.find(option);
      const std::string takes_what = kind == takes.end() ? std::string() : kind->second;
      if (is_argument(*option)) {
        if (!takes_what.empty() && argument.empty()) argument = takes_what;
        continue;
      }
      std::vector<std::string> patterns;
      for (const std::string& one : names_of(*option)) {
        options.push_back(one);
        patterns.push_back(name + ":" + one);
      }
      if (takes_value(*option))
        values.push_back(
            fmt::format("        {}) _dropwire_gives '{}'; return ;;", joined(patterns, " | "), takes_what));
    }
    cases.push_back(fmt::format("        {}) options='{}' argument='{}' ;;", name, joined(options, " "), argument));
  }
  return fmt::format(
      R"sh(# bash completion for dropwire(8), made by "dropwire completions bash"            -*- shell-script -*-

_dropwire_gives() {{ # WHAT: completes the word under the cursor
    local words
    case $1 in
        files) COMPREPLY=($(compgen -f -- "$cur")); return ;;
        hosts) COMPREPLY=($(compgen -A hostname -- "$cur")); return ;;
        settings)
            words=$(dropwire settings --toml 2>/dev/null | sed -n 's/^#\([a-z0-9_.]*\) = .*/\1=/p')
            compopt -o nospace 2>/dev/null
            ;;
        phones) words=$(dropwire phones --json 2>/dev/null | sed -n 's/^ *"device": "\([A-Za-z0-9]*\)".*/\1/p') ;;
        '('*) words=${{1#(}} words=${{words%)}} ;;
    esac
    COMPREPLY=($(compgen -W "$words" -- "$cur"))
}}

_dropwire() {{
    local cur prev words cword command='' options='' argument='' i
    if declare -F _init_completion >/dev/null; then
        _init_completion -n '=' || return
    else
        words=("${{COMP_WORDS[@]}}") cword=$COMP_CWORD
        cur=${{words[cword]}} prev=${{words[cword - 1]}}
    fi
    for ((i = 1; i < cword; i++)); do
        case ${{words[i]}} in
            {0}) command=${{words[i]}}; break ;;
        esac
    done
    case $command:$prev in
{1}
    esac
    case $command in
        '') options='-h --help --version {2}' ;;
{3}
    esac
    if [[ $cur != -* && -n $argument ]]; then
        _dropwire_gives "$argument"
    else
        COMPREPLY=($(compgen -W "$options" -- "$cur"))
    fi
}}
complete -F _dropwire dropwire
)sh",
      joined(names, " | "), joined(values, "\n"), joined(names, " "), joined(cases, "\n"));
}

std::string CliReference::zsh() const {
  /// ":what:_files" behind an option that takes a value.
  const auto behind = [this](const CLI::Option& option, std::string_view message) {
    const auto kind = takes.find(&option);
    const std::string what = kind == takes.end() ? "" : kind->second;
    const std::string action = what == "files"      ? "_files"
                               : what == "hosts"    ? "_hosts"
                               : what == "settings" ? "_dropwire_setting"
                               : what == "phones"   ? "_dropwire_phone"
                                                    : what;
    return fmt::format(":{}:{}", message, action);
  };
  const auto text = [](const std::string& words) {
    return quoted(replaced(replaced(replaced(words, "[", "\\["), "]", "\\]"), ":", "\\:"));
  };
  std::string described, cases;
  for (const CLI::App* command : commands_of(app)) {
    described += fmt::format("    '{}:{}'\n", command->get_name(), text(command->get_description()));
    std::string arguments;
    for (const CLI::Option* option : options_of(*command)) {
      if (is_argument(*option)) {
        const bool many = option->get_items_expected_max() > 1;
        arguments += fmt::format(" \\\n          '{}{}'", many ? "*" : "1", behind(*option, option->get_name(true)));
        continue;
      }
      const auto names = names_of(*option);
      const bool again = option->get_multi_option_policy() == CLI::MultiOptionPolicy::TakeAll && takes_value(*option);
      for (const std::string& name : names) {
        arguments += fmt::format(" \\\n          '{}{}[{}]{}'",
                                 again              ? std::string("*")
                                 : names.size() > 1 ? fmt::format("({})", joined(names, " "))
                                                    : std::string(),
                                 name, text(option->get_description()),
                                 takes_value(*option) ? behind(*option, value_name(*option)) : "");
      }
    }
    cases += fmt::format("        {}) _arguments{} ;;\n", command->get_name(), arguments);
  }
  return fmt::format(R"sh(#compdef dropwire
# zsh completion for dropwire(8), made by "dropwire completions zsh"

_dropwire_setting() {{
  local -a names
  names=(${{(f)"$(dropwire settings --toml 2>/dev/null | sed -n 's/^#\([a-z0-9_.]*\) = .*/\1/p')"}})
  compadd -S '=' -a names
}}

_dropwire_phone() {{
  local -a names
  names=(${{(f)"$(dropwire phones --json 2>/dev/null | sed -n 's/^ *"device": "\([A-Za-z0-9]*\)".*/\1/p')"}})
  compadd -a names
}}

_dropwire() {{
  local curcontext=$curcontext state line
  local -a commands
  commands=(
{}  )
  _arguments -C '(- *)-h[show what there is]' '(- *)--help[show what there is]' '(- *)--version[print the version]' '1:command:->command' '*::argument:->argument'
  case $state in
    command) _describe command commands ;;
    argument)
      case $words[1] in
{}      esac
      ;;
  esac
}}

_dropwire "$@"
)sh",
                     described, cases);
}

}  // namespace dw
