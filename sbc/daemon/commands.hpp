#pragma once
#include <string>
#include <vector>

#include "conf/load.hpp"

/// One function a command; each gives the exit status (cli.hpp).
namespace dw::commands {

inline constexpr int kDone = 0;
inline constexpr int kNo = 1;
inline constexpr int kFailed = 2;

/// What the commands that ask the running daemon have in common.
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
/// What `dropwire phones` was given; what is empty or 0 was not.
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
/// Those that are over and ended within `since` until now, "1h"; empty: all that are kept.
int finished_calls(const Ask& ask, const std::string& since, unsigned limit);
/// How to connect a phone of this model; of every family when it is empty.
int connect(const Ask& ask, const std::string& model);
/// `follow`: until it is interrupted or the daemon ends. `level`: set first, when not empty.
int log(const Ask& ask, bool follow, const std::string& level);
/// `file`: a capture goes there; empty: lines go to stdout. Until the time or the octets are over, or Ctrl-C.
int trace(const Ask& ask, const std::string& name, const std::string& file, unsigned seconds, std::uint64_t octets);
/// One file for whoever helps: this box, these phones, and for `seconds` what they and the box say. `file`: empty is
/// dropwire-report-DATE.txt, "-" stdout.
int report(const Ask& ask, const std::vector<std::string>& names, const std::string& file, unsigned seconds);
int doctor(const Ask& ask);
int doctor_phone(const Ask& ask, const std::string& name);
int reload(const Ask& ask);
enum class Passwd { set, token, remove };
/// `reader`: of the account that only reads.
int passwd(const Ask& ask, Passwd what, bool reader, bool from_stdin);
int act_on_phone(const Ask& ask, const std::string& name, const std::string& verb, bool force);
int refresh(const Ask& ask, const std::string& name);
/// What `dropwire admit` was given. Nothing: who is admitted is told.
struct Admit {
  std::string name;   ///< a device; empty: any, or none
  std::string lasts;  ///< "15m"; empty: as long as the daemon thinks
  bool any = false, forget = false, close = false;
};
int admit(const Ask& ask, const Admit& what);

/// POSTs to the running daemon and says what came of it.
int post(const Ask& ask, const std::string& target);
/// "dropwire: …" on stderr.
int complain(const std::string& sentence, int exit_status = kFailed);
/// On stdout; a reader that went away is no error.
void say(const std::string& text);

/// The socket to ask: as named, else as the settings say, else the default.
std::string socket_of(const Ask& ask);
/// Columns of the terminal on stdout, 60 to 160; 100 when there is none.
std::size_t terminal_width();

}  // namespace dw::commands
