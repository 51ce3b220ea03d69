#pragma once
#include <array>

#include "sbc/doctor/finding_kind.hpp"

// Findings about the machine that Dropwire runs on, and about its settings.
namespace dw::doctor {

inline constexpr auto kBoxKinds = std::to_array<FindingKind>({
    {"not_running", Severity::error, About::box, "Dropwire does not run",
     "Dropwire is not running (or has another control socket), so phones get nothing from this box.",
     "Start it: systemctl start dropwire. If it ends at once, journalctl -u dropwire says why."},
    {"not_allowed", Severity::warning, About::box, "The doctor may not ask Dropwire",
     "What it knows of its file servers and phones is not in this report.", "Run the doctor with sudo."},
    {"settings_wrong", Severity::error, About::box, "The settings can't be used",
     "Dropwire does not start with these settings. One that runs still has those from before.",
     "See \"dropwire check\"."},
    {"settings_doubtful", Severity::warning, About::box, "A setting is doubtful",
     "Dropwire starts with it, but perhaps not as you meant.", "See \"dropwire check\"."},
    {"port_taken", Severity::error, About::box, "Another program has the port",
     "Dropwire can't listen there and does not start.",
     "Find the program with sudo ss -lunpt, and stop it or choose another port or address. On many machines "
     "it is "
     "dnsmasq or tftpd-hpa (UDP 69), or a telephone server (2000, 5060)."},
    {"port_not_tried", Severity::info, About::box, "A port was not tried", "Whether it is free is not known.",
     "Run the doctor with sudo."},
    {"address_absent", Severity::error, About::box, "This machine has no such address",
     "Dropwire can't listen there and does not start.",
     "Correct access.listen or admin.listen (ip address shows what there is)."},
    {"port_failed", Severity::error, About::box, "A port can't be used", "Dropwire can't listen there.",
     "Choose another port or address."},
    {"listener_down", Severity::error, About::box, "A service does not listen", "Phones that ask for it get no answer.",
     "Look which program has the port (sudo ss -lunpt), stop it or choose another address in access.listen. "
     "Another STUN server on UDP 3478 may stay: set access.stun.enable = false, and name it in the edges' "
     "nat.stun_server."},
    {"no_address", Severity::error, About::box, "There is no address to type into phones",
     "There is nothing to type in as TFTP Server 1.", "Connect this box to the network of the phones."},
    {"not_configured", Severity::error, About::box, "Dropwire does not know the telephone server yet",
     "Dropwire listens on 127.0.0.1 only, so no phone reaches it.",
     "Set central to the host of the telephone server: sudo dpkg-reconfigure dropwire asks for it; or write "
     "central = \"pbx.example.net\" into /etc/dropwire/conf.d/central.toml and run sudo systemctl restart "
     "dropwire."},
    {"no_origins", Severity::error, About::box, "Nowhere to get files from",
     "There is no file server, so every phone gets \"file not found\".",
     "Set central to the host of the telephone server in dropwire.toml, or list "
     "central.provisioning.origins."},
    {"origin_down", Severity::error, About::box, "A file server does not answer",
     "Files come from the other file servers meanwhile. When none is left, phones get what is in the cache, and "
     "what is "
     "not there they do not get.",
     "Check that this box reaches the internet and that the address is right: curl -v followed by the "
     "address."},
    {"origin_never_answered", Severity::info, About::box, "One of the file servers has never answered",
     "Most telephone servers give files on one port alone. Files come from the one that answers.",
     "Nothing to do. To end this note, list only the one that exists in central.provisioning.origins."},
    {"origin_is_this_box", Severity::error, About::box, "A file server in the settings is this box itself",
     "It would ask itself, and no file would ever come.",
     "Set central to the telephone server, or give another port in central.provisioning.origins."},
    {"cache_off", Severity::warning, About::box, "Files are not kept",
     "Every file is fetched over the internet again, and phones do not boot while the file servers are down.",
     "Set cache.enable = true. If it is, check that cache.dir exists, belongs to the dropwire user and that "
     "the disk "
     "has room (df -h)."},
    {"no_call_servers", Severity::warning, About::box, "SCCP has no call server",
     "Phones that register by SCCP are disconnected at once; those with SIP firmware are not affected.",
     "Set central to the host of the telephone server, or list central.sccp.servers; without SCCP phones, "
     "set "
     "access.sccp.enable = false."},
    {"call_server_down", Severity::error, About::box, "An SCCP call server can't be reached",
     "Phones register with the others meanwhile. When none is left, no phone can register by SCCP.",
     "Check that it runs and listens there, and that no firewall is between: nc -vz followed by host and "
     "port."},
    {"sip_off", Severity::warning, About::box, "SIP is off although SIP phones are here",
     "They have their files from this box and can't register through it.",
     "Set access.sip.enable = true; or give those phones SCCP firmware."},
    {"no_sip_servers", Severity::warning, About::box, "SIP has no server",
     "Phones with SIP firmware can't register; those that register by SCCP are not affected.",
     "Set central to the host of the telephone server, or list central.sip.servers; without SIP phones, set "
     "access.sip.enable = false."},
    {"sip_server_down", Severity::error, About::box, "A SIP server does not answer",
     "Phones register with the others meanwhile. When none is left, no phone can register by SIP.",
     "Check that it runs, that it answers OPTIONS from this box's address, and that no firewall is between."},
    {"media_too_slow", Severity::error, About::box, "This box is too slow for its calls",
     "Audio is dropped here: people hear gaps, in many calls at once, and it is not the network's fault.",
     "See with top what else keeps the processor busy. If it is Dropwire, set media.threads to the number of cores, or have "
     "fewer calls at once."},
    {"media_ports_used_up", Severity::error, About::box, "Few media ports are left",
     "Once all are in use, further calls have no audio.",
     "Widen media.ports; if they are wide enough, raise the limit of open files (LimitNOFILE in the "
     "service's "
     "unit)."},
    {"directory_missing", Severity::info, About::box, "A directory does not exist yet",
     "Dropwire makes it when it starts, if it may.",
     "Nothing, unless it runs without systemd: install -d -o dropwire followed by the directory."},
    {"directory_wrong", Severity::warning, About::box, "A path is not a directory",
     "Files are served, but none is kept (cache.dir); what phones did is forgotten at each restart "
     "(state.dir).",
     "Move it away, or choose another directory."},
    {"directory_not_writable", Severity::warning, About::box, "A directory can't be written",
     "Files are served, but none is kept (cache.dir); what phones did is forgotten at each restart "
     "(state.dir).",
     "Look for a read-only file system or its owner: ls -ld, findmnt."},
    {"disk_nearly_full", Severity::warning, About::box, "The disk is nearly full",
     "Files are served, but none is kept (cache.dir); what phones did is forgotten at each restart "
     "(state.dir).",
     "Free some room (df -h shows how much there is), or lower cache.size."},
    {"clock_wrong", Severity::error, About::box, "The clock is wrong",
     "HTTPS file servers are refused, because no certificate is valid at that time, and stories are dated "
     "wrongly.",
     "Turn time synchronisation on: timedatectl set-ntp true."},
    {"clock_not_synchronised", Severity::info, About::box, "Nothing keeps the clock right",
     "It may drift: stories are then dated wrongly, and in the end certificates refused.",
     "timedatectl set-ntp true, unless this machine's host keeps it right."},
});

}  // namespace dw::doctor
