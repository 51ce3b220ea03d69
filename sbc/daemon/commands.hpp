#pragma once
#include <string>
#include <vector>

#include "conf/load.hpp"

/// One function for each command; it returns the exit status (cli.hpp).
namespace dw::commands {

inline constexpr int kDone = 0;
inline constexpr int kNo = 1;
inline constexpr int kFailed = 2;

/// The options that all commands to the running daemon have.
struct Ask {
  conf::LoadRequest settings;  ///< where admin.socket is read from
  std::string socket;          ///< overrides it
  bool json = false;
};

enum class Form { text, markdown, toml, json, man };

int check(const conf::LoadRequest& request, bool json);
int settings(Form form);
int findings(Form form);
int events(Form form);

int get(const Ask& ask, const std::string& name, const std::string& output);
int status(const Ask& ask);
/// Where the page is, and the code with which a box without a password is claimed.
int claim(const Ask& ask);
/// The options of `dropwire phones`; empty or 0: not given.
struct Phones {
  std::string find, show, state, finding, cause, model, firmware, protocol, network;  ///< as the API's filter
  std::string sort, format;
  std::size_t limit = 0;
  std::string action;  ///< "restart", "reset", "forget": done to all of them
  unsigned pace = 0;   ///< phones a second
  bool yes = false, force = false, all = false;
};
int phones(const Ask& ask, const Phones& what);
int phone(const Ask& ask, const std::string& name);
int calls(const Ask& ask);
/// Calls that ended within `since` before now, "1h"; empty: all that are kept.
int finished_calls(const Ask& ask, const std::string& since, unsigned limit);
/// How to connect a phone of this model; of every family when it is empty.
int connect(const Ask& ask, const std::string& model);
/// `follow`: until it is interrupted or the daemon ends. `level`: set first if not empty.
int log(const Ask& ask, bool follow, const std::string& level);
/// `file`: for the capture; empty: lines go to stdout. Ends after the given time or octets, or by Ctrl-C.
int trace(const Ask& ask, const std::string& name, const std::string& file, unsigned seconds, std::uint64_t octets);
/// One file for support: this box, these phones, and a trace of them for `seconds`. `file`: empty is
/// dropwire-report-DATE.txt, "-" stdout.
int report(const Ask& ask, const std::vector<std::string>& names, const std::string& file, unsigned seconds);
int doctor(const Ask& ask);
int doctor_phone(const Ask& ask, const std::string& name);
int reload(const Ask& ask);
enum class Passwd { set, token, remove };
/// `reader`: for the account that may only read.
int passwd(const Ask& ask, Passwd what, bool reader, bool from_stdin);
int act_on_phone(const Ask& ask, const std::string& name, const std::string& verb, bool force);
int refresh(const Ask& ask, const std::string& name);
/// The options of `dropwire admit`. None: it lists who is admitted.
struct Admit {
  std::string name;   ///< a device; empty: any, or none
  std::string lasts;  ///< "15m"; empty: the daemon's default
  bool any = false, forget = false, close = false;
};
int admit(const Ask& ask, const Admit& what);

/// POSTs to the running daemon and prints the outcome.
int post(const Ask& ask, const std::string& target);
/// "dropwire: …" on stderr.
int complain(const std::string& sentence, int exit_status = kFailed);
/// On stdout; a reader that went away is no error.
void say(const std::string& text);

/// The control socket: the named one, else that of the settings, else the default.
std::string socket_of(const Ask& ask);
/// Columns of the terminal on stdout, 60 to 160; 100 when there is none.
std::size_t terminal_width();

}  // namespace dw::commands
