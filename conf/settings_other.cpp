#include <array>
#include <chrono>

#include "conf/setting_rows.hpp"

namespace dw::conf {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

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
constexpr std::array<std::string_view, 2> kFastPath = {"auto", "off"};
constexpr std::array<std::string_view, 3> kPortMapping = {"auto", "on", "off"};
constexpr std::array<Rule, 3> kRules = {Rule::leave, Rule::rewrite, Rule::drop};
constexpr std::array<Rule, 2> kLeaveOrDrop = {Rule::leave, Rule::drop};

const Setting kOtherRows[] = {
    {"central.provisioning.origins", OriginListType{origin_side<&Provisioning::origins>}, "[]", "", "",
     "Where files come from, tried in order: http://, https://, tftp:// or file:///directory; by default, "
     "port 6970 and then TFTP of the central server. {file}, {base} (without folders) and {mac} stand for parts of a "
     "name; patterns after # select the files to request there: \"http://pbx/get.php?mac={mac}&file={file}\", "
     "\"tftp://pbx/rings/{base}#*.raw,*.rwb\"."},
    {"central.provisioning.ca_file", PathType{origin_side<&Provisioning::ca_file>, true}, R"("")", "", "",
     "CA certificates (PEM) for https:// origins; empty is the system's store."},
    {"central.provisioning.connect_timeout",
     DurationType{origin_side<&Provisioning::connect_timeout>, milliseconds(100), minutes(1)}, R"("3s")", "", "",
     "How long connecting to an origin may take before the next one is tried."},
    {"central.provisioning.stall_timeout",
     DurationType{origin_side<&Provisioning::stall_timeout>, seconds(1), minutes(10)}, R"("15s")", "", "",
     "A download on which nothing moved for this time is aborted."},
    {"central.provisioning.answer_timeout",
     DurationType{origin_side<&Provisioning::answer_timeout>, milliseconds(500), seconds(10)}, R"("7s")", "", "",
     "A phone gets its first answer within this time, even if no origin has answered; a router drops a "
     "one-way mapping after 30s."},
    {"central.provisioning.max_file", SizeType{origin_side<&Provisioning::max_file>, 64 * kKiB, kGiB}, R"("64MiB")", "",
     "", "Larger files are refused."},
    {"central.provisioning.prefetch", BoolType{origin_side<&Provisioning::prefetch>}, "true", "", "",
     "Fetch files named in a config, a firmware manifest or a list before the phone requests them."},
    {"central.provisioning.blksize", CountType{origin_side<&Provisioning::blksize>, 512, 65464}, "1428", "", "octets",
     "The block size requested from tftp:// origins."},
    {"central.provisioning.windowsize", CountType{origin_side<&Provisioning::windowsize>, 1, 64}, "16", "", "blocks",
     "The window size requested from tftp:// origins."},

    {"central.sccp.servers", ServerListType{call_server_side<&CentralSccp::servers>, 2000}, "[]", "", "",
     "SCCP servers, the first is the primary; by default, port 2000 of the central server."},
    {"central.sccp.source_addresses", SourceListType{call_server_side<&CentralSccp::source_addresses>}, "[]", "", "",
     "Addresses of this machine from which phones are registered, one for each phone, for call servers that "
     "refuse two phones from one address; empty uses one address, chosen by the system's routes, for all."},
    {"central.sccp.connect_timeout",
     DurationType{call_server_side<&CentralSccp::connect_timeout>, milliseconds(100), minutes(1)}, R"("4s")", "", "",
     "How long connecting to an SCCP server may take before the next one is tried."},
    {"central.sccp.retry", DurationType{call_server_side<&CentralSccp::retry>, milliseconds(100), seconds(60)},
     R"("2s")", "", "", "How often a failed SCCP server is tried until it answers again."},

    {"central.sip.servers", SipServerListType{sip_server_side<&CentralSip::servers>}, "[]", "", "",
     "SIP servers as udp:host:port or tcp:…, tried in order; a name without a port is looked up by SRV. With domains "
     "after it, as in \"udp:pbx.example.net:5060 t1.example.net *.t2.example.net\", it serves the phones whose configs "
     "name one of these; if any server has domains, a config that names neither a domain nor a server is not changed. "
     "By default, the central server by UDP, at the port in the phone's config, else 5060."},
    {"central.sip.domain", HostType{sip_server_side<&CentralSip::domain>}, R"("")", "", "",
     "The domain that replaces Dropwire's address toward the servers, if the phone's config names no domain of "
     "central.sip.servers; empty is the domain or host in the config, or the host of the first server while the config "
     "is not known."},
    {"central.sip.trusted", SourceListType{sip_server_side<&CentralSip::trusted>}, "[]", "", "",
     "Further addresses from which the central side sends requests, and addresses of servers that send by UDP from other "
     "ports."},
    {"central.sip.ping", DurationType{sip_server_side<&CentralSip::ping>, seconds(0), hours(1)}, R"("30s")", "", "",
     "How often each server is checked with OPTIONS; 0s is never."},
    {"central.sip.answer_timeout",
     DurationType{sip_server_side<&CentralSip::answer_timeout>, milliseconds(500), seconds(32)}, R"("4s")", "", "",
     "A server that has not answered a new registration or call within this time counts as "
     "dead, and the next one is tried; when none is left, the phone gets 503."},
    {"central.sip.retry", DurationType{sip_server_side<&CentralSip::retry>, milliseconds(100), seconds(60)}, R"("2s")",
     "", "", "How often a failed SIP server is tried with OPTIONS until it answers again."},
    {"central.sip.register_rate", NumberType{sip_server_side<&CentralSip::register_rate>, 1, 100000}, "200", "",
     "per second", "How many registrations each server is sent at most; further phones are asked to try again soon."},
    {"central.sip.path", BoolType{sip_server_side<&CentralSip::path>}, "false", "", "",
     "Registrations carry Path and Supported: path (RFC 3327), for servers that need it to find Dropwire."},
    {"central.sip.codecs", CodecListType{sip_server_side<&CentralSip::codecs>}, "[]", "", "",
     "Which codecs are offered to SIP servers, as in access.sip.codecs."},
    {"central.media.advertise", AddressOrAutoType{at<&Config::central, &Central::media, &CentralMedia::advertise>()},
     R"("auto")", "", "",
     "The media address given to the central side; \"auto\" is the one that the router has mapped, else the one that a "
     "STUN server sees, else the local one on the route there."},
    {"central.media.sources", NetworkListType{at<&Config::central, &Central::media, &CentralMedia::sources>()}, "[]",
     "", "",
     "Networks of the central side from which audio may come although no message names them: servers for music "
     "on hold and announcements. Call servers and the addresses that they name may always send, from one port at a "
     "time; these may send from any port, so a far end that changes its port during a call belongs here too."},
    {"central.media.symmetric", BoolType{at<&Config::central, &Central::media, &CentralMedia::symmetric>()}, "false",
     "", "",
     "Send audio to the address and port from which the far end's audio comes, instead of the one that it named, RTCP "
     "likewise: for far ends behind a router of their own. Only addresses that may send ever receive."},

    {"media.ports", PortRangeType{media<&Media::ports>}, R"("20000-29999")", "", "",
     "UDP ports for media, four for each stream: keep them outside the range from which the system assigns "
     "ports, and open in firewalls."},
    {"media.threads", CountType{media<&Media::threads>, 1, 64}, "1", "", "",
     "Threads that relay media; streams are distributed over them."},
    {"media.local", BoolType{media<&Media::local>}, "true", "false", "",
     "Two phones on one LAN send media to each other directly, so that it stays on the LAN; false relays it here."},
    {"media.dscp", CountOrAutoType{media<&Media::dscp>, 0, 63}, R"("auto")", "", "",
     "The DSCP of relayed media; \"auto\" is the one that the call server gave the phone, else 46 (EF)."},
    {"media.keepalive", DurationType{media<&Media::keepalive>, seconds(1), minutes(5)}, R"("15s")", "", "",
     "A phone in a call to which no media was sent for this time gets a small packet, so that its router "
     "keeps its mapping; routers drop a UDP mapping after 30s."},
    {"media.fast_path", WordType{media<&Media::fast_path>, kFastPath}, R"("auto")", "", "",
     "\"auto\" lets the kernel carry the media of calls where it can, at a small part of the cost; dropwire-fast must run for "
     "that. Whatever it does not carry passes as with \"off\"."},

    {"nat.stun_server", ServerType{at<&Config::nat, &Nat::stun_server>(), 3478}, R"("")", "", "",
     "A STUN server on the central side, with which this box finds out how its router behaves, and at which address its "
     "media is reached from outside; by default, an edge uses port 3478 of the central server; empty is none."},
    {"nat.measure_lifetime", BoolType{at<&Config::nat, &Nat::measure_lifetime>()}, "true", "false", "",
     "Measure in the background, once a day, how long the router keeps a UDP mapping without packets, so that "
     "keepalives are sent often enough."},
    {"nat.port_mapping", WordType{router_side<&Nat::port_mapping>, kPortMapping}, R"("auto")", R"("off")", "",
     "Ask the router (PCP, NAT-PMP, UPnP) to let the central side in: auto if this box has a private "
     "address and the central server a public one, on whenever this box has a private one."},
    {"nat.lifetime", DurationType{router_side<&Nat::lifetime>, seconds(10), hours(24)}, R"("1h")", "", "",
     "The lifetime of a mapping requested from the router; it is renewed after half of that, and expires "
     "when this box is gone."},
    {"nat.gateway", AddressOrAutoType{router_side<&Nat::gateway>}, R"("auto")", "", "",
     "The router to ask; \"auto\" is the one on the route to the central server."},
    {"nat.streams", CountType{router_side<&Nat::streams>, 0, 120}, "8", "", "",
     "For how many simultaneous media streams the router is asked to map ports, two each, from the "
     "start of media.ports; a call has one stream for each phone and kind of media."},
    {"nat.warm_ports", CountType{router_side<&Nat::warm_ports>, 0, 32}, "8", "0", "",
     "Pairs of media ports that are prepared for the next streams behind a router that maps none on request: their "
     "outer addresses are learned from nat.stun_server, and kept open; 0 is none."},

    {"cache.enable", BoolType{at<&Config::cache, &Cache::enable>()}, "true", "", "", "Keep files on disk."},
    {"cache.dir", PathType{at<&Config::cache, &Cache::dir>(), false}, R"("/var/cache/dropwire")", "", "",
     "The directory for cached files; if it can't be written, files are served without caching."},
    {"cache.size", SizeType{at<&Config::cache, &Cache::size>(), kMiB, 16 * kTiB}, R"("2GiB")", "", "",
     "The most that is kept on disk; the least recently used files are deleted first."},
    {"cache.memory", SizeType{at<&Config::cache, &Cache::memory>(), kMiB, 64 * kGiB}, R"("32MiB")", R"("256MiB")", "",
     "The most that is kept in memory, besides files being sent."},
    {"cache.negative", DurationType{at<&Config::cache, &Cache::negative>(), seconds(0), hours(1)}, R"("30s")", "", "",
     "How long \"not found\" is remembered; a phone's own config is always requested again."},

    {"cache.revalidate", DurationType{at<&Config::cache, &Cache::revalidate>(), seconds(0), hours(24 * 30)}, R"("10m")",
     "", "",
     "How long a cached firmware file is served before the origin is asked whether it has changed; the same for "
     "ring tones, wallpapers and locales if the origin sends neither ETag nor Last-Modified. Everything else is checked "
     "at each request."},

    {"state.dir", PathType{at<&Config::state, &State::dir>(), false}, R"("/var/lib/dropwire")", "", "",
     "The directory for what is known of phones; if it can't be written, that is kept in memory only."},

    {"rewrite.enable", BoolType{rewriting<&Rewrite::enable>}, "true", "", "",
     "Rewrite phones' configs so that they name Dropwire instead of the central server; false passes every "
     "file unchanged."},
    {"rewrite.call_servers", RuleType{rewriting<&Rewrite::call_servers>, kRules}, R"("rewrite")", "", "",
     "The call server in a phone's config: its address and ports, proxyN_address of the 7940 and 7960."},
    {"rewrite.spare_call_servers", RuleType{rewriting<&Rewrite::spare_call_servers>, kRules}, R"("drop")", "", "",
     "Further call servers; drop removes them, so that a phone never bypasses Dropwire."},
    {"rewrite.line_proxy", RuleType{rewriting<&Rewrite::line_proxy>, kRules}, R"("rewrite")", "", "",
     "The proxy of each SIP line; rewrite writes USECALLMANAGER, which 9.x firmware requires."},
    {"rewrite.backup_proxy", RuleType{rewriting<&Rewrite::backup_proxy>, kRules}, R"("drop")", "", "",
     "backupProxy, proxy_backup."},
    {"rewrite.emergency_proxy", RuleType{rewriting<&Rewrite::emergency_proxy>, kRules}, R"("rewrite")", "", "",
     "emergencyProxy, proxy_emergency: where emergency calls go."},
    {"rewrite.outbound_proxy", RuleType{rewriting<&Rewrite::outbound_proxy>, kRules}, R"("drop")", "", "",
     "outboundProxy, outbound_proxy: with it the phone sends each request from a different port."},
    {"rewrite.nat", RuleType{rewriting<&Rewrite::nat>, kRules}, R"("drop")", R"("rewrite")", "",
     "natEnabled and related values; rewrite writes true (a phone behind a router sends and listens on one "
     "port), drop writes false and empties natAddress."},
    {"rewrite.transport", RuleType{rewriting<&Rewrite::transport>, kRules}, R"("leave")", R"("rewrite")", "",
     "transportLayerProtocol; rewrite writes TCP, which passes routers better than UDP."},
    {"rewrite.security", RuleType{rewriting<&Rewrite::security>, kRules}, R"("rewrite")", "", "",
     "deviceSecurityMode; rewrite writes non-secure, as Dropwire has none of the server's keys."},
    {"rewrite.srst", RuleType{rewriting<&Rewrite::srst>, kRules}, R"("drop")", "", "",
     "srstInfo: the servers a phone falls back to."},
    {"rewrite.tvs", RuleType{rewriting<&Rewrite::tvs>, kRules}, R"("drop")", "", "", "The trust verification servers."},
    {"rewrite.capf", RuleType{rewriting<&Rewrite::capf>, kRules}, R"("drop")", "", "",
     "Certificate enrolment (capfList) and encrypted configs (encrConfig)."},
    {"rewrite.tftp_server", RuleType{rewriting<&Rewrite::tftp_server>, kRules}, R"("rewrite")", "", "",
     "dyn_tftp_addr of the 7940 and 7960, TFTPServer1 and 2 of WLAN files: with them the phone would bypass Dropwire."},
    {"rewrite.load_server", RuleType{rewriting<&Rewrite::load_server>, kRules}, R"("rewrite")", "", "",
     "loadServer, ipv6LoadServer: where firmware comes from."},
    {"rewrite.firmware", RuleType{rewriting<&Rewrite::firmware>, kRules}, R"("leave")", "", "",
     "loadInformation, image_version: the firmware's name; drop empties it, and the phone keeps its firmware."},
    {"rewrite.ntp", RuleType{rewriting<&Rewrite::ntp>, kRules}, R"("leave")", "", "", "The time servers."},
    {"rewrite.urls", RuleType{rewriting<&Rewrite::urls>, kRules}, R"("leave")", "", "",
     "HTTP URLs of services, directory, idle and similar, logo_url, proxyServerURL; rewrite sends them, and the links in "
     "their pages, through Dropwire to the same place."},
    {"rewrite.secure_urls", RuleType{rewriting<&Rewrite::secure_urls>, kRules}, R"("drop")", "", "",
     "The same by HTTPS, which a phone without a trust list can't verify."},
    {"rewrite.version_stamp", RuleType{rewriting<&Rewrite::version_stamp>, kRules}, R"("rewrite")", "", "",
     "versionStamp; rewrite recomputes it if anything else changed, so that phones notice."},
    {"rewrite.trust_lists", RuleType{rewriting<&Rewrite::trust_lists>, kLeaveOrDrop}, R"("drop")", "", "",
     "The origin's CTL and ITL files; drop answers \"not found\", as a phone that has them no longer accepts "
     "rewritten configs."},

    {"phones.max_devices", CountType{at<&Config::phones, &Phones::max_devices>(), 16, 1000000}, "4096", "16384", "",
     "The most phones that are remembered; the least recently seen is forgotten first."},
    {"phones.story_steps", CountType{at<&Config::phones, &Phones::story_steps>(), 8, 1024}, "64", "", "",
     "Steps kept of each phone's story."},
    {"phones.call_records", CountType{at<&Config::phones, &Phones::call_records>(), 0, 1000000}, "10000", "100000", "",
     "The most records of finished calls that are kept (dropwire calls --finished); 0 keeps none."},
    {"phones.call_records_age",
     DurationType{at<&Config::phones, &Phones::call_records_age>(), hours(1), hours(24 * 3650)}, R"("90d")", "", "",
     "Records of calls that ended longer ago are deleted."},

    {"log.level", WordType{at<&Config::log, &Log::level>(), kLevels}, R"("info")", "", "",
     "The lowest level of lines that are written; dropwire log --level changes it while Dropwire runs."},
    {"log.format", WordType{at<&Config::log, &Log::format>(), kLogFormats}, R"("auto")", "", "",
     "How lines are written: text for people, json (one object per line), journal (fields EVENT, DEVICE, PEER, CALL, "
     "REASON); auto is journal under systemd, else text."},
    {"drain.timeout", DurationType{at<&Config::drain, &Drain::timeout>(), seconds(0), minutes(60)}, R"("30s")", "", "",
     "How long calls may continue after SIGTERM, and file transfers too, but those no longer than 30 s."},

    {"admin.enable", BoolType{at<&Config::admin, &Admin::enable>()}, "true", "", "",
     "Serve the status page, /api, /metrics and /healthz by HTTP."},
    {"admin.listen", EndpointType{at<&Config::admin, &Admin::listen>()}, R"("127.0.0.1:8079")", "", "",
     "Address and port of the status page; one that other machines can reach needs a password (dropwire passwd)."},
    {"admin.socket", PathType{at<&Config::admin, &Admin::socket>(), true}, R"("/run/dropwire/control.sock")", "", "",
     "The Unix socket that the other dropwire commands use; empty is none."},
    {"admin.password_file", PathType{at<&Config::admin, &Admin::password_file>(), false},
     R"("/etc/dropwire/admin.password")", "", "",
     "Where dropwire passwd stores its hashes; read at start and at reload."},
    {"admin.max_connections", CountType{at<&Config::admin, &Admin::max_connections>(), 1, 4096}, "64", "", "",
     "Simultaneous connections to the status page, and as many to the control socket. When all are in use, connections "
     "without a login are closed for others."},
    {"admin.host_names", HostListType{at<&Config::admin, &Admin::host_names>()}, "[]", "", "",
     "Host names under which browsers may open the status page, besides this machine's addresses and localhost."},
    {"admin.claim", BoolType{at<&Config::admin, &Admin::claim>()}, "false", "", "",
     "While no password is set, let somebody on the local network who has the one-time code from dropwire status choose "
     "one, for 24 h after the start; afterwards the network can reach the page, with that password. Only if mode is edge "
     "and admin.listen is a loopback address. The package's conf.d enables it."},
};

}  // namespace

std::span<const Setting> other_settings() {
  return kOtherRows;
}

}  // namespace dw::conf
