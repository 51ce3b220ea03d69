#pragma once
#include "nat/core/media/rtp_count.h"

/* What the program in the kernel and the daemon share: FORMAT.md. Plain C, for both. Addresses and ports are in network
   order, all else in the machine's. */

#define DW_FLOW_MAX 16384              /* of each map; 5,000 port pairs make 10,000 */
#define DW_FLOW_FORMATS 6              /* payload types that a flow knows */
#define DW_FLOW_MAX_OCTETS 2048        /* of UDP payload, as MediaReceiver::kMaxDatagram */
#define DW_FLOW_BEATS 64               /* threads that have flows; each has a heart of its own */
#define DW_FLOW_BEAT_LIMIT 2000000000U /* nanoseconds: a heart that was not heard for longer has stopped */

/* dw_flow::turn: a number that grows with every change, odd while the program counts a packet. */
#define DW_FLOW_TAKEN 0x8000000000000000ULL /* the daemon's own: packets go to the sockets */

/* By port number, as it stands in a packet: which of our addresses have a flow there. */
#define DW_PORTS 65536
#define DW_PORT_PLACES 4
struct dw_port {
  uint64_t place[DW_PORT_PLACES]; /* address below, index into flows above; 0: free */
};

struct dw_flow_key {
  uint32_t address; /* ours, at which packets arrive */
  uint16_t port;
  uint16_t unused;
};

/* Written by the daemon while it has taken the flow. */
struct dw_flow_rule {
  uint32_t from_address, out_address, to_address, next_hop;
  uint16_t from_port, out_port, to_port;
  uint16_t max_octets; /* of an IP packet: the way out takes no longer one */
  uint32_t interface;  /* number of the way out */
  uint32_t ssrc;       /* in the machine's order */
  uint8_t tos;
  uint8_t formats; /* so many of format[] are meant */
  uint8_t joined;  /* count dw_flow::onward as well */
  uint8_t beat;    /* cell of the thread whose flow it is */
  uint8_t unused[4];
  struct dw_rtp_format format[DW_FLOW_FORMATS];
  struct dw_rtp_format onward_format[DW_FLOW_FORMATS]; /* the same payload types, as the other stream knows them */
};

struct dw_flow {
  uint64_t turn;
  struct dw_flow_rule rule;
  struct dw_rtp_count count;
  struct dw_rtp_count onward; /* of the stream that a bridge leads into, on its central side */
  uint32_t last_timestamp;    /* of the last packet */
  uint16_t last_sequence;
  uint8_t unused[2];
  uint32_t seen; /* not 0: a packet with the rule's addresses came while the flow was the daemon's */
  uint32_t unused_too;
};

/* A cell a thread, which writes the monotonic clock's nanoseconds into it. */
struct dw_flow_beat {
  uint64_t at;
};
