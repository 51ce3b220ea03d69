#pragma once
#include <array>

#include "sbc/daemon/log_event.hpp"

// Files: TFTP, HTTP, phone services, origins, the cache, and what is changed in configurations.
namespace dw::log_catalogue {

inline constexpr auto kFileEvents = std::to_array<Event>({
    {"admitted", "info", "device? file? peer transport? by?",
     "A phone was admitted at this address: it took its file to the end, or it registered (by=registration). From now on "
     "it gets its files there. This concerns access.provisioning.phones = \"known\" or \"listed\"."},
    {"cache_off", "warn", "dir reason",
     "The file cache can't be used, and no file is stored for the time in the line. Phones get their files from the "
     "origin meanwhile. Check the disk and the directory's permissions."},
    {"cache_on", "info", "dir", "Files are stored in the cache again, after event=cache_off."},
    {"cache_open", "info", "dir files octets rows_dropped objects_dropped",
     "The file cache was opened. What was dropped was incomplete, as after a power cut; it is fetched again when "
     "a phone asks for it."},
    {"cache_unreadable", "warn", "file reason",
     "A cached file could not be read or was damaged. The origin is asked for it instead. If it comes often, check the "
     "disk."},
    {"config_passed", "warn", "device peer file reason",
     "A configuration went to the phone as it came, or with a part unchanged, because it could not be rewritten; the line "
     "says why. The phone may go to the central server directly. Correct the file at the origin."},
    {"enumeration", "warn", "peer transport file",
     "Somebody asks for many names that nobody knows to exist: this is how one guesses names of phones to get "
     "their configurations. Further names get no answer for a while. If it is not one of your phones, block the "
     "address; fail2ban can read this line."},
    {"http_refused", "info", "peer status file reason",
     "A request by HTTP was refused, or could not be answered; \"status\" is what the phone got. A file that is "
     "not there (404) is not logged."},
    {"not_admitted", "info", "peer transport file",
     "A phone that is not admitted asked for its file, and the answer was that there is no such file. If it is yours, "
     "admit it with \"dropwire admit NAME\" or on the status page."},
    {"origin_ignored", "error", "reason",
     "An origin in the settings is no URL that Dropwire understands, so it is not asked. Correct it and reload."},
    {"prefetch_failed", "info", "file reason",
     "A file that a phone was going to ask for could not be fetched ahead. It is fetched when the phone asks for it."},
    {"prefetched", "info", "file octets",
     "A file that a configuration names was fetched ahead, and is in the cache when the phone asks for it."},
    {"rrq_refused", "warn", "peer reason file",
     "A TFTP request was refused: a name that is not allowed, too many requests, or no room. The line ends with what the "
     "phone got as an answer, if it got one."},
    {"server_list", "warn", "peer transport file",
     "Somebody asked for the list of all configurations (ConfigFileCacheList.txt). No phone does that, and nobody gets it."},
    {"service_failed", "info", "phone reason",
     "A phone service or directory at the central side did not answer a phone, or refused. The phone shows an error. Look "
     "at the server that the reason names."},
    {"sip_server_left", "info", "device peer file",
     "A configuration names a SIP server that is not among the central servers, so that line was left as it is and does "
     "not pass through Dropwire. If it should, add the server to central.sip.servers."},
    {"tftp_ended", "info", "peer file reason block octets took",
     "A TFTP transfer ended before the last block: \"reason\" says how, \"block\" says how far it was. Phones break off "
     "files that they have already. If large files end with no_ack, packets are lost on the way."},
    {"tftp_in", "trace", "peer", "One TFTP packet that came."},
    {"tftp_no_socket", "warn", "peer reason",
     "The system gave no UDP socket for a TFTP transfer, most often because too many files are open. The phone asks "
     "again. If it goes on, raise LimitNOFILE of the unit."},
    {"tftp_out", "trace", "peer", "One TFTP packet that was sent."},
    {"tftp_sent", "info", "peer file octets took retransmissions",
     "A phone got a whole file by TFTP. Many retransmissions mean that packets are lost on the way."},
});

}  // namespace dw::log_catalogue
