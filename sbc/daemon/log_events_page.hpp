#pragma once
#include <array>

#include "sbc/daemon/log_event.hpp"

// The status page and the API, and who is kept out of this box.
namespace dw::log_catalogue {

inline constexpr auto kPageEvents = std::to_array<Event>({
    {"access_refused", "warn", "service peer reason detail",
     "Somebody is in none of the networks of access.networks, and got no answer. \"detail\" is what was asked for. If it "
     "is a phone of yours, add its network and reload."},
    {"admin_refused", "warn", "peer reason",
     "A request to the status page or the API named another host than this box, and was refused: this keeps other web "
     "sites out of it (DNS rebinding). If you reach the page by a name of your own, open it by its address."},
    {"claim_closed", "warn", "reason",
     "Nobody claimed this new box within a day of its start, so its page is closed to the local network. Restart the "
     "service to open it for another day."},
    {"claim_code_not_kept", "warn", "reason",
     "The one-time code of this box could not be written to disk. The code in \"dropwire status\" works until the service "
     "ends; the next start makes another one. Check state.dir."},
    {"claim_failed", "warn", "peer reason",
     "Somebody typed a wrong one-time code. Tries are limited. If it is nobody of yours, look up who has that address: it "
     "is in your own network."},
    {"claim_open", "info", "",
     "This box has no password yet. \"dropwire status\" shows the code with which its page sets one."},
    {"login", "info", "peer account",
     "Somebody logged in to the status page: as operator, who may change things, or as reader."},
    {"login_failed", "warn", "peer reason",
     "A wrong password, or a wrong token of a script. Tries are limited for each address. fail2ban can read this line."},
    {"operator_action", "info, warn",
     "action operation? device? status? phones? filter? force? state? done? refused? skipped? of? for? file? level? by",
     "Somebody had something done: \"action\" says what, and \"by\" says who and from where. An action on many phones has "
     "a number (operation), a line when it begins and when it ends, and one for each phone with the status of its answer. "
     "A changed log level is logged as warn, so that it is seen at most levels."},
    {"page_closed", "error", "reason",
     "The status page could not be opened at its address after a claim was made or closed. Commands still work. Look at "
     "the reason, and restart the service."},
    {"page_not_on_network", "warn", "reason",
     "The status page could not be opened for the local network, so it is reached from this machine alone. Most often "
     "another program has the port: set admin.listen."},
    {"password_set", "info", "peer",
     "A new box was claimed: whoever is at this address had its one-time code and chose a password."},
    {"trace_began", "info", "phone format",
     "Somebody began to trace a phone. What it and Dropwire say to each other, which may include passwords, goes "
     "to whoever asked, as text or as a capture file."},
});

}  // namespace dw::log_catalogue
