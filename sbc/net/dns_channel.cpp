#include "sbc/net/dns_channel.hpp"

#include <ares.h>
#include <netdb.h>
#include <sys/time.h>

#include <algorithm>
#include <map>
#include <string_view>
#include <utility>

#include "sbc/net/poll.hpp"
#include "sbc/net/socket_address.hpp"
#include "sbc/net/timer.hpp"

namespace dw::net {
namespace {

constexpr int kClassIn = 1;   // RFC 1035 §3.2.4
constexpr int kTypeSrv = 33;  // RFC 2782

std::unexpected<Error> failure(const std::string& name, int status) {
  Errc code = Errc::unavailable;
  if (status == ARES_ENOTFOUND || status == ARES_ENODATA || status == ARES_ENONAME) code = Errc::not_found;
  if (status == ARES_EBADRESP) code = Errc::malformed;
  if (status == ARES_EBADNAME) code = Errc::invalid;
  return fail(code, "could not look up \"" + name + "\": " + ares_strerror(status));
}

Result<NameAddresses> addresses_of(const std::string& name, const ares_addrinfo& info) {
  NameAddresses out;
  int least = 0x7fffffff;
  for (const ares_addrinfo_cname* c = info.cnames; c; c = c->next)
    least = std::min(least, c->ttl);
  for (const ares_addrinfo_node* n = info.nodes; n && out.addresses.size() < DnsChannel::kMaxAddresses;
       n = n->ai_next) {
    const IpAddress address = to_endpoint(n->ai_addr).address;
    if (!address || std::ranges::find(out.addresses, address) != out.addresses.end()) continue;
    out.addresses.push_back(address);
    least = std::min(least, n->ai_ttl);
  }
  if (out.addresses.empty()) return failure(name, ARES_ENODATA);
  out.ttl = std::chrono::seconds(std::max(0, least));
  return out;
}

std::string servers_text(const std::vector<Endpoint>& servers) {
  std::string out;
  for (const Endpoint& server : servers)
    out += (out.empty() ? "" : ",") + server.to_string();
  return out;
}

/// One query given to c-ares. Its callback, which c-ares calls exactly once, takes ownership back.
template <class Done>
struct Asked {
  std::size_t& in_flight;
  std::string name;
  Done done;

  static std::unique_ptr<Asked> take_back(void* asked) {
    std::unique_ptr<Asked> owned(static_cast<Asked*>(asked));
    --owned->in_flight;
    return owned;
  }
};

bool given_up(int status) {
  return status == ARES_ECANCELLED || status == ARES_EDESTRUCTION;
}

void on_srv(void* arg, int status, int, unsigned char* octets, int size) {
  const auto asked = Asked<DnsChannel::SrvDone>::take_back(arg);
  if (given_up(status)) return;
  if (status != ARES_SUCCESS) return asked->done(failure(asked->name, status));
  Result<SrvAnswer> answer = parse_srv_answer({octets, static_cast<std::size_t>(size)});
  if (!answer) answer = fail(answer.error().code, "could not look up \"" + asked->name + "\": " + answer.error().text);
  asked->done(std::move(answer));
}

void on_addresses(void* arg, int status, int, ares_addrinfo* list) {
  const auto asked = Asked<DnsChannel::AddressesDone>::take_back(arg);
  const std::unique_ptr<ares_addrinfo, decltype(&ares_freeaddrinfo)> owned(list, ares_freeaddrinfo);
  if (given_up(status)) return;
  if (status != ARES_SUCCESS || !list) return asked->done(failure(asked->name, status));
  asked->done(addresses_of(asked->name, *list));
}

}  // namespace

/// c-ares' channel, with the descriptors and the timer that it needs.
struct DnsChannel::State {
  State(Loop& l, const Options& o) : loop(l), options(o), timer(l, [this] { act(ARES_SOCKET_BAD, {}); }) {}
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State() {
    if (channel) ares_destroy(channel);  // ends all queries, and removes their descriptors from `polls`
  }

  int open();
  void act(ares_socket_t descriptor, Poll::Events events);
  void arm();
  void watch(ares_socket_t descriptor, Poll::Events wanted);
  static void on_socket(void* self, ares_socket_t descriptor, int readable, int writable) {
    static_cast<State*>(self)->watch(descriptor, {.readable = readable != 0, .writable = writable != 0});
  }

  Loop& loop;
  Options options;
  ares_channel channel = nullptr;
  std::size_t in_flight = 0;
  std::map<ares_socket_t, Poll> polls;
  Timer timer;
};

int DnsChannel::State::open() {
  static const int once = ares_library_init(ARES_LIB_INIT_ALL);
  if (once != ARES_SUCCESS) return once;
  std::string files_then_dns = "fb";
  ares_options o{};
  o.timeout = static_cast<int>(
      std::max<Duration::rep>(1, std::chrono::ceil<std::chrono::milliseconds>(options.timeout).count()));
  o.tries = options.tries;
  o.lookups = files_then_dns.data();
  o.sock_state_cb = &State::on_socket;
  o.sock_state_cb_data = this;
  o.udp_port = o.tcp_port = options.port;
  int given = ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_LOOKUPS | ARES_OPT_SOCK_STATE_CB | ARES_OPT_UDP_PORT |
              ARES_OPT_TCP_PORT;
  if (!options.resolv_conf.empty()) {
    o.resolvconf_path = options.resolv_conf.data();
    given |= ARES_OPT_RESOLVCONF;
  }
  const int status = ares_init_options(&channel, &o, given);
  if (status != ARES_SUCCESS) {
    channel = nullptr;
    return status;
  }
  if (options.servers.empty()) return ARES_SUCCESS;
  return ares_set_servers_ports_csv(channel, servers_text(options.servers).c_str());
}

void DnsChannel::State::watch(ares_socket_t descriptor, Poll::Events wanted) {
  if (!wanted.readable && !wanted.writable) {
    polls.erase(descriptor);  // c-ares closes it next
    return;
  }
  auto found = polls.find(descriptor);
  if (found == polls.end()) {
    const auto on_events = [this, descriptor](Poll::Events events) { act(descriptor, events); };
    found = polls.emplace(descriptor, Poll(loop, descriptor, on_events)).first;
  }
  found->second.watch(wanted);
}

void DnsChannel::State::act(ares_socket_t descriptor, Poll::Events events) {
  ares_process_fd(channel, events.readable ? descriptor : ARES_SOCKET_BAD,
                  events.writable ? descriptor : ARES_SOCKET_BAD);
  arm();
}

void DnsChannel::State::arm() {
  timeval left{};
  const timeval* wait = ares_timeout(channel, nullptr, &left);
  if (!wait) return timer.cancel();
  timer.arm_after(std::chrono::seconds(wait->tv_sec) + std::chrono::microseconds(wait->tv_usec));
}

Result<std::unique_ptr<DnsChannel>> DnsChannel::open(Loop& loop, const Options& options) {
  auto state = std::make_unique<State>(loop, options);
  const int status = state->open();
  if (status != ARES_SUCCESS) return fail(Errc::system, std::string("DNS can't be asked: ") + ares_strerror(status));
  return std::unique_ptr<DnsChannel>(new DnsChannel(std::move(state)));
}

DnsChannel::DnsChannel(std::unique_ptr<State> state) : state_(std::move(state)) {}

DnsChannel::~DnsChannel() = default;

void DnsChannel::srv(const std::string& name, SrvDone done) {
  ++state_->in_flight;
  auto* asked = new Asked<SrvDone>{state_->in_flight, name, std::move(done)};
  ares_query(state_->channel, name.c_str(), kClassIn, kTypeSrv, on_srv, asked);
  state_->arm();
}

void DnsChannel::addresses(const std::string& host, AddressesDone done) {
  ++state_->in_flight;
  ares_addrinfo_hints hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_flags = state_->options.hosts_of_environment ? ARES_AI_ENVHOSTS : 0;
  auto* asked = new Asked<AddressesDone>{state_->in_flight, host, std::move(done)};
  ares_getaddrinfo(state_->channel, host.c_str(), nullptr, &hints, on_addresses, asked);
  state_->arm();
}

std::size_t DnsChannel::in_flight() const {
  return state_->in_flight;
}

}  // namespace dw::net
