/* Sends media on inside the kernel: for packets that are plain (FORMAT.md) and whose flow the daemon has entered.
   Whatever else comes goes on to the sockets as if this program did not exist. tc, ingress, direct action. */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/pkt_cls.h>
#include <linux/udp.h>
#include <stddef.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "nat/fast/flow.h"

/* Linux 6.1, Debian 12's, refuses without CAP_PERFMON to write a part of eight octets of stack of which it knows another
   part as a number. So what helpers are given by address is written as whole numbers of 64 bits, and the compiler is
   asked for a processor without registers of 32 bits (-mcpu=v2), which would be saved in halves. */
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "what is written as whole numbers begins with the low octets");

#define TO_THE_SOCKETS TC_ACT_UNSPEC /* and to whatever filter stands behind this one */
#define AF_INET 2

/* Where each header begins, and what is read of a packet at once. */
#define AT_IP ((uint32_t)sizeof(struct ethhdr))
#define AT_UDP (AT_IP + (uint32_t)sizeof(struct iphdr))
#define AT_RTP (AT_UDP + (uint32_t)sizeof(struct udphdr))
#define RTP_OCTETS 12
#define HEADERS (AT_RTP + RTP_OCTETS)

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(map_flags, BPF_F_MMAPABLE);
  __uint(max_entries, DW_PORTS);
  __type(key, uint32_t);
  __type(value, struct dw_port);
} ports SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(map_flags, BPF_F_MMAPABLE);
  __uint(max_entries, DW_FLOW_MAX);
  __type(key, uint32_t);
  __type(value, struct dw_flow);
} flows SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(map_flags, BPF_F_MMAPABLE);
  __uint(max_entries, DW_FLOW_BEATS);
  __type(key, uint32_t);
  __type(value, struct dw_flow_beat);
} beat SEC(".maps");

struct rtp_head {
  uint8_t first, second;
  uint16_t sequence;
  uint32_t timestamp, ssrc;
};

/* What is known of a packet before its flow is. */
struct seen {
  struct dw_flow_key at;
  uint32_t from_address;
  uint16_t from_port;
  uint16_t octets; /* of UDP payload */
  struct dw_rtp_packet rtp;
  uint8_t payload_type, has_checksum;
};

/* What a flow says of its packets, once it has counted one. */
struct onward {
  uint32_t out_address, to_address, next_hop, interface;
  uint16_t out_port, to_port;
  uint8_t tos;
};

static __always_inline int is_alive(const struct dw_flow* flow, uint64_t now) {
  const uint64_t cell = flow->rule.beat; /* of which the map reads four octets */
  const struct dw_flow_beat* b = bpf_map_lookup_elem(&beat, &cell);
  return b && now - *(volatile const uint64_t*)&b->at <= DW_FLOW_BEAT_LIMIT;
}

/* The sum of an IP header without options, folded; 0xffff when its checksum is right. */
static __always_inline uint16_t sum_of(const struct iphdr* ip) {
  const uint32_t* word = (const uint32_t*)ip;
  uint64_t sum = (uint64_t)word[0] + word[1] + word[2] + word[3] + word[4];
  sum = (sum & 0xffff) + ((sum >> 16) & 0xffff) + (sum >> 32);
  sum = (sum & 0xffff) + (sum >> 16);
  sum = (sum & 0xffff) + (sum >> 16);
  return (uint16_t)sum;
}

/* The difference that the second pair makes to a checksum over the first: what bpf_l4_csum_replace takes. */
static __always_inline uint32_t difference(uint32_t was, uint32_t was_too, uint32_t is, uint32_t is_too) {
  uint64_t sum = (uint64_t)(uint32_t)~was + (uint32_t)~was_too + is + is_too;
  sum = (sum & 0xffffffff) + (sum >> 32);
  return (uint32_t)((sum & 0xffffffff) + (sum >> 32));
}

/* As parse_rtp: octets of payload; an extension or padding that is wrong makes it longer or empty. Negative: not here.
 */
static __always_inline int32_t payload_of(struct __sk_buff* skb, uint8_t first, uint32_t octets) {
  uint32_t behind = RTP_OCTETS;
  if ((first & 0x10) != 0) {
    uint16_t extension[2];
    if (octets < RTP_OCTETS + sizeof extension) return 0;
    if (bpf_skb_load_bytes(skb, HEADERS, extension, sizeof extension) != 0) return -1;
    behind += 4 + 4 * (uint32_t)bpf_ntohs(extension[1]);
  }
  if (behind >= octets) return 0;
  uint32_t payload = octets - behind;
  if ((first & 0x20) != 0) {
    uint8_t padding = 0;
    if (bpf_skb_load_bytes(skb, AT_RTP + octets - 1, &padding, sizeof padding) != 0) return -1;
    payload -= padding < payload ? padding : payload;
  }
  return (int32_t)payload;
}

static __always_inline int has_headers(const struct __sk_buff* skb) {
  return (void*)(long)skb->data + HEADERS <= (void*)(long)skb->data_end;
}

/* Whether a packet is one that the program understands whole. */
static __always_inline int is_plain(struct __sk_buff* skb, struct seen* seen) {
  if (skb->protocol != bpf_htons(ETH_P_IP) || skb->vlan_present || skb->pkt_type != PACKET_HOST || skb->gso_size != 0)
    return 0;
  if (!has_headers(skb) && (skb->len < HEADERS || bpf_skb_pull_data(skb, HEADERS) != 0)) return 0;
  const uint8_t* data = (const void*)(long)skb->data;
  if ((const void*)(data + HEADERS) > (const void*)(long)skb->data_end) return 0;
  const struct ethhdr* eth = (const void*)data;
  const struct iphdr* ip = (const void*)(data + AT_IP);
  const struct udphdr* udp = (const void*)(data + AT_UDP);
  const struct rtp_head* rtp = (const void*)(data + AT_RTP);
  if (eth->h_proto != bpf_htons(ETH_P_IP) || ip->version != 4 || ip->ihl != 5 || ip->protocol != IPPROTO_UDP ||
      ip->ttl <= 1 || (ip->frag_off & bpf_htons(0xbfff)) != 0 || sum_of(ip) != 0xffff)
    return 0;
  const uint32_t whole = bpf_ntohs(ip->tot_len);
  const uint32_t octets = whole - sizeof(struct iphdr) - sizeof(struct udphdr);
  if (whole < HEADERS - AT_IP || octets > DW_FLOW_MAX_OCTETS || skb->len < AT_IP + whole ||
      bpf_ntohs(udp->len) != octets + sizeof(struct udphdr))
    return 0;
  seen->payload_type = rtp->second & 0x7f;
  /* Version 2, no CSRC list, and nothing that is RTCP (RFC 5761 §4). */
  const uint8_t first = rtp->first;
  if ((first & 0xcf) != 0x80 || (seen->payload_type >= 64 && seen->payload_type <= 95)) return 0;
  seen->at = (struct dw_flow_key){.address = ip->daddr, .port = udp->dest};
  seen->from_address = ip->saddr;
  seen->from_port = udp->source;
  seen->octets = (uint16_t)octets;
  seen->has_checksum = udp->check != 0;
  seen->rtp.sequence = bpf_ntohs(rtp->sequence);
  seen->rtp.timestamp = bpf_ntohl(rtp->timestamp);
  seen->rtp.ssrc = bpf_ntohl(rtp->ssrc);
  const int32_t payload = payload_of(skb, first, octets);
  if (payload < 0) return 0;
  seen->rtp.payload = (uint16_t)payload;
  return 1;
}

/* The one of `table` that has this payload type; 0: none. Each value is held in a register of its own: a place in the
   map that was computed is refused by the verifier when the loader has no CAP_PERFMON. */
static __always_inline int format_of(const struct dw_rtp_format* table, uint8_t formats, uint8_t payload_type,
                                     struct dw_rtp_format* out) {
  int found = 0;
#pragma unroll
  for (int i = 0; i < DW_FLOW_FORMATS; ++i) {
    if (found || i >= formats || table[i].payload_type != payload_type) continue;
    uint32_t clock_rate = table[i].clock_rate;
    uint32_t kind = table[i].kind;
    asm volatile("" : "+r"(clock_rate), "+r"(kind));
    *out = (struct dw_rtp_format){.clock_rate = clock_rate, .payload_type = payload_type, .kind = (uint8_t)kind};
    found = 1;
  }
  return found;
}

static __always_inline void count(struct dw_rtp_count* c, const struct dw_rtp_format* format, const struct seen* seen,
                                  uint64_t now) {
  if (c->format.payload_type != seen->payload_type) dw_rtp_set_format(c, format);
  dw_rtp_count_packet(c, &seen->rtp, seen->octets, now);
}

/* The flow's own part, while nobody else touches it. False: nothing was counted. */
static __always_inline int take(struct dw_flow* flow, const struct seen* seen, uint64_t now, struct onward* to) {
  const struct dw_flow_rule* rule = &flow->rule;
  if (seen->from_address != rule->from_address || seen->from_port != rule->from_port || seen->rtp.ssrc != rule->ssrc ||
      seen->octets + (AT_RTP - AT_IP) > rule->max_octets)
    return 0;
  struct dw_rtp_format format = {}, onward_format = {};
  if (!format_of(rule->format, rule->formats, seen->payload_type, &format) || dw_rtp_restarts(&flow->count, &seen->rtp))
    return 0;
  if (rule->joined && (!format_of(rule->onward_format, rule->formats, seen->payload_type, &onward_format) ||
                       dw_rtp_restarts(&flow->onward, &seen->rtp)))
    return 0;
  count(&flow->count, &format, seen, now);
  if (rule->joined) count(&flow->onward, &onward_format, seen, now);
  flow->last_sequence = seen->rtp.sequence;
  flow->last_timestamp = seen->rtp.timestamp;
  *to = (struct onward){rule->out_address, rule->to_address, rule->next_hop, rule->interface,
                        rule->out_port,    rule->to_port,    rule->tos};
  return 1;
}

/* For the daemon, whose flow it is: its packets have the same addresses here as at the sockets. */
static __always_inline void note(struct dw_flow* flow, const struct seen* seen) {
  if (seen->from_address == flow->rule.from_address && seen->from_port == flow->rule.from_port)
    *(volatile uint32_t*)&flow->seen = 1;
}

/* The flow whose packets come there, or NULL. */
static __always_inline struct dw_flow* flow_at(const struct dw_flow_key* at) {
  const uint64_t port = at->port; /* of which the map reads four octets, and of the index */
  const struct dw_port* places = bpf_map_lookup_elem(&ports, &port);
  if (!places) return 0;
#pragma unroll
  for (int i = 0; i < DW_PORT_PLACES; ++i) {
    const uint64_t place = *(volatile const uint64_t*)&places->place[i];
    if ((uint32_t)place != at->address) continue;
    const uint64_t index = place >> 32;
    return bpf_map_lookup_elem(&flows, &index);
  }
  return 0;
}

/* Writes the new addresses. Checksums are only ever corrected by the difference, never made from what is in the packet:
   it may stand there unfinished, for a card to complete (CHECKSUM_PARTIAL). */
static __always_inline int rewrite(struct __sk_buff* skb, const struct seen* seen, const struct onward* to) {
  uint8_t* data = (void*)(long)skb->data;
  if ((void*)(data + HEADERS) > (void*)(long)skb->data_end) return 0;
  struct iphdr* ip = (void*)(data + AT_IP);
  struct udphdr* udp = (void*)(data + AT_UDP);
  ip->tos = to->tos;
  ip->frag_off = 0;
  --ip->ttl;
  ip->saddr = to->out_address;
  ip->daddr = to->to_address;
  ip->check = 0;
  ip->check = (uint16_t)~sum_of(ip);
  udp->source = to->out_port;
  udp->dest = to->to_port;
  const uint32_t addresses = difference(seen->from_address, seen->at.address, to->out_address, to->to_address);
  const uint32_t ports = difference(seen->from_port, seen->at.port, to->out_port, to->to_port);
  /* None stays none; what the card summed over the whole packet has to know of it all the same. */
  if (!seen->has_checksum) {
    bpf_csum_update(skb, ports);
    return 1;
  }
  const uint32_t at = AT_UDP + offsetof(struct udphdr, check);
  return bpf_l4_csum_replace(skb, at, 0, addresses, BPF_F_PSEUDO_HDR | BPF_F_MARK_MANGLED_0) == 0 &&
         bpf_l4_csum_replace(skb, at, 0, ports, BPF_F_MARK_MANGLED_0) == 0;
}

SEC("tc")
int dropwire_media(struct __sk_buff* skb) {
  struct seen seen = {};
  if (!is_plain(skb, &seen)) return TO_THE_SOCKETS;
  struct dw_flow* flow = flow_at(&seen.at);
  if (!flow) return TO_THE_SOCKETS;
  const uint64_t now = bpf_ktime_get_ns();
  if (!is_alive(flow, now)) return TO_THE_SOCKETS;

  /* One processor at a time counts in a flow; a packet that would have to wait goes to the sockets instead. */
  const uint64_t turn = *(volatile uint64_t*)&flow->turn;
  if ((turn & DW_FLOW_TAKEN) != 0) note(flow, &seen);
  if ((turn & (DW_FLOW_TAKEN | 1)) != 0) return TO_THE_SOCKETS;
  if (__sync_val_compare_and_swap(&flow->turn, turn, turn + 1) != turn) return TO_THE_SOCKETS;
  struct onward to = {};
  const int taken = take(flow, &seen, now, &to);
  __sync_lock_test_and_set(&flow->turn, turn + 2);

  if (!taken) return TO_THE_SOCKETS;
  if (!rewrite(skb, &seen, &to)) return TC_ACT_SHOT;
  struct bpf_redir_neigh next __attribute__((aligned(8)));
  __builtin_memset(&next, 0, sizeof next); /* the verifier wants every octet of it written */
  const uint64_t family_and_hop = AF_INET | (uint64_t)to.next_hop << 32;
  __builtin_memcpy(&next, &family_and_hop, sizeof family_and_hop);
  return (int)bpf_redirect_neigh(to.interface, &next, sizeof next, 0);
}

char license_of_the_program[] SEC("license") = "Dual MIT/GPL";
