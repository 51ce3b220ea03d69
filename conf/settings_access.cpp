#include <array>
#include <chrono>

#include "conf/setting_rows.hpp"

namespace dw::conf {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

template <auto m>
constexpr auto provisioning = at<&Config::access, &Access::provisioning, m>();
template <auto... m>
constexpr auto tftp = at<&Config::access, &Access::tftp, m...>();
template <auto... m>
constexpr auto http = at<&Config::access, &Access::http, m...>();
template <auto m>
constexpr auto sccp = at<&Config::access, &Access::sccp, m>();
template <auto m>
constexpr auto sip = at<&Config::access, &Access::sip, m>();
template <auto m>
constexpr auto stun = at<&Config::access, &Access::stun, m>();

constexpr std::array<std::string_view, 3> kWhoseFiles = {"all", "known", "listed"};
constexpr std::array<std::string_view, 2> kTextRules = {"pass", "blank"};

const Setting kAccessRows[] = {
    {"mode", ModeType{at<&Config::mode>()}, R"("edge")", "", "",
     "Where this Dropwire is: on the phones' LAN (edge) or in front of the central server (hosted); "
     "this only selects defaults."},
    {"central", HostType{at<&Config::central, &Central::host>()}, R"("")", "", "",
     "The central telephone server, a host name or an address; it is used for every central.* list that is not given."},

    {"access.listen", AddressListType{at<&Config::access, &Access::listen>()}, R"(["0.0.0.0"])", "", "",
     "The addresses of this machine on which phones are served; only 127.0.0.1 while neither a central server nor an "
     "origin is set."},
    {"access.advertise", AddressOrAutoType{at<&Config::access, &Access::advertise>()}, R"("auto")", "", "",
     "The address given to phones; \"auto\" is the one to which their request came."},
    {"access.networks", NetworkListType{at<&Config::access, &Access::networks>()}, "[]", "", "",
     "Networks from which phones and edges may use this box at all: files, registrations, calls, STUN. Others get no "
     "answer. Empty allows everybody; the central side is never refused."},

    {"access.provisioning.phones", WordType{provisioning<&AccessProvisioning::phones>, kWhoseFiles}, R"("all")", "", "",
     "Who may get a device's own files (configs, which contain passwords): all gives them to everybody; known only to "
     "addresses where the device was admitted, by the operator (dropwire admit), by a registration from there, or when "
     "a device of the list first came; listed to devices of the list, from anywhere, and to those that the operator "
     "admitted. Firmware, ringtones and other files without a device's name are always available."},
    {"access.provisioning.list", PathType{provisioning<&AccessProvisioning::list>, true}, R"("")", "", "",
     "A file that lists phones, one per line or as CSV, by name (SEP001122334455) or MAC; # starts a comment. It is read "
     "at start and at reload."},

    {"access.tftp.enable", BoolType{tftp<&Tftp::enable>}, "true", "", "", "Serve files by TFTP."},
    {"access.tftp.port", PortType{tftp<&Tftp::port>}, "69", "", "", "The UDP port for phones; 0 takes any free one."},
    {"access.tftp.single_port", BoolType{tftp<&Tftp::single_port>}, "true", "", "",
     "Send every packet of a transfer from the port of the request, so that it passes any router; false "
     "uses a new port (TID) for each transfer."},
    {"access.tftp.max_blksize", CountType{tftp<&Tftp::max_blksize>, 512, 65464}, "1428", "", "octets",
     "The largest block that a phone may negotiate; above 1468 a datagram no longer fits an Ethernet frame."},
    {"access.tftp.max_windowsize", CountType{tftp<&Tftp::max_windowsize>, 1, 64}, "16", "", "blocks",
     "The largest window that a client may negotiate."},
    {"access.tftp.max_sessions", CountType{tftp<&Tftp::max_sessions>, 1, 65536}, "8192", "", "",
     "Simultaneous transfers."},
    {"access.tftp.max_sessions_per_source", CountType{tftp<&Tftp::max_sessions_per_source>, 1, 65536}, "1024", "", "",
     "Simultaneous transfers for one address (a home's router, or a carrier's)."},
    {"access.tftp.max_unproven", CountType{tftp<&Tftp::max_unproven>, 1, 65536}, "4096", "", "",
     "Simultaneous transfers whose client has not acknowledged anything yet, and may have forged its address."},
    {"access.tftp.unproven_rate", NumberType{tftp<&Tftp::unproven_rate>, 0.1, 10000}, "10", "", "per second",
     "How many requests are accepted from one address that has not acknowledged anything."},
    {"access.tftp.give_up", DurationType{tftp<&Tftp::give_up>, seconds(5), minutes(10)}, R"("45s")", "", "",
     "A transfer ends when the phone has acknowledged nothing new for this time."},
    {"access.tftp.block_after_max", CountType{tftp<&Tftp::block_after_max>, 0, 1}, "0", "", "",
     "The block number that follows 65535."},

    {"access.http.enable", BoolType{http<&Http::enable>}, "true", "", "", "Serve files by HTTP."},
    {"access.http.port", PortType{http<&Http::port>}, "6970", "", "", "The TCP port for phones; 0 takes any free one."},
    {"access.http.max_connections", CountType{http<&Http::max_connections>, 1, 65536}, "1024", "", "",
     "Simultaneous connections. When all are in use, idle ones of strangers are closed for others."},
    {"access.http.max_connections_per_source", CountType{http<&Http::max_connections_per_source>, 1, 65536}, "64", "",
     "", "Simultaneous connections from one address (a home's or a company's router), or from one IPv6 /64."},
    {"access.http.idle_timeout", DurationType{http<&Http::idle_timeout>, seconds(1), hours(1)}, R"("30s")", "", "",
     "A connection on which nothing moved for this time is closed."},

    {"access.sccp.enable", BoolType{sccp<&AccessSccp::enable>}, "true", "", "",
     "Accept SCCP registrations and calls, and pass them on to central.sccp.servers."},
    {"access.sccp.port", PortType{sccp<&AccessSccp::port>}, "2000", "", "",
     "The TCP port on which phones register by SCCP, also written into their configs; 0 takes any free one."},
    {"access.sccp.max_connections", CountType{sccp<&AccessSccp::max_connections>, 1, 100000}, "10000", "", "",
     "Phones connected at the same time. When all places are in use, connections without a registered phone are closed "
     "for others."},
    {"access.sccp.max_connections_per_source", CountType{sccp<&AccessSccp::max_connections_per_source>, 1, 100000},
     "1000", "", "",
     "Phones connected at the same time from one address (a home's or a company's router), or from one IPv6 /64."},
    {"access.sccp.connection_rate", NumberType{sccp<&AccessSccp::connection_rate>, 0.1, 10000}, "100", "", "per second",
     "How many new connections are accepted from one address; after a pause, five times as many at once."},
    {"access.sccp.registrations_per_minute", CountType{sccp<&AccessSccp::registrations_per_minute>, 1, 1000}, "6", "",
     "per minute", "How often one device name may register from one address (or IPv6 /64)."},
    {"access.sccp.any_device_name", BoolType{sccp<&AccessSccp::any_device_name>}, "false", "", "",
     "Accept any device name of up to 15 letters, digits, dots, dashes and underscores; false accepts only the forms "
     "of SEP, ATA, SPA, VGC and AN devices."},
    {"access.sccp.max_version", CountType{sccp<&AccessSccp::max_version>, 3, 22}, "22", "", "",
     "The highest protocol version that a phone may offer the call server."},
    {"access.sccp.text", WordType{sccp<&AccessSccp::text>, kTextRules}, R"("pass")", "", "",
     "Addresses in alarms and XML sent by a phone: pass leaves them, blank replaces their digits with zeroes."},
    {"access.sccp.media_idle", DurationType{sccp<&AccessSccp::media_idle>, seconds(10), hours(24)}, R"("5m")", "", "",
     "After this time without packets, a call's media counts as silent: it continues when packets come, unless its ports "
     "were needed meanwhile. A call that lost its call server ends once one side has been silent for this time."},
    {"access.sccp.emergency", DialledListType{sccp<&AccessSccp::emergency>}, R"(["112", "911", "933", "999", "000"])",
     "", "",
     "Emergency numbers: calls to them are never refused because of a limit or because Dropwire is about to stop."},
    {"access.sccp.calls_per_phone", CountType{sccp<&AccessSccp::calls_per_phone>, 0, 60}, "0", "20", "",
     "Outgoing calls that one phone may have at once; 0 is no limit. Emergency calls are never refused."},
    {"access.sccp.calls_per_source", CountType{sccp<&AccessSccp::calls_per_source>, 0, 100000}, "0", "500", "",
     "Outgoing calls that all phones of one address may have at once; 0 is no limit."},
    {"access.sccp.call_attempts_per_phone", CountType{sccp<&AccessSccp::call_attempts_per_phone>, 0, 100000}, "0", "30",
     "per minute", "How often one phone may start a call; 0 is no limit."},
    {"access.sccp.call_attempts_per_source", CountType{sccp<&AccessSccp::call_attempts_per_source>, 0, 100000}, "0",
     "600", "per minute", "How often all phones of one address may start a call; 0 is no limit."},
    {"access.sip.enable", BoolType{sip<&AccessSip::enable>}, "true", "", "",
     "Accept SIP registrations and calls, and pass them on to central.sip.servers."},
    {"access.sip.port", PortType{sip<&AccessSip::port>}, "5060", "", "",
     "The UDP and TCP port on which phones and SIP servers reach Dropwire, also written into the phones' configs; "
     "0 takes any free one."},
    {"access.sip.max_bindings", CountType{sip<&AccessSip::max_bindings>, 1, 1000000}, "20000", "", "",
     "Contacts registered at the same time; a phone has one for each line."},
    {"access.sip.max_connections", CountType{sip<&AccessSip::max_connections>, 1, 100000}, "10000", "", "",
     "Simultaneous TCP connections. When all are in use, those without a registered phone are closed for others."},
    {"access.sip.max_connections_per_source", CountType{sip<&AccessSip::max_connections_per_source>, 1, 100000}, "1000",
     "", "", "Simultaneous TCP connections from one address (a home's or a company's router), or from one IPv6 /64."},
    {"access.sip.connection_rate", NumberType{sip<&AccessSip::connection_rate>, 0.1, 10000}, "20", "", "per second",
     "How many new TCP connections are accepted from one address; after a pause, five times as many at once."},
    {"access.sip.message_rate", NumberType{sip<&AccessSip::message_rate>, 0.1, 100000}, "100", "", "per second",
     "How many messages are accepted from one address without a registered phone; after a pause, five times as many "
     "at once."},
    {"access.sip.registered_message_rate", NumberType{sip<&AccessSip::registered_message_rate>, 0.1, 100000}, "1000",
     "", "per second",
     "How many messages are accepted from one address with registered phones; after a pause, five times as many at "
     "once."},
    {"access.sip.max_transactions", CountType{sip<&AccessSip::max_transactions>, 16, 1000000}, "20000", "", "",
     "Simultaneous SIP transactions (a request and its answers)."},
    {"access.sip.max_transactions_per_source", CountType{sip<&AccessSip::max_transactions_per_source>, 1, 1000000},
     "2000", "", "", "Simultaneous SIP transactions started by one address."},
    {"access.sip.max_calls", CountType{sip<&AccessSip::max_calls>, 1, 100000}, "5000", "", "",
     "Simultaneous SIP calls."},
    {"access.sip.unregistered_calls", BoolType{sip<&AccessSip::unregistered_calls>}, "true", "false", "",
     "An address without a registered phone may start calls (at an edge only from its LAN or access.networks); false "
     "refuses them (403)."},
    {"access.sip.keepalive", DurationType{sip<&AccessSip::keepalive>, seconds(5), minutes(5)}, R"("25s")", "", "",
     "How often a phone behind a router is sent a keepalive, so that the router keeps its mapping; "
     "routers drop a UDP mapping after 30s."},
    {"access.sip.idle_timeout", DurationType{sip<&AccessSip::idle_timeout>, seconds(10), hours(24)}, R"("2m")", "", "",
     "A TCP connection without a registered phone on which nothing moved for this time is closed."},
    {"access.sip.ban", DurationType{sip<&AccessSip::ban>, seconds(0), hours(24 * 30)}, R"("10m")", "", "",
     "How long an address that scans or floods gets no answer; 0s never bans."},
    {"access.sip.ban_after", CountType{sip<&AccessSip::ban_after>, 1, 10000}, "10", "", "abuses",
     "After how many abuses an address is banned."},
    {"access.sip.scanners", WordListType{sip<&AccessSip::scanners>},
     R"(["friendly-scanner", "sipvicious", "sipcli", "sip-scan", "sundayddr", "pplsip", "VaxSIPUserAgent", "iWar"])",
     "", "", "Words that identify the User-Agent of a scanner; case is ignored. Its requests get no answer."},
    {"access.sip.media_idle", DurationType{sip<&AccessSip::media_idle>, seconds(10), hours(24)}, R"("5m")", "", "",
     "After this time without packets, a call's media is closed."},
    {"access.sip.emergency", DialledListType{sip<&AccessSip::emergency>}, R"(["112", "911", "933", "999", "000"])", "",
     "",
     "Emergency numbers: calls to them are never refused because of a limit, a ban, or because Dropwire is about to "
     "stop."},
    {"access.sip.calls_per_phone", CountType{sip<&AccessSip::calls_per_phone>, 0, 100000}, "0", "20", "",
     "Outgoing calls that one line may have at once; 0 is no limit. Emergency calls are never refused."},
    {"access.sip.calls_per_source", CountType{sip<&AccessSip::calls_per_source>, 0, 100000}, "0", "500", "",
     "Outgoing calls that all phones of one address may have at once; 0 is no limit."},
    {"access.sip.call_attempts_per_phone", CountType{sip<&AccessSip::call_attempts_per_phone>, 0, 100000}, "0", "30",
     "per minute", "How often one line may start a call; 0 is no limit."},
    {"access.sip.call_attempts_per_source", CountType{sip<&AccessSip::call_attempts_per_source>, 0, 100000}, "0", "600",
     "per minute", "How often all phones of one address may start a call; 0 is no limit."},
    {"access.sip.codecs", CodecListType{sip<&AccessSip::codecs>}, "[]", "", "",
     "Which codecs are offered to SIP phones: for audio only those listed, in this order. A name with - before it is "
     "never offered; a list of only such names leaves all others unchanged. Telephone events and comfort noise stay "
     "unless listed with a -. An offer with no codec left is refused (488)."},
    {"access.sip.register_expires", DurationType{sip<&AccessSip::register_expires>, seconds(0), hours(1)}, R"("0s")",
     "", "",
     "The longest time after which a phone registers again, which keeps its router's mapping, while the server is "
     "asked for 1h; registrations in between are answered here. A Cisco phone never gets less than 25s. 0s leaves it "
     "to the server; at an edge behind a router whose address may change, it is 1m."},
    {"access.sip.trust_identity", BoolType{sip<&AccessSip::trust_identity>}, "false", "", "",
     "Pass on to the servers what a phone states about its identity, who pays, and how a call reached it "
     "(P-Asserted-Identity, P-Charge-Info, History-Info, Path and others); false removes it."},
    {"access.sip.remove_headers", WordListType{sip<&AccessSip::remove_headers>},
     R"(["X-Authenticated-User", "X-AUTH-IP", "X-AUTH-PORT"])", "", "",
     "Further header fields that a server would trust, and that are removed from what phones send; case is ignored."},

    {"access.stun.enable", BoolType{stun<&AccessStun::enable>}, "false", "true", "",
     "Answer STUN, with which edges find out how their router behaves."},
    {"access.stun.port", PortType{stun<&AccessStun::port>}, "3478", "", "",
     "The UDP port of STUN; 0 takes any free port, and another one for alternate_port."},
    {"access.stun.alternate_port", PortType{stun<&AccessStun::alternate_port>}, "3479", "", "",
     "A second UDP port, from which STUN answers clients that test whether their router lets that in."},
    {"access.stun.rate", NumberType{stun<&AccessStun::rate>, 1, 10000}, "20", "", "per second",
     "How many STUN requests are accepted from one address."},
};

}  // namespace

std::span<const Setting> access_settings() {
  return kAccessRows;
}

}  // namespace dw::conf
