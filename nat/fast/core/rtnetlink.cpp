#include "nat/fast/core/rtnetlink.hpp"

#include <linux/if.h>
#include <linux/if_arp.h>
#include <linux/if_link.h>
#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace dw::nat::fast {
namespace {

/// Reads a kernel structure from the front of `octets`, in the machine's byte order; false: too few octets.
template <class T>
bool take(Bytes& octets, T& out) {
  if (octets.size() < sizeof out) return false;
  std::memcpy(&out, octets.data(), sizeof out);
  octets = octets.subspan(sizeof out);
  return true;
}

/// The next piece that starts with its own length, without that header. Pieces are aligned to four octets.
template <class Header, class Length>
bool take_piece(Bytes& octets, Header& header, Length length_of, Bytes& inside) {
  Bytes rest = octets;
  if (!take(rest, header)) return false;
  const std::size_t length = length_of(header);
  if (length < sizeof header || length > octets.size()) return false;
  inside = octets.subspan(sizeof header, length - sizeof header);
  octets = octets.subspan(std::min(octets.size(), (length + 3) / 4 * 4));
  return true;
}

/// Calls `each(type, value)` for each attribute; false: they are malformed.
template <class Each>
bool for_each_attribute(Bytes octets, Each each) {
  while (!octets.empty()) {
    rtattr header{};
    Bytes value;
    if (!take_piece(
            octets, header, [](const rtattr& h) { return h.rta_len; }, value))
      return false;
    each(header.rta_type & NLA_TYPE_MASK, value);
  }
  return true;
}

std::string text_of(Bytes value) {
  const std::string_view text = as_text(value);
  return std::string(text.substr(0, text.find('\0')));
}

/// Calls `item(octets)` for each entry of a datagram; if it returns false, the entry is malformed.
template <class Item>
void for_each_item(Bytes datagram, std::uint16_t type, Dump& dump, Item item) {
  while (!datagram.empty() && !dump.done && dump.error == 0) {
    nlmsghdr header{};
    Bytes inside;
    if (!take_piece(
            datagram, header, [](const nlmsghdr& h) { return h.nlmsg_len; }, inside)) {
      dump.error = EBADMSG;
      return;
    }
    if ((header.nlmsg_flags & NLM_F_DUMP_INTR) != 0) dump.changed = true;
    if (header.nlmsg_type == NLMSG_DONE || header.nlmsg_type == NLMSG_ERROR) {
      // Both start with a negative error number; in DONE it may be missing.
      std::int32_t error = 0;
      if (!take(inside, error) && header.nlmsg_type == NLMSG_ERROR) error = -EBADMSG;
      dump.error = error < 0 && error > -4096 ? -error : 0;
      dump.done = true;
    } else if (header.nlmsg_type == type && !item(inside)) {
      dump.error = EBADMSG;
    }
  }
}

template <class Body>
Buffer request(std::uint16_t type, const Body& body) {
  struct {
    nlmsghdr header;
    Body body;
  } out{};
  out.header.nlmsg_len = sizeof out;
  out.header.nlmsg_type = type;
  out.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
  out.body = body;
  Buffer octets(sizeof out);
  std::memcpy(octets.data(), &out, sizeof out);
  return octets;
}

}  // namespace

Buffer ask_for_links() {
  return request(RTM_GETLINK, ifinfomsg{});
}

Buffer ask_for_filters(unsigned interface, Direction direction) {
  tcmsg body{};
  body.tcm_ifindex = static_cast<int>(interface);
  const std::uint32_t side = direction == Direction::ingress ? TC_H_MIN_INGRESS : TC_H_MIN_EGRESS;
  body.tcm_parent = TC_H_MAKE(TC_H_CLSACT, side);
  return request(RTM_GETTFILTER, body);
}

void read_links(Bytes datagram, std::vector<Link>& out, Dump& dump) {
  for_each_item(datagram, RTM_NEWLINK, dump, [&out](Bytes item) {
    ifinfomsg about{};
    if (!take(item, about)) return false;
    Link link;
    link.index = static_cast<unsigned>(about.ifi_index);
    link.up = (about.ifi_flags & IFF_UP) != 0;
    link.loopback = (about.ifi_flags & IFF_LOOPBACK) != 0;
    link.ethernet = about.ifi_type == ARPHRD_ETHER;
    bool well = for_each_attribute(item, [&](int type, Bytes value) {
      if (type == IFLA_IFNAME) link.name = text_of(value);
      if (std::uint32_t master = 0; type == IFLA_MASTER && take(value, master)) link.member = master != 0;
      if (type == IFLA_LINKINFO)
        for_each_attribute(value, [&link](int inner, Bytes kind) {
          if (inner == IFLA_INFO_KIND) link.vlan = text_of(kind) == "vlan";
        });
    });
    if (well) out.push_back(std::move(link));
    return well;
  });
}

void read_filters(Bytes datagram, std::vector<Filter>& out, Dump& dump) {
  for_each_item(datagram, RTM_NEWTFILTER, dump, [&out](Bytes item) {
    tcmsg about{};
    if (!take(item, about)) return false;
    Filter filter;
    filter.priority = TC_H_MAJ(about.tcm_info) >> 16;
    filter.handle = about.tcm_handle;
    bool bpf = false;
    const bool well = for_each_attribute(item, [&](int type, Bytes value) {
      if (type == TCA_KIND) bpf = text_of(value) == "bpf";
      if (type == TCA_OPTIONS && bpf)
        for_each_attribute(value, [&filter](int inner, Bytes name) {
          if (inner == TCA_BPF_NAME) filter.name = text_of(name);
        });
    });
    if (well) out.push_back(std::move(filter));
    return well;
  });
}

}  // namespace dw::nat::fast
