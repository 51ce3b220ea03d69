#include "sbc/net/resolver.hpp"

#include <ifaddrs.h>
#include <net/if.h>
#include <netdb.h>
#include <sys/socket.h>
#include <uv.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <utility>

#include "sbc/net/descriptor.hpp"
#include "sbc/net/socket_address.hpp"
#include "sbc/net/timer.hpp"

namespace dw::net {
namespace {

constexpr std::size_t kMaxAddresses = 32;  // for one name

void add_once(std::vector<IpAddress>& list, const IpAddress& address) {
  if (address && std::ranges::find(list, address) == list.end()) list.push_back(address);
}

}  // namespace

struct Lookup::State {
  uv_getaddrinfo_t request{};
  std::shared_ptr<State> self;  // while libuv has the request
  std::string host;
  Answer answer;
  std::unique_ptr<Timer> soon;  // for literals

  void start(Loop& loop) {
    addrinfo hints{};
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_DGRAM;  // so that there is one entry per address
    hints.ai_flags = AI_ADDRCONFIG;
    request.data = this;
    const int error = uv_getaddrinfo(loop.raw(), &request, on_addresses, host.c_str(), nullptr, &hints);
    if (error != 0) answer_soon(loop, failure(error));
  }
  void answer_soon(Loop& loop, Result<std::vector<IpAddress>> result) {
    soon = std::make_unique<Timer>(loop, [this, result = std::move(result)] {
      const Answer to = std::move(answer);  // the callback may destroy the Lookup
      to(result);
    });
    soon->arm_at({});
  }
  std::unexpected<Error> failure(int error) const {
    const bool unknown = error == UV_EAI_NONAME || error == UV_EAI_NODATA;
    return fail(unknown ? Errc::not_found : Errc::unavailable,
                "could not look up \"" + host + "\": " + uv_strerror(error));
  }
  static void on_addresses(uv_getaddrinfo_t* request, int status, addrinfo* list) {
    const std::shared_ptr<State> state = std::move(static_cast<State*>(request->data)->self);
    std::vector<IpAddress> found;
    for (const addrinfo* a = list; a && found.size() < kMaxAddresses; a = a->ai_next)
      add_once(found, to_endpoint(a->ai_addr).address);
    uv_freeaddrinfo(list);
    const Answer to = std::move(state->answer);
    if (!to) return;  // cancelled
    if (status != 0) return to(state->failure(status));
    if (found.empty()) return to(state->failure(UV_EAI_NODATA));
    to(std::move(found));
  }
};

Lookup::Lookup(Loop& loop, const std::string& host, Answer answer) : state_(std::make_shared<State>()) {
  state_->host = host;
  state_->answer = std::move(answer);
  if (const auto literal = IpAddress::parse(host)) {
    state_->answer_soon(loop, std::vector{*literal});
    return;
  }
  state_->self = state_;
  state_->start(loop);
  if (state_->soon) state_->self.reset();  // it could not be started
}

Lookup::~Lookup() {
  if (!state_) return;
  state_->answer = nullptr;
  state_->soon.reset();
  if (state_->self) uv_cancel(reinterpret_cast<uv_req_t*>(&state_->request));
}

Lookup::Lookup(Lookup&&) noexcept = default;

Lookup& Lookup::operator=(Lookup&& other) noexcept {
  std::swap(state_, other.state_);
  return *this;
}

Result<IpAddress> source_toward(const Endpoint& to) {
  SocketAddress address = to_socket_address(to);
  const Descriptor probe(socket(address.any.sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  // Connecting a datagram socket sends nothing.
  if (!probe || ::connect(probe.number(), &address.any, address.size()) != 0)
    return fail_errno(errno, "no way to " + to.to_string());
  return local_endpoint(probe.number()).address;
}

std::vector<IpNetwork> local_networks() {
  std::vector<IpNetwork> out;
  ifaddrs* list = nullptr;
  if (getifaddrs(&list) != 0) return out;
  const auto is_lan = [](const ifaddrs* i) {
    return (i->ifa_flags & IFF_UP) != 0 && i->ifa_netmask && to_endpoint(i->ifa_addr).address.is_private();
  };
  const auto has_lan_v4 = [&](std::string_view name) {
    for (const ifaddrs* i = list; i; i = i->ifa_next) {
      if (name == i->ifa_name && is_lan(i) && to_endpoint(i->ifa_addr).address.is_v4()) return true;
    }
    return false;
  };
  for (const ifaddrs* i = list; i; i = i->ifa_next) {
    const IpAddress address = to_endpoint(i->ifa_addr).address;
    const bool beside = (i->ifa_flags & IFF_UP) != 0 && i->ifa_netmask && address.is_v6() && has_lan_v4(i->ifa_name);
    if (!address || (!is_lan(i) && !beside)) continue;
    unsigned bits = 0;
    const IpAddress mask = to_endpoint(i->ifa_netmask).address;
    for (const std::uint8_t octet : mask.octets())
      bits += static_cast<unsigned>(std::popcount(octet));
    const IpNetwork network = IpNetwork::around(address, bits);
    if (std::ranges::find(out, network) == out.end()) out.push_back(network);
  }
  freeifaddrs(list);
  return out;
}

std::vector<IpAddress> local_addresses() {
  std::vector<IpAddress> out;
  ifaddrs* list = nullptr;
  if (getifaddrs(&list) != 0) return out;
  for (const ifaddrs* i = list; i; i = i->ifa_next) {
    if ((i->ifa_flags & IFF_UP) != 0) add_once(out, to_endpoint(i->ifa_addr).address);
  }
  freeifaddrs(list);
  return out;
}

}  // namespace dw::net
