#pragma once
#include <stdint.h>

/* What is counted of the RTP of one direction (RFC 3550 §6.4.1; A.1, A.3, A.8). Plain C, as the program in the kernel
   (nat/fast) counts by the same lines: a call's figures don't depend on the way that its packets went. Times are
   nanoseconds of the monotonic clock. */

#define DW_RTP_MAX_DROPOUT 3000 /* RFC 3550 A.1: a larger step forward is a restart */
#define DW_RTP_MAX_MISORDER 100

/* As MediaFormat::Kind. */
enum dw_rtp_kind { DW_RTP_MEDIA, DW_RTP_EVENT, DW_RTP_COMFORT_NOISE, DW_RTP_NSE };

struct dw_rtp_format {
  uint32_t clock_rate; /* Hz; 0: not known */
  uint8_t payload_type;
  uint8_t kind;
  uint8_t unused[2];
};

struct dw_rtp_packet {
  uint32_t timestamp, ssrc;
  uint16_t sequence;
  uint16_t payload; /* octets behind the header, less extension and padding */
};

struct dw_rtp_count {
  uint64_t packets, octets; /* octets of UDP payload */
  uint64_t audio;           /* of `packets`: with something to hear or see */
  uint64_t reordered;
  uint64_t apart;           /* of `packets`: no sequence number stands for them (no RTP, keepalives) */
  uint64_t expected_before; /* of earlier SSRCs */
  uint64_t cycles;
  uint64_t first, last, alive; /* when the first, the last, and the last that was no keepalive came */
  uint64_t mark;               /* when the last came whose timestamp was compared: mark_timestamp */
  uint64_t jitter;             /* sixteen times RFC 3550's J, in nanoseconds */
  struct dw_rtp_format format; /* of the last packet */
  uint32_t ssrc, mark_timestamp;
  uint16_t base, highest;
  uint8_t started, is_audio, was_alive, have_mark, measured;
  uint8_t unused[7];
};

#define DW_RTP_INLINE static inline __attribute__((always_inline))

/* What follows has another payload type, or the same with another meaning. */
DW_RTP_INLINE void dw_rtp_set_format(struct dw_rtp_count* c, const struct dw_rtp_format* format) {
  c->format = *format;
  c->have_mark = 0; /* its timestamps may stand for something else */
}

DW_RTP_INLINE uint64_t dw_rtp_expected(const struct dw_rtp_count* c) {
  return c->started ? c->cycles + c->highest - c->base + 1 : 0;
}

DW_RTP_INLINE void dw_rtp_restart(struct dw_rtp_count* c, const struct dw_rtp_packet* p) {
  c->expected_before += dw_rtp_expected(c);
  c->started = 1;
  c->have_mark = c->measured = 0;
  c->ssrc = p->ssrc;
  c->base = c->highest = p->sequence;
  c->cycles = 0;
  c->jitter = 0;
}

/* It begins a new count: another SSRC, or a step that is too large for loss. */
DW_RTP_INLINE int dw_rtp_restarts(const struct dw_rtp_count* c, const struct dw_rtp_packet* p) {
  const uint16_t ahead = (uint16_t)(p->sequence - c->highest);
  return !c->started || p->ssrc != c->ssrc || (ahead >= DW_RTP_MAX_DROPOUT && ahead <= 0xffff - DW_RTP_MAX_MISORDER);
}

/* Whether it is the newest of its SSRC. */
DW_RTP_INLINE int dw_rtp_place(struct dw_rtp_count* c, const struct dw_rtp_packet* p) {
  const uint16_t ahead = (uint16_t)(p->sequence - c->highest);
  if (dw_rtp_restarts(c, p)) {
    dw_rtp_restart(c, p);
    return 1;
  }
  if (ahead == 0) return 0;
  if (ahead >= DW_RTP_MAX_DROPOUT) {
    ++c->reordered;
    return 0;
  }
  if (p->sequence < c->highest) c->cycles += 0x10000;
  c->highest = p->sequence;
  return 1;
}

DW_RTP_INLINE void dw_rtp_measure(struct dw_rtp_count* c, const struct dw_rtp_packet* p, uint64_t now) {
  if (c->format.clock_rate == 0 || c->format.kind != DW_RTP_MEDIA) return;
  if (c->have_mark && p->timestamp == c->mark_timestamp) return;
  if (c->have_mark) {
    const uint32_t step = p->timestamp - c->mark_timestamp; /* timestamps wrap */
    const int back = step >> 31 != 0;
    /* Unsigned, as the kernel's machine knows no other division. */
    const uint64_t meant = (uint64_t)(back ? 0 - step : step) * 1000000000ULL / c->format.clock_rate;
    const int64_t late = (int64_t)(now - c->mark) - (back ? -(int64_t)meant : (int64_t)meant);
    c->jitter += (uint64_t)(late < 0 ? -late : late) - ((c->jitter + 8) >> 4);
    c->measured = 1;
  }
  c->mark = now;
  c->mark_timestamp = p->timestamp;
  c->have_mark = 1;
}

/* A packet of c->format. */
DW_RTP_INLINE void dw_rtp_count_packet(struct dw_rtp_count* c, const struct dw_rtp_packet* p, uint64_t octets,
                                       uint64_t now) {
  if (c->packets++ == 0) c->first = now;
  c->last = now;
  c->octets += octets;
  c->is_audio = p->payload > 0 && c->format.kind != DW_RTP_COMFORT_NOISE;
  if (c->is_audio) ++c->audio;
  /* A header once more without its payload keeps a mapping open, and stands for no packet of its own. */
  if (p->payload == 0 && c->started && p->ssrc == c->ssrc && p->sequence == c->highest) {
    ++c->apart;
    return;
  }
  c->alive = now;
  c->was_alive = 1;
  if (dw_rtp_place(c, p)) dw_rtp_measure(c, p, now);
}
