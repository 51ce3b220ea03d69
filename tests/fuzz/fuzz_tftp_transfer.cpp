// The whole TFTP server core, driven by the input: which verb, after how much time, from which peer, with
// which octets. Nothing that happens may break what it promises.
#include <algorithm>
#include <map>

#include "tests/fuzz/require.hpp"
#include "tftp-proxy/core/tftp_sessions.hpp"

namespace {

using namespace dw;
using namespace dw::tftp;
using provisioning::Content;
using provisioning::ContentPtr;

class Play {
 public:
  explicit Play(Bytes input) : in_(input), sessions_(options(in_.u8("options")), known_, &names_) {}

  void run() {
    while (in_.remaining() > 0) {
      turn(in_.u8("verb"));
      perform();
      check();
    }
    for (int i = 0; i < 200 && sessions_.active() > 0; ++i) {
      // In long strides, so that it ends soon: a deadline may come late.
      now_ = std::max(now_, sessions_.next_deadline().value()) + std::chrono::seconds(i);
      sessions_.on_deadline(now_, out_);
      perform();
    }
    require(sessions_.active() == 0 && sessions_.unproven() == 0 && !sessions_.next_deadline());
    check();
  }

 private:
  static SessionsOptions options(unsigned bits) {
    SessionsOptions o;
    o.single_port = (bits & 1U) == 0;
    o.transfer.rollover_to = (bits & 2U) != 0 ? 1 : 0;
    o.max_sessions = (bits & 4U) != 0 ? 3 : 100;
    o.max_unproven = (bits & 8U) != 0 ? 2 : 100;
    o.max_sessions_per_source = (bits & 16U) != 0 ? 2 : 100;
    o.guard.buckets = 16;
    return o;
  }
  Endpoint peer(unsigned n) const {
    return {IpAddress::v4(0x0a000001 + n / 8 % 4), static_cast<std::uint16_t>(n % 8 == 7 ? 69 : 2000 + n % 8)};
  }
  void turn(unsigned verb) {
    switch (verb % 8) {
      case 0:
      case 1:
        arrive(in_.take(std::min<std::size_t>(in_.u8("length"), in_.remaining()), "datagram"));
        break;
      case 2: {  // an ACK, near the blocks that are under way
        const std::array<std::uint8_t, 4> ack = {0, 4, in_.u8("high"), in_.u8("low")};
        arrive(ack);
        break;
      }
      case 3:
        request();
        break;
      case 4:
        now_ += std::chrono::milliseconds(in_.u16be("time"));
        [[fallthrough]];
      case 5:
        now_ += std::chrono::microseconds(in_.u16be("time"));
        sessions_.on_deadline(now_, out_);
        break;
      case 6:
        change(in_.u8("change"));
        break;
      default:
        acknowledge_last();
        break;
    }
  }
  void request() {
    static constexpr std::array<std::string_view, 6> kOptions = {
        "",
        std::string_view("blksize\08\0", 10),
        std::string_view("windowsize\0004\0blksize\0009\0", 23),
        std::string_view("tsize\0000\0timeout\0001\0", 18),
        std::string_view("blksize\00065464\0", 14),
        "odd"};
    const unsigned bits = in_.u8("request");
    Buffer octets;
    ByteWriter out(octets);
    const std::string name(1, static_cast<char>('a' + bits % 4));
    write(out, Request{false, name, (bits & 128U) != 0 ? "netascii" : "octet", as_bytes(kOptions[bits / 4 % 6])});
    arrive(octets);
  }
  void arrive(Bytes octets) {
    const Endpoint from = peer(in_.u8("peer"));
    const Arrival arrival{from, {IpAddress::v4(0x0a000063), 69}, 0, false, false, octets};
    if (!opens_.empty() && opens_.back().fresh_tid && in_.u8("tid") % 2 == 0) {
      sessions_.on_tid_datagram(now_, opens_.back().session, arrival, out_);
    } else {
      sessions_.on_datagram(now_, arrival, out_);
    }
  }
  void acknowledge_last() {
    if (last_.octets.size() < 4) return;
    const std::array<std::uint8_t, 4> ack = {0, 4, last_.octets[1] == 3 ? last_.octets[2] : std::uint8_t{0},
                                             last_.octets[1] == 3 ? last_.octets[3] : std::uint8_t{0}};
    const Arrival arrival{last_.to, {IpAddress::v4(0x0a000063), 69}, 0, false, false, ack};
    if (last_.fresh_tid)
      sessions_.on_tid_datagram(now_, last_.session, arrival, out_);
    else
      sessions_.on_datagram(now_, arrival, out_);
  }
  void change(unsigned what) {
    if (opens_.empty()) return;
    const Outbox::Open& open = opens_[what % opens_.size()];
    const ContentPtr& content = contents_[open.session.slot];
    switch (what / 16 % 6) {
      case 0:
        content->begin({});
        break;
      case 1:
        content->begin({.size = 20, .etag = {}, .last_modified = {}, .origin = {}});
        break;
      case 2:
        content->append(Buffer(1 + what % 20, '\n'));
        break;
      case 3:
        content->append(Buffer(600, 'x'));
        break;
      case 4:
        content->finish();
        break;
      default:
        content->fail({Errc::unavailable, "gone"});
        break;
    }
    sessions_.on_content(now_, open.session, content, out_);
  }
  void perform() {
    while (!out_.empty()) {
      for (const auto& d : out_.datagrams) {
        last_ = {d.to, d.session, d.fresh_tid, Buffer(d.head_octets().begin(), d.head_octets().end())};
        last_.octets.insert(last_.octets.end(), d.body.begin(), d.body.end());
        const auto packet = parse_packet(last_.octets);
        require(packet && !std::holds_alternative<Request>(*packet) && !std::holds_alternative<Ack>(*packet));
        require(last_.octets.size() <= 4 + 1428);
      }
      const auto opens = std::move(out_.opens);
      out_.clear();
      for (const auto& open : opens) {
        opens_.push_back(open);
        if (opens_.size() > 64) opens_.erase(opens_.begin());
        contents_[open.session.slot] = open.file == "a"   ? Content::of(Buffer(1000, 'a'), {})
                                       : open.file == "b" ? Content::failure({Errc::not_found, "b"})
                                                          : std::make_shared<Content>();
        sessions_.on_content(now_, open.session, contents_[open.session.slot], out_);
      }
    }
  }
  void check() const {
    const auto& c = sessions_.counters();
    std::uint64_t ended = 0;
    for (const auto n : c.ended)
      ended += n;
    require(c.started == ended + sessions_.active());
    require(sessions_.unproven() <= sessions_.active() && sessions_.active() <= 100);
    require(sessions_.next_deadline().has_value() == (sessions_.active() > 0));
  }

  struct Last {
    Endpoint to;
    SessionId session;
    bool fresh_tid = false;
    Buffer octets;
  };
  ByteReader in_;
  KnownSources known_{1};
  provisioning::NameBudget names_{known_, {}, 1};
  Sessions sessions_;
  Outbox out_;
  TimePoint now_{std::chrono::hours(1)};
  std::vector<Outbox::Open> opens_;
  std::map<std::uint32_t, ContentPtr> contents_;
  Last last_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Play({data, size}).run();
  return 0;
}
