#include "conf/settings.hpp"

#include <algorithm>
#include <array>
#include <cassert>

#include "conf/toml_text.hpp"
#include "conf/value.hpp"

namespace dw::conf {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

/// at<&Config::access, &Access::tftp, &Tftp::port> is config.access.tftp.port.
template <auto... members>
constexpr auto at() {
  using T = std::remove_reference_t<decltype((std::declval<Config&>().*....*members))>;
  return Field<T>{[](Config& c) -> T& { return (c.*....*members); },
                  [](const Config& c) -> const T& { return (c.*....*members); }};
}
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
template <auto m>
constexpr auto call_server_side = at<&Config::central, &Central::sccp, m>();
template <auto m>
constexpr auto sip_server_side = at<&Config::central, &Central::sip, m>();
template <auto m>
constexpr auto media = at<&Config::media, m>();
template <auto m>
constexpr auto router_side = at<&Config::nat, m>();
template <auto... m>
constexpr auto origin_side = at<&Config::central, &Central::provisioning, m...>();
template <auto m>
constexpr auto rewriting = at<&Config::rewrite, m>();

constexpr std::uint64_t kKiB = 1024;
constexpr std::uint64_t kMiB = 1024 * kKiB;
constexpr std::uint64_t kGiB = 1024 * kMiB;
constexpr std::uint64_t kTiB = 1024 * kGiB;

constexpr std::array<std::string_view, 5> kLevels = {"trace", "debug", "info", "warn", "error"};
constexpr std::array<std::string_view, 4> kLogFormats = {"auto", "text", "journal", "json"};

constexpr std::array<std::string_view, 3> kPortMapping = {"auto", "on", "off"};

constexpr std::array<std::string_view, 2> kTextRules = {"pass", "blank"};

constexpr std::array<Rule, 3> kRules = {Rule::leave, Rule::rewrite, Rule::drop};
constexpr std::array<Rule, 2> kLeaveOrDrop = {Rule::leave, Rule::drop};

const Setting kSettings[] = {
    {"mode", ModeType{at<&Config::mode>()}, R"("edge")", "", "",
     "Where this Dropwire stands: on the phones' LAN (edge) or in front of the central server (hosted); "
     "it picks defaults, nothing else."},
    {"central", HostType{at<&Config::central, &Central::host>()}, R"("")", "", "",
     "The central telephone server, a host name or an address; it fills in every central.* list that is not given."},

    {"access.listen", AddressListType{at<&Config::access, &Access::listen>()}, R"(["0.0.0.0"])", "", "",
     "The addresses of this machine on which phones are served; as long as no central server and no origin "
     "is set, only 127.0.0.1."},
    {"access.advertise", AddressOrAutoType{at<&Config::access, &Access::advertise>()}, R"("auto")", "", "",
     "The address that phones are told to use; \"auto\" is the one to which their request came."},
    {"access.networks", NetworkListType{at<&Config::access, &Access::networks>()}, "[]", "", "",
     "Networks from which phones and edges may ask for anything at all: files, registrations, calls, STUN. Who is "
     "elsewhere gets no answer. None means everybody; the central side is never refused."},

    {"access.tftp.enable", BoolType{tftp<&Tftp::enable>}, "true", "", "", "Serve files by TFTP."},
    {"access.tftp.port", PortType{tftp<&Tftp::port>}, "69", "", "",
     "The UDP port phones ask; 0 takes any free one."},
    {"access.tftp.single_port", BoolType{tftp<&Tftp::single_port>}, "true", "", "",
     "Send every packet of a transfer from the port that was asked, so that it passes any router; false "
     "answers from a fresh port (TID) for each transfer."},
    {"access.tftp.max_blksize", CountType{tftp<&Tftp::max_blksize>, 512, 65464}, "1428", "", "octets",
     "The largest block that a phone may negotiate; above 1468 a datagram no longer fits an Ethernet frame."},
    {"access.tftp.max_windowsize", CountType{tftp<&Tftp::max_windowsize>, 1, 64}, "16", "", "blocks",
     "The largest window that a client may negotiate."},
    {"access.tftp.max_sessions", CountType{tftp<&Tftp::max_sessions>, 1, 65536}, "8192", "", "",
     "Transfers at the same time."},
    {"access.tftp.max_sessions_per_source", CountType{tftp<&Tftp::max_sessions_per_source>, 1, 65536}, "1024",
     "", "", "Transfers at the same time for one address (a home's router, or a carrier's)."},
    {"access.tftp.max_unproven", CountType{tftp<&Tftp::max_unproven>, 1, 65536}, "4096", "", "",
     "Transfers at the same time whose asker has not acknowledged anything yet, and may have forged its address."},
    {"access.tftp.unproven_rate", NumberType{tftp<&Tftp::unproven_rate>, 0.1, 10000}, "10", "", "per second",
     "How many requests without any acknowledgement are taken from one address."},
    {"access.tftp.give_up", DurationType{tftp<&Tftp::give_up>, seconds(5), minutes(10)}, R"("45s")", "", "",
     "A transfer ends when the phone acknowledged nothing new for so long."},
    {"access.tftp.block_after_max", CountType{tftp<&Tftp::block_after_max>, 0, 1}, "0", "", "",
     "The block number that follows 65535."},

    {"access.http.enable", BoolType{http<&Http::enable>}, "true", "", "", "Serve files by HTTP."},
    {"access.http.port", PortType{http<&Http::port>}, "6970", "", "",
     "The TCP port phones ask; 0 takes any free one."},
    {"access.http.max_connections", CountType{http<&Http::max_connections>, 1, 65536}, "1024", "", "",
     "Connections at the same time."},
    {"access.http.max_connections_per_source", CountType{http<&Http::max_connections_per_source>, 1, 65536},
     "64", "", "", "Connections at the same time from one address."},
    {"access.http.idle_timeout", DurationType{http<&Http::idle_timeout>, seconds(1), hours(1)}, R"("30s")",
     "", "", "A connection on which nothing moved for so long is closed."},

    {"access.sccp.enable", BoolType{sccp<&AccessSccp::enable>}, "true", "", "",
     "Take SCCP registrations and calls, and pass them on to central.sccp.servers."},
    {"access.sccp.port", PortType{sccp<&AccessSccp::port>}, "2000", "", "",
     "The TCP port on which phones register by SCCP, and that rewritten configs give them; 0 takes any free one."},
    {"access.sccp.max_connections", CountType{sccp<&AccessSccp::max_connections>, 1, 100000}, "10000", "", "",
     "Phones connected at the same time. When all are taken, those that are not registered make room."},
    {"access.sccp.max_connections_per_source",
     CountType{sccp<&AccessSccp::max_connections_per_source>, 1, 100000}, "1000", "", "",
     "Phones connected at the same time from one address (a home's or a company's router), or from one IPv6 /64."},
    {"access.sccp.connection_rate", NumberType{sccp<&AccessSccp::connection_rate>, 0.1, 10000}, "100", "", "per second",
     "How many new connections are taken from one address; five times as many may come at once after a pause."},
    {"access.sccp.registrations_per_minute", CountType{sccp<&AccessSccp::registrations_per_minute>, 1, 1000},
     "6", "", "per minute", "How often one device name may register from one address (or IPv6 /64)."},
    {"access.sccp.any_device_name", BoolType{sccp<&AccessSccp::any_device_name>}, "false", "", "",
     "Take any device name of up to 15 letters, digits, dots, dashes and underscores; false takes the forms "
     "of SEP, ATA, SPA, VGC and AN devices alone."},
    {"access.sccp.max_version", CountType{sccp<&AccessSccp::max_version>, 3, 22}, "22", "", "",
     "The highest protocol version that a phone may offer the call server."},
    {"access.sccp.text", WordType{sccp<&AccessSccp::text>, kTextRules}, R"("pass")", "", "",
     "Addresses within alarms and XML that a phone sends: pass leaves them, blank makes zeroes of their digits."},
    {"access.sccp.media_idle", DurationType{sccp<&AccessSccp::media_idle>, seconds(10), hours(24)}, R"("5m")", "", "",
     "A call's media on which no packet came for so long is silent: it goes on when packets come, unless its ports were "
     "needed meanwhile. A call that lost its call server ends once one side is silent for so long."},
    {"access.sccp.emergency", DialledListType{sccp<&AccessSccp::emergency>}, R"(["112", "911", "933", "999", "000"])",
     "", "",
     "Numbers that call for help: a call to one is never refused for a limit or because Dropwire is about to stop."},
    {"access.sccp.calls_per_phone", CountType{sccp<&AccessSccp::calls_per_phone>, 0, 60}, "0", "20", "",
     "Outgoing calls that one phone may have at once; 0 is no limit. Calls for help are never refused."},
    {"access.sccp.calls_per_source", CountType{sccp<&AccessSccp::calls_per_source>, 0, 100000}, "0", "500", "",
     "Outgoing calls that all phones of one address may have at once; 0 is no limit."},
    {"access.sccp.call_attempts_per_phone", CountType{sccp<&AccessSccp::call_attempts_per_phone>, 0, 100000}, "0", "30",
     "per minute", "How often one phone may begin a call; 0 is no limit."},
    {"access.sccp.call_attempts_per_source", CountType{sccp<&AccessSccp::call_attempts_per_source>, 0, 100000}, "0", "600",
     "per minute", "How often all phones of one address may begin a call; 0 is no limit."},

    {"access.sip.enable", BoolType{sip<&AccessSip::enable>}, "true", "", "",
     "Take SIP registrations and calls, and pass them on to central.sip.servers."},
    {"access.sip.port", PortType{sip<&AccessSip::port>}, "5060", "", "",
     "The UDP and TCP port on which phones and SIP servers reach Dropwire, and that rewritten configs give "
     "phones; 0 takes any free one."},
    {"access.sip.max_bindings", CountType{sip<&AccessSip::max_bindings>, 1, 1000000}, "20000", "", "",
     "Contacts registered at the same time; a phone has one for each line."},
    {"access.sip.max_connections", CountType{sip<&AccessSip::max_connections>, 1, 100000}, "10000", "", "",
     "TCP connections at the same time."},
    {"access.sip.max_connections_per_source",
     CountType{sip<&AccessSip::max_connections_per_source>, 1, 100000}, "1000", "", "",
     "TCP connections at the same time from one address (a home's or a company's router)."},
    {"access.sip.connection_rate", NumberType{sip<&AccessSip::connection_rate>, 0.1, 10000}, "20", "",
     "per second",
     "How many new TCP connections are taken from one address; five times as many may come at once after a pause."},
    {"access.sip.message_rate", NumberType{sip<&AccessSip::message_rate>, 0.1, 100000}, "100", "",
     "per second",
     "How many messages are taken from one address without a registered phone; five times as many may "
     "come at once after a pause."},
    {"access.sip.registered_message_rate", NumberType{sip<&AccessSip::registered_message_rate>, 0.1, 100000},
     "1000", "", "per second",
     "How many messages are taken from one address with registered phones; five times as many may come at "
     "once after a pause."},
    {"access.sip.max_transactions", CountType{sip<&AccessSip::max_transactions>, 16, 1000000}, "20000", "",
     "", "SIP transactions (a request and its answers) at the same time."},
    {"access.sip.max_transactions_per_source",
     CountType{sip<&AccessSip::max_transactions_per_source>, 1, 1000000}, "2000", "", "",
     "SIP transactions at the same time that one address began."},
    {"access.sip.max_calls", CountType{sip<&AccessSip::max_calls>, 1, 100000}, "5000", "", "",
     "SIP calls at the same time."},
    {"access.sip.unregistered_calls", BoolType{sip<&AccessSip::unregistered_calls>}, "true", "false", "",
     "An address without a registered phone may start calls, of an edge one on its LAN or in access.networks; false refuses them (403)."},
    {"access.sip.keepalive", DurationType{sip<&AccessSip::keepalive>, seconds(5), minutes(5)}, R"("25s")", "", "",
     "A phone behind a router is sent something each such time, so that the router keeps the way open; "
     "routers forget a UDP mapping after 30s."},
    {"access.sip.idle_timeout", DurationType{sip<&AccessSip::idle_timeout>, seconds(10), hours(24)},
     R"("2m")", "", "",
     "A TCP connection without a registered phone on which nothing moved for so long is closed."},
    {"access.sip.ban", DurationType{sip<&AccessSip::ban>, seconds(0), hours(24 * 30)}, R"("10m")", "", "",
     "An address that scans or floods is left without any answer for so long; 0s never bans."},
    {"access.sip.ban_after", CountType{sip<&AccessSip::ban_after>, 1, 10000}, "10", "", "offences",
     "How many offences of one address bring the ban."},
    {"access.sip.scanners", WordListType{sip<&AccessSip::scanners>},
     R"(["friendly-scanner", "sipvicious", "sipcli", "sip-scan", "sundayddr", "pplsip", "VaxSIPUserAgent", "iWar"])",
     "", "", "Words by which the User-Agent of a scanner is known, in any case; its requests get no answer."},
    {"access.sip.media_idle", DurationType{sip<&AccessSip::media_idle>, seconds(10), hours(24)}, R"("5m")",
     "", "", "A call's media on which no packet came for so long is given up."},
    {"access.sip.emergency", DialledListType{sip<&AccessSip::emergency>}, R"(["112", "911", "933", "999", "000"])",
     "", "",
     "Numbers that call for help: a call to one is never refused for a limit, for a ban, or because Dropwire is about "
     "to stop."},
    {"access.sip.calls_per_phone", CountType{sip<&AccessSip::calls_per_phone>, 0, 100000}, "0", "20", "",
     "Outgoing calls that one line may have at once; 0 is no limit. Calls for help are never refused."},
    {"access.sip.calls_per_source", CountType{sip<&AccessSip::calls_per_source>, 0, 100000}, "0", "500", "",
     "Outgoing calls that all phones of one address may have at once; 0 is no limit."},
    {"access.sip.call_attempts_per_phone", CountType{sip<&AccessSip::call_attempts_per_phone>, 0, 100000}, "0", "30",
     "per minute", "How often one line may begin a call; 0 is no limit."},
    {"access.sip.call_attempts_per_source", CountType{sip<&AccessSip::call_attempts_per_source>, 0, 100000}, "0", "600",
     "per minute", "How often all phones of one address may begin a call; 0 is no limit."},
    {"access.sip.codecs", CodecListType{sip<&AccessSip::codecs>}, "[]", "", "",
     "Which codecs SIP phones are offered: of audio only those that are named, in this order; a name with - in front is "
     "never offered, and alone leaves the others as they come. Telephone events and comfort noise stay unless they "
     "have a -. An offer of which nothing is left is refused (488)."},
    {"access.sip.register_expires", DurationType{sip<&AccessSip::register_expires>, seconds(0), hours(1)},
     R"("0s")", "", "",
     "A phone is told to register again after so long at most, which keeps its router's way open, while the server is "
     "asked for 1h; what comes between is answered here. A Cisco phone is never told less than 25s; 0s leaves it to "
     "the server."},
    {"access.sip.trust_identity", BoolType{sip<&AccessSip::trust_identity>}, "false", "", "",
     "What a phone says of its identity, of who pays, and of how a call came to it (P-Asserted-Identity, P-Charge-Info, "
     "History-Info, Path and others) reaches the servers; false takes it out."},
    {"access.sip.remove_headers", WordListType{sip<&AccessSip::remove_headers>},
     R"(["X-Authenticated-User", "X-AUTH-IP", "X-AUTH-PORT"])", "", "",
     "Further header fields, in any case, that are taken out of what phones send, as a server believes in them."},

    {"access.stun.enable", BoolType{stun<&AccessStun::enable>}, "false", "true", "",
     "Answer STUN, by which edges find out what the router in front of them does."},
    {"access.stun.port", PortType{stun<&AccessStun::port>}, "3478", "", "",
     "The UDP port of STUN; 0 takes any free one, and another one for alternate_port."},
    {"access.stun.alternate_port", PortType{stun<&AccessStun::alternate_port>}, "3479", "", "",
     "A second UDP port, from which STUN answers those who ask whether their router lets that in."},
    {"access.stun.rate", NumberType{stun<&AccessStun::rate>, 1, 10000}, "20", "", "per second",
     "How many STUN requests are taken from one address."},

    {"central.provisioning.origins", OriginListType{origin_side<&Provisioning::origins>}, "[]", "", "",
     "Where files come from, tried in order: http://, https://, tftp:// or file:///directory; not given, "
     "port 6970 and then TFTP of the central server."},
    {"central.provisioning.ca_file", PathType{origin_side<&Provisioning::ca_file>, true}, R"("")", "", "",
     "Certificates (PEM) that https:// origins are checked against; empty is the system's store."},
    {"central.provisioning.connect_timeout",
     DurationType{origin_side<&Provisioning::connect_timeout>, milliseconds(100), minutes(1)}, R"("3s")", "",
     "", "How long connecting to an origin may take before the next one is tried."},
    {"central.provisioning.stall_timeout",
     DurationType{origin_side<&Provisioning::stall_timeout>, seconds(1), minutes(10)}, R"("15s")", "", "",
     "A download on which nothing moved for so long is given up."},
    {"central.provisioning.answer_timeout",
     DurationType{origin_side<&Provisioning::answer_timeout>, milliseconds(500), seconds(10)}, R"("7s")", "", "",
     "A phone gets its first answer within this time, be it that no origin answered; a router forgets a "
     "one-way mapping after 30s."},
    {"central.provisioning.max_file", SizeType{origin_side<&Provisioning::max_file>, 64 * kKiB, kGiB},
     R"("64MiB")", "", "", "Larger files are refused."},
    {"central.provisioning.prefetch", BoolType{origin_side<&Provisioning::prefetch>}, "true", "", "",
     "Fetch what a config, a firmware manifest or a list names before the phone asks for it."},
    {"central.provisioning.blksize", CountType{origin_side<&Provisioning::blksize>, 512, 65464}, "1428", "",
     "octets", "The block size asked of tftp:// origins."},
    {"central.provisioning.windowsize", CountType{origin_side<&Provisioning::windowsize>, 1, 64}, "16", "",
     "blocks", "The window asked of tftp:// origins."},

    {"central.sccp.servers", ServerListType{call_server_side<&CentralSccp::servers>, 2000}, "[]", "", "",
     "SCCP servers, the first is the primary; not given, port 2000 of the central server."},
    {"central.sccp.source_addresses", SourceListType{call_server_side<&CentralSccp::source_addresses>}, "[]",
     "", "",
     "Addresses of this machine from which phones are registered, one for each phone, for call servers that "
     "refuse two phones from one address; empty is the one that routes there, for all."},
    {"central.sccp.connect_timeout",
     DurationType{call_server_side<&CentralSccp::connect_timeout>, milliseconds(100), minutes(1)}, R"("4s")",
     "", "", "How long connecting to an SCCP server may take before the next one is tried."},
    {"central.sccp.retry",
     DurationType{call_server_side<&CentralSccp::retry>, milliseconds(100), seconds(60)}, R"("2s")", "", "",
     "How often an SCCP server that failed is tried until it answers again."},

    {"central.sip.servers", SipServerListType{sip_server_side<&CentralSip::servers>}, "[]", "", "",
     "SIP servers as udp:host:port or tcp:…, tried in order, a name without a port by SRV; not "
     "given, UDP port 5060 of the central server."},
    {"central.sip.domain", HostType{sip_server_side<&CentralSip::domain>}, R"("")", "", "",
     "The domain that the servers see where a phone wrote Dropwire's address; empty is the host of the first server."},
    {"central.sip.trusted", SourceListType{sip_server_side<&CentralSip::trusted>}, "[]", "", "",
     "Further addresses that requests of the central side come from, and those of servers that send from other ports by UDP."},
    {"central.sip.ping", DurationType{sip_server_side<&CentralSip::ping>, seconds(0), hours(1)}, R"("30s")",
     "", "", "How often each server is asked whether it is up, by OPTIONS; 0s never."},
    {"central.sip.answer_timeout",
     DurationType{sip_server_side<&CentralSip::answer_timeout>, milliseconds(500), seconds(32)}, R"("4s")",
     "", "",
     "A server that has not answered a new registration or call at all within this time is taken for "
     "dead, and the next one is tried; when none is left, the phone is told 503."},
    {"central.sip.retry", DurationType{sip_server_side<&CentralSip::retry>, milliseconds(100), seconds(60)},
     R"("2s")", "", "",
     "How often a SIP server that failed is asked, by OPTIONS, until it answers again."},
    {"central.sip.register_rate", NumberType{sip_server_side<&CentralSip::register_rate>, 1, 100000}, "200",
     "", "per second",
     "How many registrations each server is sent at most; phones beyond that are told to come again soon."},
    {"central.sip.path", BoolType{sip_server_side<&CentralSip::path>}, "false", "", "",
     "Registrations carry Path and Supported: path (RFC 3327), for servers that need it to find Dropwire."},
    {"central.sip.codecs", CodecListType{sip_server_side<&CentralSip::codecs>}, "[]", "", "",
     "Which codecs SIP servers are offered, in the way of access.sip.codecs."},
    {"central.media.advertise",
     AddressOrAutoType{at<&Config::central, &Central::media, &CentralMedia::advertise>()}, R"("auto")", "",
     "", "The address for media that the central side is told; \"auto\" is what the router has mapped, else what a STUN "
     "server sees, else the local one that routes there."},
    {"central.media.sources",
     NetworkListType{at<&Config::central, &Central::media, &CentralMedia::sources>()}, "[]", "", "",
     "Networks of the central side from which audio may come although no message names them: servers of music "
     "on hold and announcements. Call servers and whom they name may send in any case, from one port at a time; these from "
     "any, so that a far end that moves to another port in mid-call belongs here as well."},
    {"central.media.symmetric",
     BoolType{at<&Config::central, &Central::media, &CentralMedia::symmetric>()}, "false", "", "",
     "Audio goes to the address and port that the far end's own audio comes from instead of to the one that "
     "it named, RTCP likewise: for far ends behind a router of their own. Only who may send is ever sent to."},

    {"media.ports", PortRangeType{media<&Media::ports>}, R"("20000-29999")", "", "",
     "UDP ports for media, four for each stream: keep them out of the range from which the system takes "
     "ports of its own, and open in firewalls."},
    {"media.threads", CountType{media<&Media::threads>, 1, 64}, "1", "", "",
     "Threads that relay media; streams are shared out over them."},
    {"media.local", BoolType{media<&Media::local>}, "true", "false", "",
     "Two phones on one LAN talk to each other directly, and their media stays in the house; false leads it "
     "through here."},
    {"media.dscp", CountOrAutoType{media<&Media::dscp>, 0, 63}, R"("auto")", "", "",
     "The DSCP of relayed media; \"auto\" is what the call server asked the phone to use, else 46 (EF)."},
    {"media.keepalive", DurationType{media<&Media::keepalive>, seconds(1), minutes(5)}, R"("15s")", "", "",
     "A phone in a call to which no media was sent for so long is sent a small packet, so that its router "
     "keeps the way open; routers forget a UDP mapping after 30s."},

    {"nat.stun_server", ServerType{at<&Config::nat, &Nat::stun_server>(), 3478}, R"("")", "", "",
     "A STUN server on the central side, against which this box finds out what its router does, and where its media "
     "is reached from outside; not given, port 3478 of the central server of an edge; empty is none."},
    {"nat.measure_lifetime", BoolType{at<&Config::nat, &Nat::measure_lifetime>()}, "true", "false", "",
     "Find out in the background, once a day, how long the router keeps a UDP mapping without packets, so that "
     "keepalives come often enough."},
    {"nat.port_mapping", WordType{router_side<&Nat::port_mapping>, kPortMapping}, R"("auto")", R"("off")", "",
     "Ask the router (PCP, NAT-PMP, UPnP) to let the central side in; auto does where this box has a private "
     "address and the central server a public one, on wherever this box has a private one."},
    {"nat.lifetime", DurationType{router_side<&Nat::lifetime>, seconds(10), hours(24)}, R"("1h")", "", "",
     "For how long the router is asked to keep a mapping; it is renewed at half of that, and goes by itself "
     "when this box is gone."},
    {"nat.gateway", AddressOrAutoType{router_side<&Nat::gateway>}, R"("auto")", "", "",
     "The router that is asked; \"auto\" is the one on the way to the central server."},
    {"nat.streams", CountType{router_side<&Nat::streams>, 0, 120}, "8", "", "",
     "For how many media streams at the same time the router is asked to map ports, two each, from the "
     "beginning of media.ports; a call has one for each phone and kind of media."},
    {"nat.warm_ports", CountType{router_side<&Nat::warm_ports>, 0, 32}, "8", "0", "",
     "Pairs of media ports that stand ready for the next streams behind a router that maps none when asked: what "
     "the internet sees of them is learned from nat.stun_server, and kept open; 0 is none."},

    {"cache.enable", BoolType{at<&Config::cache, &Cache::enable>()}, "true", "", "", "Keep files on disk."},
    {"cache.dir", PathType{at<&Config::cache, &Cache::dir>(), false}, R"("/var/cache/dropwire")", "", "",
     "The directory of kept files; when it can't be written, files are served without keeping them."},
    {"cache.size", SizeType{at<&Config::cache, &Cache::size>(), kMiB, 16 * kTiB}, R"("2GiB")", "", "",
     "What is kept on disk at most; the files longest unused go first."},
    {"cache.memory", SizeType{at<&Config::cache, &Cache::memory>(), kMiB, 64 * kGiB}, R"("32MiB")",
     R"("256MiB")", "", "What is kept in memory at most, beside the files being sent."},
    {"cache.negative", DurationType{at<&Config::cache, &Cache::negative>(), seconds(0), hours(1)}, R"("30s")",
     "", "", "How long \"not found\" is remembered; a phone's own config is always asked anew."},

    {"state.dir", PathType{at<&Config::state, &State::dir>(), false}, R"("/var/lib/dropwire")", "", "",
     "The directory of what is known of phones; when it can't be written, that is in memory only."},

    {"rewrite.enable", BoolType{rewriting<&Rewrite::enable>}, "true", "", "",
     "Rewrite phones' configs so that they name Dropwire instead of the central server; false passes every "
     "file as it came."},
    {"rewrite.call_servers", RuleType{rewriting<&Rewrite::call_servers>, kRules}, R"("rewrite")", "", "",
     "The call server in a phone's config: its address and ports, proxyN_address of the 7940 and 7960."},
    {"rewrite.spare_call_servers", RuleType{rewriting<&Rewrite::spare_call_servers>, kRules}, R"("drop")", "",
     "", "Further call servers; drop takes them out, so that a phone never registers past Dropwire."},
    {"rewrite.line_proxy", RuleType{rewriting<&Rewrite::line_proxy>, kRules}, R"("rewrite")", "", "",
     "The proxy of each SIP line; rewrite is the word USECALLMANAGER, which 9.x firmware insists on."},
    {"rewrite.backup_proxy", RuleType{rewriting<&Rewrite::backup_proxy>, kRules}, R"("drop")", "", "",
     "backupProxy, proxy_backup."},
    {"rewrite.emergency_proxy", RuleType{rewriting<&Rewrite::emergency_proxy>, kRules}, R"("rewrite")", "",
     "", "emergencyProxy, proxy_emergency: where emergency calls go."},
    {"rewrite.outbound_proxy", RuleType{rewriting<&Rewrite::outbound_proxy>, kRules}, R"("drop")", "", "",
     "outboundProxy, outbound_proxy: with it the phone sends each request from another port."},
    {"rewrite.nat", RuleType{rewriting<&Rewrite::nat>, kRules}, R"("drop")", R"("rewrite")", "",
     "natEnabled and its fellows; rewrite is true (a phone behind a router sends and listens on one "
     "port), drop is false, and natAddress is emptied."},
    {"rewrite.transport", RuleType{rewriting<&Rewrite::transport>, kRules}, R"("leave")", R"("rewrite")", "",
     "transportLayerProtocol; rewrite is TCP, which passes routers better than UDP."},
    {"rewrite.security", RuleType{rewriting<&Rewrite::security>, kRules}, R"("rewrite")", "", "",
     "deviceSecurityMode; rewrite is non-secure, as Dropwire holds none of the server's keys."},
    {"rewrite.srst", RuleType{rewriting<&Rewrite::srst>, kRules}, R"("drop")", "", "",
     "srstInfo: the servers a phone falls back to."},
    {"rewrite.tvs", RuleType{rewriting<&Rewrite::tvs>, kRules}, R"("drop")", "", "",
     "The trust verification servers."},
    {"rewrite.capf", RuleType{rewriting<&Rewrite::capf>, kRules}, R"("drop")", "", "",
     "Certificate enrolment (capfList) and encrypted configs (encrConfig)."},
    {"rewrite.tftp_server", RuleType{rewriting<&Rewrite::tftp_server>, kRules}, R"("rewrite")", "", "",
     "dyn_tftp_addr of the 7940 and 7960, TFTPServer1 and 2 of WLAN files: they would take the phone off Dropwire."},
    {"rewrite.load_server", RuleType{rewriting<&Rewrite::load_server>, kRules}, R"("rewrite")", "", "",
     "loadServer, ipv6LoadServer: where firmware comes from."},
    {"rewrite.firmware", RuleType{rewriting<&Rewrite::firmware>, kRules}, R"("leave")", "", "",
     "loadInformation, image_version: the firmware's name; drop blanks it, and the phone keeps what it has."},
    {"rewrite.ntp", RuleType{rewriting<&Rewrite::ntp>, kRules}, R"("leave")", "", "", "The time servers."},
    {"rewrite.urls", RuleType{rewriting<&Rewrite::urls>, kRules}, R"("leave")", "", "",
     "Services, directory, idle and like URLs by HTTP, logo_url, proxyServerURL; rewrite leads them to Dropwire."},
    {"rewrite.secure_urls", RuleType{rewriting<&Rewrite::secure_urls>, kRules}, R"("drop")", "", "",
     "The same by HTTPS, which a phone without a trust list can't verify."},
    {"rewrite.version_stamp", RuleType{rewriting<&Rewrite::version_stamp>, kRules}, R"("rewrite")", "", "",
     "versionStamp; rewrite is recomputed when anything else changed, so that phones notice."},
    {"rewrite.trust_lists", RuleType{rewriting<&Rewrite::trust_lists>, kLeaveOrDrop}, R"("drop")", "", "",
     "The origin's CTL and ITL files; drop answers \"not found\", as a phone that takes them accepts no "
     "rewritten config any more."},

    {"phones.max_devices", CountType{at<&Config::phones, &Phones::max_devices>(), 16, 1000000}, "4096",
     "16384", "", "Phones remembered at most; the longest unseen goes first."},
    {"phones.story_steps", CountType{at<&Config::phones, &Phones::story_steps>(), 8, 1024}, "64", "", "",
     "Steps kept of each phone's story."},
    {"phones.call_records", CountType{at<&Config::phones, &Phones::call_records>(), 0, 1000000}, "10000", "100000", "",
     "Records of calls that are over, kept at most (dropwire calls --finished); 0 keeps none."},
    {"phones.call_records_age",
     DurationType{at<&Config::phones, &Phones::call_records_age>(), hours(1), hours(24 * 3650)}, R"("90d")", "", "",
     "Records of calls that ended longer ago are dropped."},

    {"log.level", WordType{at<&Config::log, &Log::level>(), kLevels}, R"("info")", "", "",
     "The least important lines that are written; dropwire log --level sets another one while it runs."},
    {"log.format", WordType{at<&Config::log, &Log::format>(), kLogFormats}, R"("auto")", "", "",
     "How lines are written: text for people, json (an object a line), journal (fields EVENT, DEVICE, PEER, CALL, "
     "REASON); auto is journal under systemd, else text."},
    {"drain.timeout", DurationType{at<&Config::drain, &Drain::timeout>(), seconds(0), minutes(60)},
     R"("30s")", "", "",
     "How long calls may go on after SIGTERM; files on their way as well, but no longer than 30 s."},

    {"admin.enable", BoolType{at<&Config::admin, &Admin::enable>()}, "true", "", "",
     "Serve the status page, /api, /metrics and /healthz by HTTP."},
    {"admin.listen", EndpointType{at<&Config::admin, &Admin::listen>()}, R"("127.0.0.1:8079")", "", "",
     "Address and port of the status page; one that other machines reach needs a password (dropwire passwd)."},
    {"admin.socket", PathType{at<&Config::admin, &Admin::socket>(), true}, R"("/run/dropwire/control.sock")",
     "", "", "The Unix socket that the other dropwire commands talk to; empty is none."},
    {"admin.password_file", PathType{at<&Config::admin, &Admin::password_file>(), false},
     R"("/etc/dropwire/admin.password")", "", "",
     "Where dropwire passwd keeps what it sets, as hashes; read at start and on reload."},
    {"admin.max_connections", CountType{at<&Config::admin, &Admin::max_connections>(), 1, 4096}, "64", "", "",
     "Connections at the same time to the status page, and as many to the control socket."},
    {"admin.host_names", HostListType{at<&Config::admin, &Admin::host_names>()}, "[]", "", "",
     "Names by which browsers may ask for the status page, beside this machine's addresses and localhost."},
};

constexpr Section kSections[] = {
    {"", "Where it stands"},
    {"access", "The phones' side"},
    {"access.tftp", "TFTP to phones"},
    {"access.http", "HTTP to phones"},
    {"access.sccp", "SCCP to phones"},
    {"access.sip", "SIP to phones"},
    {"access.stun", "STUN to edges"},
    {"central.provisioning", "Where files come from"},
    {"central.sccp", "SCCP to the central server"},
    {"central.sip", "SIP to the central server"},
    {"central.media", "Media to the central side"},
    {"media", "Media"},
    {"nat", "The routers on the way"},
    {"cache", "Files kept"},
    {"state", "What is known of phones"},
    {"rewrite", "Phones' configs: what is changed in them"},
    {"phones", "Phones"},
    {"log", "Log"},
    {"drain", "Stopping"},
    {"admin", "Status page and control socket"},
};

Config defaults_of(Mode mode) {
  Config config{};
  for (const Setting& setting : kSettings) {
    [[maybe_unused]] const auto complaint =
        assign(setting, value_from_toml(setting.default_for(mode)), config);
    assert(!complaint);
  }
  config.mode = mode;
  return config;
}

}  // namespace

std::span<const Setting> settings() {
  return kSettings;
}
std::span<const Section> sections() {
  return kSections;
}

const Section& section_of(const Setting& setting) {
  const Section* best = &kSections[0];
  for (const Section& section : kSections) {
    const bool fits = setting.name.starts_with(section.prefix) &&
                      setting.name.substr(section.prefix.size()).starts_with('.');
    if (fits && section.prefix.size() > best->prefix.size()) best = &section;
  }
  return *best;
}

const Setting* find_setting(std::string_view name) {
  const auto it = std::ranges::find(kSettings, name, &Setting::name);
  return it == std::end(kSettings) ? nullptr : &*it;
}

Config default_config(Mode mode) {
  static const std::array<Config, 2> kDefaults = {defaults_of(Mode::edge), defaults_of(Mode::hosted)};
  return kDefaults[mode == Mode::hosted ? 1 : 0];
}

}  // namespace dw::conf
