#include <bpf/bpf.h>
#include <linux/pkt_cls.h>

#include <map>
#include <random>

#include "nat/core/media/stream_stats.hpp"
#include "tests/loop/nat_fast/frames.hpp"
#include "tests/loop/nat_fast/kernel.hpp"

namespace dw::nat::fast::test {
namespace {

struct Result {
  int verdict = 0;
  Buffer out;
};

/// The result of running one packet in the kernel's test bench (BPF_PROG_TEST_RUN).
Result run(const Kernel& kernel, const Buffer& frame) {
  Result result;
  result.out.resize(frame.size() + 256);
  bpf_test_run_opts options{};
  options.sz = sizeof options;
  options.data_in = frame.data();
  options.data_size_in = static_cast<std::uint32_t>(frame.size());
  options.data_out = result.out.data();
  options.data_size_out = static_cast<std::uint32_t>(result.out.size());
  options.repeat = 1;
  REQUIRE(bpf_prog_test_run_opts(kernel.program->descriptor(), &options) == 0);
  result.verdict = static_cast<int>(options.retval);
  result.out.resize(options.data_size_out);
  return result;
}

/// One flow with a beating heart.
struct Bench {
  Kernel& kernel;
  static constexpr std::uint32_t kFlow = 5;

  explicit Bench(Kernel& with, const dw_flow_rule& rule = rule_of(1)) : kernel(with) {
    dw_flow& flow = kernel.maps->at(kFlow);
    kernel.maps->take(kFlow);
    flow.rule = rule;
    flow.count = begun();
    flow.onward = {};
    kernel.maps->give(kFlow);
    REQUIRE(kernel.maps->add_port(key_of_near(), kFlow));
    kernel.maps->beat(0, Clock::now());
  }
  ~Bench() {
    kernel.maps->take(kFlow);
    kernel.maps->remove_port(key_of_near(), kFlow);
  }
  dw_flow seen() const { return kernel.maps->read(kFlow); }
  bool goes_on(const Buffer& frame) const {
    const std::uint64_t before = seen().count.packets;
    const Result result = run(kernel, frame);
    const bool counted = seen().count.packets == before + 1;
    const bool on = result.verdict == TC_ACT_REDIRECT;
    CHECK(on == counted);
    if (!on) {
      CHECK(result.verdict == TC_ACT_UNSPEC);
      CHECK(result.out == frame);
    }
    return on;
  }
  bool goes_on(const Frame& frame) const { return goes_on(frame.octets()); }
};

Frame but(const std::function<void(Frame&)>& change) {
  Frame frame;
  change(frame);
  return frame;
}

TEST_CASE("a plain packet leaves with the new addresses, one hop older, and its checksums are right") {
  Kernel* k = kernel();
  if (!k) return;
  for (const std::size_t octets : {1U, 20U, 33U, 160U, 1400U})
    for (const auto fill : std::initializer_list<std::uint8_t>{0x00, 0xd5, 0xff})
      for (const bool checksum : {true, false}) {
        const Bench bench(*k);
        const Frame frame = but([&](Frame& f) {
          f.payload = Buffer(octets, fill);
          f.checksum = checksum;
          f.tos = 0x03;
        });
        const Result result = run(*k, frame.octets());
        CHECK(result.verdict == TC_ACT_REDIRECT);
        const Bytes ip = Bytes(result.out).subspan(14);
        CHECK(internet_sum(ip.first(20)) == 0xffff);
        CHECK(ip[1] == 0xb8);
        CHECK(field(ip, 6, 2) == 0);  // as our sockets send: a router on the way may fragment it
        CHECK(ip[8] == 63);
        CHECK(field(ip, 12, 4) == kFar);
        CHECK(field(ip, 16, 4) == kServer);
        CHECK(field(ip, 20, 2) == kFarPort);
        CHECK(field(ip, 22, 2) == kServerPort);
        if (checksum)
          CHECK(internet_sum(ip.subspan(20), pseudo_sum(ip)) == 0xffff);
        else
          CHECK(field(ip, 26, 2) == 0);
        CHECK(std::ranges::equal(ip.subspan(28), Bytes(frame.octets()).subspan(42)));
      }
}

TEST_CASE("whatever is not plain goes to the sockets untouched and uncounted") {
  Kernel* k = kernel();
  if (!k) return;
  const Bench bench(*k);
  REQUIRE(bench.goes_on(Frame{}));
  const std::pair<const char*, std::function<void(Frame&)>> kinds[] = {
      {"IPv6's Ethernet type", [](Frame& f) { f.ethernet_type = 0x86dd; }},
      {"ARP's Ethernet type", [](Frame& f) { f.ethernet_type = 0x0806; }},
      {"for another host's card", [](Frame& f) { f.other_host = true; }},
      {"IP version 6 in an IPv4 frame", [](Frame& f) { f.version_and_length = 0x65; }},
      {"an IP option",
       [](Frame& f) {
         f.version_and_length = 0x46;
         f.options = Buffer(4, 1);
       }},
      {"more fragments", [](Frame& f) { f.fragment = 0x2000; }},
      {"a later fragment", [](Frame& f) { f.fragment = 0x0010; }},
      {"the reserved flag", [](Frame& f) { f.fragment = 0x8000; }},
      {"TTL 1", [](Frame& f) { f.ttl = 1; }},
      {"TTL 0", [](Frame& f) { f.ttl = 0; }},
      {"TCP", [](Frame& f) { f.protocol = 6; }},
      {"a wrong header checksum", [](Frame& f) { f.header_sum = 1; }},
      {"a UDP length that is too long", [](Frame& f) { f.udp_longer = 4; }},
      {"a UDP length that is too short", [](Frame& f) { f.udp_longer = -4; }},
      {"an IP length behind the frame's end",
       [](Frame& f) {
         f.ip_longer = 4;
         f.udp_longer = 4;
       }},
      {"another source address", [](Frame& f) { f.source = kPhone + 1; }},
      {"another source port", [](Frame& f) { f.source_port = kPhonePort + 1; }},
      {"another address of ours", [](Frame& f) { f.target = kFar; }},
      {"another port of ours", [](Frame& f) { f.target_port = kNearPort + 1; }},
      {"RTP version 0", [](Frame& f) { f.first = 0x00; }},
      {"RTP version 1", [](Frame& f) { f.first = 0x40; }},
      {"RTP version 3", [](Frame& f) { f.first = 0xc0; }},
      {"a CSRC list", [](Frame& f) { f.first = 0x81; }},
      {"RTCP, sender report", [](Frame& f) { f.second = 200; }},
      {"RTCP's lowest type", [](Frame& f) { f.second = 64; }},
      {"RTCP's highest type", [](Frame& f) { f.second = 95; }},
      {"a payload type that the flow does not know", [](Frame& f) { f.second = 96; }},
      {"another SSRC", [](Frame& f) { f.ssrc = kSsrc + 1; }},
      {"a step too large for loss", [](Frame& f) { f.sequence = 5000; }},
      {"a step too far back", [](Frame& f) { f.sequence = 65000; }},
      {"longer than a socket takes", [](Frame& f) { f.payload = Buffer(2048 - 12 + 1, 0); }},
      {"longer than the way out takes", [](Frame& f) { f.payload = Buffer(1500 - 40 + 1, 0); }},
  };
  for (const auto& [name, change] : kinds) {
    CAPTURE(std::string(name));
    CHECK_FALSE(bench.goes_on(but(change)));
  }
  CHECK_FALSE(bench.goes_on([] {
    Buffer cut = Frame{}.octets();
    cut.resize(14 + 20 + 8 + 11);
    return cut;
  }()));
  CHECK(bench.goes_on(Frame{}));
}

TEST_CASE("what RTP allows is plain") {
  Kernel* k = kernel();
  if (!k) return;
  const Bench bench(*k);
  const std::pair<const char*, std::function<void(Frame&)>> kinds[] = {
      {"the marker", [](Frame& f) { f.second = 0x80; }},
      {"a telephone event",
       [](Frame& f) {
         f.second = 101;
         f.payload = Buffer{1, 10, 0, 160};
       }},
      {"comfort noise",
       [](Frame& f) {
         f.second = 13;
         f.payload = Buffer{60};
       }},
      {"no payload at all", [](Frame& f) { f.payload = {}; }},
      {"padding",
       [](Frame& f) {
         f.first = 0xa0;
         f.payload.back() = 4;
       }},
      {"padding that is longer than the packet",
       [](Frame& f) {
         f.first = 0xa0;
         f.payload.back() = 250;
       }},
      {"an extension",
       [](Frame& f) {
         f.first = 0x90;
         f.payload[0] = f.payload[1] = 0xbe;
         f.payload[2] = 0;
         f.payload[3] = 1;
       }},
      {"an extension that is longer than the packet",
       [](Frame& f) {
         f.first = 0x90;
         f.payload[2] = f.payload[3] = 0xff;
       }},
      {"an extension that ends before its length",
       [](Frame& f) {
         f.first = 0x90;
         f.payload = Buffer{0xbe};
       }},
      {"octets behind the IP packet, as the shortest Ethernet frames have",
       [](Frame& f) {
         f.payload = Buffer{1};
         f.trailer = 5;
       }},
      {"no DF", [](Frame& f) { f.fragment = 0; }},
      {"TTL 2", [](Frame& f) { f.ttl = 2; }},
      {"the longest that the way out takes", [](Frame& f) { f.payload = Buffer(1500 - 40, 0); }},
  };
  for (const auto& [name, change] : kinds) {
    CAPTURE(std::string(name));
    CHECK(bench.goes_on(but(change)));
  }
}

TEST_CASE("without a heart beat, or while the daemon has taken the flow, all goes to the sockets") {
  Kernel* k = kernel();
  if (!k) return;
  const Bench bench(*k);
  k->maps->beat(0, Clock::now() - std::chrono::milliseconds(2001));
  CHECK_FALSE(bench.goes_on(Frame{}));
  k->maps->stop_beating(0);
  CHECK_FALSE(bench.goes_on(Frame{}));
  k->maps->beat(0, Clock::now());
  CHECK(bench.goes_on(Frame{}));
  k->maps->take(Bench::kFlow);
  CHECK_FALSE(bench.goes_on(Frame{}));
  k->maps->give(Bench::kFlow);
  CHECK(bench.goes_on(Frame{}));
  k->maps->remove_port(key_of_near(), Bench::kFlow);
  CHECK_FALSE(bench.goes_on(Frame{}));
}

/// Loss, late and doubled packets, keepalives, digits, silence: everything that phones do.
std::vector<Frame> any_packets(std::uint32_t seed, std::size_t count) {
  std::mt19937 random(seed);
  std::vector<Frame> out;
  std::uint16_t sequence = 0;
  for (std::size_t i = 0; i < count; ++i) {
    Frame frame;
    sequence = static_cast<std::uint16_t>(sequence + 1 + (random() % 20 == 0 ? random() % 2000 : 0));
    frame.sequence = sequence;
    frame.timestamp = sequence * 160U;
    if (random() % 10 == 0) frame.sequence = static_cast<std::uint16_t>(sequence - random() % 50);
    if (random() % 15 == 0) frame.payload = {};
    if (random() % 15 == 0) frame.second = 13;
    if (random() % 15 == 0) frame.second = 101;
    if (random() % 15 == 0) {
      frame.first = 0xa0;
      if (!frame.payload.empty()) frame.payload.back() = static_cast<std::uint8_t>(random() % 256);
    }
    out.push_back(frame);
  }
  return out;
}

TEST_CASE("the program counts as the relay does") {
  Kernel* k = kernel();
  if (!k) return;
  auto rule = rule_of(1);
  rule.joined = 1;
  std::ranges::copy(rule.format, rule.onward_format);
  const Bench bench(*k, rule);
  StreamStats stats;
  stats.set_formats(std::make_shared<const MediaFormats>(MediaFormats{{101, 8000, MediaFormat::Kind::event}}));
  Frame start;
  start.sequence = 0;
  stats.on_packet({}, *parse_rtp(Bytes(start.octets()).subspan(42)), 0);
  k->maps->take(Bench::kFlow);
  k->maps->at(Bench::kFlow).count = k->maps->at(Bench::kFlow).onward = stats.count();
  k->maps->give(Bench::kFlow);
  std::size_t passed = 0;
  for (const Frame& frame : any_packets(1, 3000)) {
    const Buffer octets = frame.octets();
    const Bytes rtp = Bytes(octets).subspan(42);
    if (run(*k, octets).verdict != TC_ACT_REDIRECT) continue;
    ++passed;
    stats.on_packet({}, *parse_rtp(rtp), rtp.size());
  }
  CHECK(passed == 3000);
  const dw_flow seen = bench.seen();
  for (const dw_rtp_count* c : {&seen.count, &seen.onward}) {
    CHECK(c->packets == stats.packets());
    CHECK(c->octets == stats.octets());
    CHECK(c->audio == stats.audio());
    CHECK(c->reordered == stats.reordered());
    CHECK(c->apart == stats.count().apart);
    CHECK(c->cycles == stats.count().cycles);
    CHECK(c->highest == stats.count().highest);
    CHECK(c->format.payload_type == stats.payload_type());
    CHECK(c->measured == stats.count().measured);
    CHECK(c->mark_timestamp == stats.count().mark_timestamp);
  }
}

// Debian 12's kernel (6.1) refuses, without CAP_PERFMON, to write a part of eight octets of stack of which another part
// holds a number; this one does not. `./dev vm` loads it there.
TEST_CASE("no eight octets of stack are written in two parts") {
  Kernel* k = kernel();
  if (!k) return;
  std::vector<bpf_insn> program(8192);
  bpf_prog_info about{};
  about.xlated_prog_insns = std::bit_cast<std::uintptr_t>(program.data());
  about.xlated_prog_len = static_cast<std::uint32_t>(program.size() * sizeof(bpf_insn));
  std::uint32_t size = sizeof about;
  REQUIRE(bpf_obj_get_info_by_fd(k->program->descriptor(), &about, &size) == 0);
  program.resize(about.xlated_prog_len / sizeof(bpf_insn));
  REQUIRE(program.size() > 100);
  std::map<int, int> parts;
  std::size_t wholes = 0;
  for (const bpf_insn& one : program) {
    const int kind = BPF_CLASS(one.code);
    if ((kind != BPF_ST && kind != BPF_STX) || BPF_MODE(one.code) != BPF_MEM || one.dst_reg != BPF_REG_10) continue;
    if (BPF_SIZE(one.code) == BPF_DW)
      ++wholes;
    else
      ++parts[(one.off - 7) / 8];
  }
  CHECK(wholes > 0);
  for (const auto& [eight, count] : parts) {
    CAPTURE(eight);
    CHECK(count == 1);
  }
}

TEST_CASE("who holds the maps' descriptors alone can load no program") {
  Kernel* k = kernel();
  if (!k) return;
  bool loaded = true;
  std::string log;
  with_capabilities({}, [&] { loaded = Program::load(log).has_value(); });
  CHECK_FALSE(loaded);
  CHECK_FALSE(log.empty());
}

}  // namespace
}  // namespace dw::nat::fast::test
