#pragma once
#include <array>

#include "sbc/doctor/finding_kind.hpp"

// Findings from the files that a phone asks for.
namespace dw::doctor {

inline constexpr auto kFileKinds = std::to_array<FindingKind>({
    {"answers_not_arriving", Severity::error, About::phone, "Our answers do not reach the phone",
     "The phone asks for its first file again and again although each was answered: the answers are lost on "
     "the way. A firewall, the wrong VLAN, or an answer from another address or port than the one asked.",
     "Let UDP from this box to the phone through, from port 69 too. If this box is hosted, keep "
     "access.tftp.single_port on. Check that the phone's VLAN is the right one. <network>"},
    {"data_not_acknowledged", Severity::error, About::phone, "The phone's ACK never comes back",
     "The first block of a file was sent several times and nothing came back: a NAT router, a TFTP helper "
     "(ALG) or a firewall between here and the phone lets only one direction through.",
     "Switch off TFTP helpers (ALG) in the router, let UDP between the phone and this box through in both "
     "directions, keep access.tftp.single_port on. If this box has two addresses, the phone must have the "
     "one that answers.<hosted> An edge box on the phone's own network avoids the router altogether.</>"},
    {"stalls_at_same_block", Severity::error, About::phone, "A file always stops at the same block",
     "A transfer that ends at the same place each time points at the file or at one packet size: a damaged "
     "or short copy, or a link that drops packets of that size.",
     "Compare the file's size with the original, fetch it again (dropwire refresh); if it "
     "is whole, look at the MTU and the cable between here and the phone."},
    {"transfer_breaks", Severity::warning, About::phone, "A transfer broke off",
     "The phone stopped taking a file in the middle and has not come back for it with success: packet loss, "
     "Wi-Fi, a duplex mismatch, or the phone lost power.",
     "Check cable, duplex setting and Wi-Fi, then restart the phone: <restart>"},
    {"phone_refused_file", Severity::error, About::phone, "The phone refused a file",
     "The phone itself broke off the transfer with an ERROR: its flash is full, or the image is not for this "
     "model or too far from what it runs.",
     "Name a load for this very model; from an old firmware go by a version in between. The phone says more: "
     "<status>"},
    {"trust_list_present", Severity::error, About::phone, "An old trust list is on the phone",
     "The phone asks for its config only in the signed form (.sgn): it still holds the trust list (CTL or "
     "ITL) of another server, and takes nothing that this server did not sign.",
     "<erase>"},
    {"trust_list_encrypted", Severity::error, About::phone,
     "An old trust list is on the phone, and its config was encrypted",
     "The phone asks for its config only signed and encrypted (.enc.sgn): it still belongs to another "
     "server.",
     "<erase> If it still asks for .enc.sgn, it needs a factory reset. Before that, have "
     "termNN.default.loads for the model and every part of it on the server, or it stays dead. <reset>"},
    {"boot_loop", Severity::error, About::phone, "The phone starts over again and again",
     "It fetches its config and the same files every minute or so: either it cannot register, or it rejects "
     "something in the config.",
     "Look whether the phone registers: the extension must exist on the central server and fit the firmware "
     "(SCCP or SIP). On the phone: <status>"},
    {"config_rejected", Severity::error, About::phone, "The phone seems to reject its config",
     "It fetched its config and then none of the files that the config names. Phones ask for those at every "
     "boot once they accept a config: one bad element makes them refuse it whole.",
     "Check the config on the central server, XML and values; on the phone: <status> A SIP load needs a SIP "
     "config, an SCCP load an SCCP one."},
    {"unknown_device", Severity::error, About::phone, "The central server has no config for this phone",
     "There is no config of this name: the phone is not set up on the central server, or its MAC is typed "
     "wrong there.",
     "Add the phone on the central server, or correct its MAC there, then restart the phone."},
    {"not_admitted", Severity::warning, About::phone, "The phone asked for its config and was not admitted",
     "A phone's own files go to it alone where it is admitted (access.provisioning.phones), and it is not admitted at this "
     "address: it got \"file not found\", and goes on with the config in its memory if it has one. Somebody who "
     "guesses names looks the same.",
     "If it is a phone of yours, run dropwire admit followed by its name, or use \"Admit this phone\" on the status page, "
     "then unplug it and plug it in again. With access.provisioning.phones = \"known\" it is also admitted once "
     "the central server takes its registration from there. If you do not know it, do nothing."},
    {"default_config_used", Severity::warning, About::phone, "The phone uses the default config",
     "There is no config of this phone's name, and it took XMLDefault.cnf.xml instead. It can register only "
     "if the central server takes phones that it does not know.",
     "If it does not register: add the phone on the central server under its MAC."},
    {"load_for_other_model", Severity::error, About::phone, "The firmware named is for another model",
     "The config names a load that this model cannot run; the phone keeps what it has.",
     "Correct loadInformation in the phone's config (in XMLDefault.cnf.xml the number after loadInformation "
     "is the model's)."},
    {"load_missing", Severity::warning, About::phone, "The firmware that is named does not exist",
     "The config names a load that no file server has. The phone works with the firmware it has, and asks again "
     "at every boot.",
     "Put the load's files on the central server, or empty loadInformation in the config."},
    {"firmware_part_missing", Severity::error, About::phone, "A part of the firmware is missing",
     "The manifest (.loads) is there, a file that it names is not: the phone cannot finish the upgrade.",
     "Put all files of this load on the central server, with the spelling of the manifest."},
    {"recovery_loop", Severity::error, About::phone, "The phone is stuck in its boot loader",
     "It has no firmware (after a factory reset or a failed upgrade) and asks for its recovery manifest over "
     "and over: the manifest or a part of it is missing, or of a version that its boot loader refuses.",
     "Put the model's termNN.default.loads and every file that it names on the central server; if they are "
     "there, try an older or newer load. Leave the phone powered: it asks again by itself."},
    {"http_not_used", Severity::info, About::phone, "The phone uses TFTP although its firmware can use HTTP",
     "Firmware 9.4 and later fetches from TCP 6970 first. This phone did not: the port is filtered on the "
     "way, or it does not run the firmware yet that its config names. Everything works, only slower.",
     "Nothing to do. For speed, let TCP 6970 from the phone to this box through."},
    {"locale_missing", Severity::warning, About::phone, "A language file is missing",
     "The config names a locale whose files are on no file server: the phone stays English and may show "
     "\"Error update locale\".",
     "Install the locale files on the central server, or set the locale to English_United_States."},
    {"locale_unnamed", Severity::info, About::phone, "The config names no locale",
     "The phone asks for a language file without a folder, because the locale in its config is empty. "
     "Harmless.",
     "Nothing to do. To end this note, name a locale in the config."},
    {"sip_text_config_missing", Severity::error, About::phone, "The SIP firmware's own config is missing",
     "7940 and 7960 phones with SIP firmware read SIP<MAC>.cnf, a text file, and not SEP<MAC>.cnf.xml.",
     "Make SIP<MAC>.cnf for it on the central server, or give it an SCCP load."},
    {"two_addresses", Severity::warning, About::phone, "One phone name, two addresses",
     "Requests with this phone's name come from two addresses in turn: two phones with the same MAC, a "
     "copied config, an address used twice, or a router that changes its public address.",
     "Find the second phone or the second path; each MAC must belong to one phone."},
    {"signed_config_passed", Severity::warning, About::phone, "The config is signed and could not be rewritten",
     "The file is signed by the central server, and any change would break it, so it went out as it came. "
     "The phone will talk to the addresses in it and not to this box.",
     "Have the central server send it unsigned, and clear the phone's lists; or switch rewriting off for it "
     "and point the name in its config to this box. <erase>"},
    {"firmware_every_boot", Severity::warning, About::phone, "The phone loads the same firmware at every boot",
     "It fetched the same firmware completely more than once: the name in the config and the version inside "
     "the load differ, or two servers name different loads.",
     "Compare loadInformation in the config with the manifest's name, and with what a second server says."},
    {"config_malformed", Severity::error, About::phone, "The config is not well-formed XML",
     "It could not be parsed, so it went out as it came: nothing in it was rewritten, and the phone will "
     "most likely reject it.",
     "Correct the file on the central server; the note in the phone's story says where it breaks."},
    {"sip_server_left", Severity::warning, About::phone, "A line's SIP server is not in the settings",
     "The phone's config names a SIP server that is none of central.sip.servers, neither by name, address nor domain. "
     "It was left in the config, so that line does not go through Dropwire and gets no help with routers.",
     "If it is one of your servers, add it to central.sip.servers, or its domain to the server there that it belongs to "
     "(\"udp:pbx.example.net:5060 t1.example.net\"), run dropwire reload and restart the phone. If it is another "
     "provider's, there is nothing to do here."},
    {"sip_port_differs", Severity::warning, About::phone, "The config names another SIP port",
     "The phone's config names a port of the SIP server, and no entry of central.sip.servers has it, so Dropwire asks "
     "another port than the phone would.",
     "If the server listens at the port in the config, write that port in central.sip.servers and run dropwire reload. "
     "Else correct sipPort (in text files proxy1_port) in the config."},
    {"origin_unavailable", Severity::error, About::phone, "A file could not be fetched",
     "The phone asked for a file that no file server gave, and no copy is kept here.",
     "Check that the central server runs and that this box reaches it: dropwire doctor."},
    {"origin_refuses", Severity::error, About::phone, "The file server refuses a file",
     "It answered this box that it may not have the file: it wants a user and a password, or other ones, or it gives "
     "files to some addresses alone.",
     "Write user and password into the file server's URL in central.provisioning.origins "
     "(http://user:password@pbx.example.net/), or let the file server give files to this box's address."},
    {"request_refused", Severity::warning, About::phone, "A request was refused",
     "This box refused what the phone asked: too many unfinished transfers from its network, or a request "
     "that it never answers.",
     "The phone's story has the reason. Behind one router, many phones at once may need higher limits."},
    {"many_boot_at_once", Severity::info, About::home, "Many phones start at once",
     "Their power came back, or the central server restarted them. Phones without HTTP take some minutes.",
     "Wait. If it goes on for more than half an hour, look at one phone's story."},
    {"load_not_taken", Severity::warning, About::phone, "The phone does not take the firmware that is named",
     "It fetched the manifest (.loads), then none of the files in it, and goes on with what it has: the load "
     "is not for this hardware, or too far from what it runs.",
     "Name a load for this very model; from an old firmware go by a version in between (8.5 before 9.x). On "
     "the phone: <status>"},
    {"ringtones_missing", Severity::info, About::phone, "Ringtones are missing",
     "The list of ringtones, or one that is chosen, is on no file server: the phone rings with what "
     "is built in.",
     "Put Ringlist.xml, DistinctiveRingList.xml and the files that they name on the central server, spelled "
     "as they are asked for."},
    {"old_loader", Severity::warning, About::phone, "Very old firmware",
     "It asks for OS79XX.TXT, the file in which 7940 and 7960 phones with the oldest firmware look for the "
     "name of a load, and there is none.",
     "Put OS79XX.TXT on the central server, with the load's name as its only line and nothing after it (P003 "
     "or P0S3 and a version), and that load's files."},
});

}  // namespace dw::doctor
