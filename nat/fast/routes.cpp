#include "nat/fast/routes.hpp"

#include <linux/rtnetlink.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <span>

namespace dw::nat::fast {
namespace {

constexpr std::size_t kAnswer = 16 << 10;
/// Messages read before changed() returns; the others are read the next time.
constexpr int kMaxReads = 64;
/// The bits of a type-of-service octet that every kernel's routing looks at (RFC 1349, less the last).
constexpr std::uint8_t kRoutingTos = 0x1c;

struct Octets {
  alignas(nlmsghdr) std::array<std::uint8_t, kAnswer> all;
};

/// A request followed by its attributes.
template <class Body>
class Request {
 public:
  Request(std::uint16_t type, std::uint32_t sequence) {
    whole_.header.nlmsg_type = type;
    whole_.header.nlmsg_flags = NLM_F_REQUEST;
    whole_.header.nlmsg_seq = sequence;
    whole_.header.nlmsg_len = offsetof(Whole, attributes);
  }
  Body& body() { return whole_.body; }
  void add(std::uint16_t type, const void* value, std::uint16_t octets) {
    rtattr attribute{};
    attribute.rta_type = type;
    attribute.rta_len = static_cast<std::uint16_t>(RTA_LENGTH(octets));
    auto* const at = whole_.attributes.data() + (whole_.header.nlmsg_len - offsetof(Whole, attributes));
    std::memcpy(at, &attribute, sizeof attribute);
    std::memcpy(at + sizeof attribute, value, octets);
    whole_.header.nlmsg_len += RTA_SPACE(octets);
  }
  std::span<const std::uint8_t> octets() const {
    return {static_cast<const std::uint8_t*>(static_cast<const void*>(&whole_)), whole_.header.nlmsg_len};
  }

 private:
  struct Whole {
    nlmsghdr header{};
    Body body{};
    alignas(4) std::array<std::uint8_t, 128> attributes{};
  } whole_;
};

/// The body of the kernel's answer, and its attributes by type; null if the kernel refuses.
template <class Body>
struct Answer {
  const Body* body = nullptr;
  std::array<const rtattr*, 64> attributes{};

  template <class Value>
  std::optional<Value> value(std::size_t type) const {
    const rtattr* const a = attributes[type];
    if (!a || RTA_PAYLOAD(a) < sizeof(Value)) return std::nullopt;
    Value out;
    std::memcpy(&out, RTA_DATA(a), sizeof out);
    return out;
  }
};

const nlmsghdr* header_in(const Octets& octets) {
  return static_cast<const nlmsghdr*>(static_cast<const void*>(octets.all.data()));
}

template <class Body>
Answer<Body> read(const nlmsghdr* header, std::uint16_t type) {
  Answer<Body> out;
  if (header->nlmsg_type != type || header->nlmsg_len < NLMSG_LENGTH(sizeof(Body))) return out;
  out.body = static_cast<const Body*>(NLMSG_DATA(header));
  auto left = static_cast<int>(header->nlmsg_len - NLMSG_LENGTH(sizeof(Body)));
  const auto* at = static_cast<const std::uint8_t*>(static_cast<const void*>(header)) + NLMSG_SPACE(sizeof(Body));
  for (const auto* a = static_cast<const rtattr*>(static_cast<const void*>(at)); RTA_OK(a, left);
       a = RTA_NEXT(a, left)) {
    const std::size_t kind = a->rta_type & NLA_TYPE_MASK;
    if (kind < out.attributes.size()) out.attributes[kind] = a;
  }
  return out;
}

/// The kernel has answered when send() returns.
template <class Body>
Answer<Body> ask(int socket, const Request<Body>& request, std::uint32_t sequence, std::uint16_t type, Octets& room) {
  const auto octets = request.octets();
  if (send(socket, octets.data(), octets.size(), 0) < 0) return {};
  for (;;) {
    const ssize_t length = recv(socket, room.all.data(), room.all.size(), MSG_DONTWAIT);
    if (length < 0) return {};
    const nlmsghdr* const header = header_in(room);
    auto size = static_cast<std::uint32_t>(length);
    if (NLMSG_OK(header, size) && header->nlmsg_seq == sequence) return read<Body>(header, type);
  }
}

in_addr_t in_network_order(const IpAddress& address) {
  return htonl(address.v4_host_order());
}

}  // namespace

Result<std::unique_ptr<Routes>> Routes::open() {
  const auto socket = [] { return net::Descriptor(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE)); };
  net::Descriptor ask = socket(), watch = socket();
  sockaddr_nl groups{};
  groups.nl_family = AF_NETLINK;
  groups.nl_groups = RTMGRP_LINK | RTMGRP_IPV4_ROUTE | RTMGRP_IPV4_RULE;
  if (!ask || !watch || bind(watch.number(), static_cast<sockaddr*>(static_cast<void*>(&groups)), sizeof groups) != 0)
    return fail_errno(errno, "can't ask the kernel for routes");
  return std::unique_ptr<Routes>(new Routes(std::move(ask), std::move(watch)));
}

std::optional<Routes::Way> Routes::find(const Endpoint& from, const Endpoint& to, std::uint8_t tos) {
  Request<rtmsg> request(RTM_GETROUTE, ++sequence_);
  request.body().rtm_family = AF_INET;
  request.body().rtm_src_len = request.body().rtm_dst_len = 32;
  request.body().rtm_tos = tos & kRoutingTos;
  const in_addr_t source = in_network_order(from.address), target = in_network_order(to.address);
  const in_port_t source_port = htons(from.port), target_port = htons(to.port);
  const std::uint8_t protocol = IPPROTO_UDP;
  request.add(RTA_SRC, &source, sizeof source);
  request.add(RTA_DST, &target, sizeof target);
  request.add(RTA_IP_PROTO, &protocol, sizeof protocol);
  request.add(RTA_SPORT, &source_port, sizeof source_port);
  request.add(RTA_DPORT, &target_port, sizeof target_port);
  Octets room;
  const auto answer = ask(ask_.number(), request, sequence_, RTM_NEWROUTE, room);
  const auto number = answer.value<std::uint32_t>(RTA_OIF);
  if (!answer.body || answer.body->rtm_type != RTN_UNICAST || !number || answer.attributes[RTA_VIA])
    return std::nullopt;
  const auto gateway = answer.value<in_addr_t>(RTA_GATEWAY);
  std::uint32_t mtu = 0xffff;
  if (const rtattr* const metrics = answer.attributes[RTA_METRICS]) {
    auto left = static_cast<int>(RTA_PAYLOAD(metrics));
    for (const auto* a = static_cast<const rtattr*>(RTA_DATA(metrics)); RTA_OK(a, left); a = RTA_NEXT(a, left)) {
      if (a->rta_type == RTAX_MTU && RTA_PAYLOAD(a) >= sizeof mtu) std::memcpy(&mtu, RTA_DATA(a), sizeof mtu);
    }
  }
  const auto out = interface(*number);
  if (!out || !out->usable) return std::nullopt;
  return Way{*number, gateway ? IpAddress::v4(ntohl(*gateway)) : to.address,
             static_cast<std::uint16_t>(std::min({mtu, out->mtu, 0xffffU}))};
}

namespace {

template <class Interface>
Interface interface_of(const Answer<ifinfomsg>& answer) {
  constexpr unsigned kUp = IFF_UP | IFF_RUNNING;
  return {.usable = answer.body->ifi_type == ARPHRD_ETHER && (answer.body->ifi_flags & kUp) == kUp,
          .mtu = answer.value<std::uint32_t>(IFLA_MTU).value_or(0)};
}

}  // namespace

std::optional<Routes::Interface> Routes::interface(std::uint32_t number) {
  if (const auto known = interfaces_.find(number); known != interfaces_.end()) return known->second;
  Request<ifinfomsg> request(RTM_GETLINK, ++sequence_);
  request.body().ifi_index = static_cast<int>(number);
  Octets room;
  const auto answer = ask(ask_.number(), request, sequence_, RTM_NEWLINK, room);
  if (!answer.body) return std::nullopt;
  const auto found = interface_of<Interface>(answer);
  if (interfaces_.size() < kMaxInterfaces) interfaces_[number] = found;
  return found;
}

/// Interfaces report much that does not concern packets (such as a radio's signal); routes do not.
bool Routes::is_change(const void* message) {
  const auto* const header = static_cast<const nlmsghdr*>(message);
  if (header->nlmsg_type != RTM_NEWLINK && header->nlmsg_type != RTM_DELLINK) return true;
  const auto answer = read<ifinfomsg>(header, header->nlmsg_type);
  if (!answer.body) return true;
  const auto known = interfaces_.find(static_cast<std::uint32_t>(answer.body->ifi_index));
  if (known == interfaces_.end()) return false;
  if (header->nlmsg_type == RTM_NEWLINK && known->second == interface_of<Interface>(answer)) return false;
  interfaces_.erase(known);
  return true;
}

bool Routes::changed() {
  bool news = false;
  Octets room;
  for (int reads = 0; reads < kMaxReads; ++reads) {
    const ssize_t length = recv(watch_.number(), room.all.data(), room.all.size(), MSG_DONTWAIT);
    if (length < 0 && errno == ENOBUFS) {  // some were lost
      interfaces_.clear();
      news = true;
      continue;
    }
    if (length < 0) break;
    auto size = static_cast<std::uint32_t>(length);
    for (const nlmsghdr* h = header_in(room); NLMSG_OK(h, size); h = NLMSG_NEXT(h, size))
      news = is_change(h) || news;
  }
  return news;
}

}  // namespace dw::nat::fast
