// Cisco-like SIP phones and their central server in one process, for measuring what stands between them.
//
//   sip_load MODE KEY=VALUE…
//     register   closed loop of REGISTERs: round trips a second
//     calls      registered phones call: INVITE 100 180 200 ACK BYE 200, calls a second
//     memory     registers all, waits, tells what PID grew by for each phone
//     storm      registered phones all register again while the server is silent; until all are back
//   count=N (calls: so many instead of seconds)
//   phones=1000 server=A:P (where the server listens) via=A:P (where phones send: the same for no proxy at
//   all) domain=… (host of the phones' URIs; default: the address of via) seconds=3 window=48 (transactions
//   or calls under way) pid=N[,N…] (whose CPU time and memory are told) body=none|sdp (of calls) rate=R (of
//   registrations in memory and storm, a second; default: as fast as the window lets them) outage=10 (storm:
//   seconds of silence) wait=35 (memory) limit=300 (storm: seconds at most) spread=1 (storm: seconds within
//   which the phones begin)
//
// All phones share one socket, bound to every address of 127.0.0.0/8, and each has an address of its own
// there: a network namespace of its own keeps others' ports out of the way. Phones retransmit as RFC 3261
// §17.1 has it (T1 500 ms, T2 4 s, 10 times), and obey 503 with Retry-After. The server retransmits its 200
// to INVITE until the ACK.
#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "sip_messages.hpp"

namespace {

using Clock = std::chrono::steady_clock;
using bench::append;
using std::string_view;
using std::chrono::milliseconds;

constexpr milliseconds kT1{500}, kT2{4000};
constexpr unsigned kRetransmissions = 10;     // sip_retx of the 7940's configuration
constexpr milliseconds kAllRefused{100'000};  // until a phone that was refused by all servers asks again
constexpr milliseconds kTick{20};             // timers are looked at so often
constexpr Clock::time_point kNever = Clock::time_point::max();

[[noreturn]] void die(const char* what) {
  std::perror(what);
  std::exit(2);
}

bool same_name(string_view a, string_view b) {
  return a.size() == b.size() && strncasecmp(a.data(), b.data(), a.size()) == 0;
}
unsigned number_in(string_view text) {
  unsigned out = 0;
  for (char c : text) {
    if (c < '0' || c > '9') break;
    out = out * 10 + static_cast<unsigned>(c - '0');
  }
  return out;
}
string_view trimmed(string_view text) {
  while (!text.empty() && text.front() == ' ')
    text.remove_prefix(1);
  return text;
}

/// What the load reads of a message: views into it. The vias and routes are whole lines with their ends.
struct Message {
  string_view start, from, to, call_id, cseq, contact, retry_after;
  std::string vias, record_routes;
  string_view body;

  bool read(string_view octets) {
    start = from = to = call_id = cseq = contact = retry_after = body = {};
    vias.clear(), record_routes.clear();
    std::size_t at = octets.find("\r\n");
    if (at == string_view::npos) return false;
    start = octets.substr(0, at);
    at += 2;
    while (at < octets.size()) {
      const std::size_t end = octets.find('\n', at);
      if (end == string_view::npos || end == at) return false;
      const string_view line = octets.substr(at, end + 1 - at);
      at = end + 1;
      if (line == "\r\n") {
        body = octets.substr(at);
        return !call_id.empty() && !cseq.empty() && !vias.empty();
      }
      const std::size_t colon = line.find(':');
      if (colon == string_view::npos) return false;
      keep(line.substr(0, colon), trimmed(line.substr(colon + 1, line.size() - colon - 3)), line);
    }
    return false;
  }
  bool is_response() const { return start.starts_with("SIP/2.0 "); }
  unsigned status() const { return number_in(start.substr(std::min<std::size_t>(8, start.size()))); }
  string_view method() const {
    return is_response() ? cseq.substr(cseq.find(' ') + 1) : start.substr(0, start.find(' '));
  }
  string_view contact_uri() const {
    const std::size_t open = contact.find('<'), close = contact.find('>');
    return open == string_view::npos || close == string_view::npos
               ? contact
               : contact.substr(open + 1, close - open - 1);
  }

 private:
  void keep(string_view name, string_view value, string_view line) {
    switch (name.empty() ? 0 : name.front() | 0x20) {
      case 'v':
        if (same_name(name, "Via")) vias += line;
        break;
      case 'r':
        if (same_name(name, "Record-Route")) record_routes += line;
        if (same_name(name, "Retry-After")) retry_after = value;
        break;
      case 'f':
        if (same_name(name, "From")) from = value;
        break;
      case 't':
        if (same_name(name, "To")) to = value;
        break;
      case 'c':
        if (same_name(name, "Call-ID")) call_id = value;
        if (same_name(name, "CSeq")) cseq = value;
        if (same_name(name, "Contact") && contact.empty()) contact = value;
        break;
    }
  }
};

/// A UDP socket that sends and receives by the batch, and knows which of its own addresses each datagram is
/// for.
class Socket {
 public:
  static constexpr unsigned kBatch = 64;
  static constexpr std::size_t kOctets = 4096;

  explicit Socket(sockaddr_in local) : fd_(socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)) {
    const int yes = 1, size = 32 << 20;
    setsockopt(fd_, IPPROTO_IP, IP_PKTINFO, &yes, sizeof yes);
    for (int option : {SO_RCVBUFFORCE, SO_SNDBUFFORCE})
      setsockopt(fd_, SOL_SOCKET, option, &size, sizeof size);
    if (fd_ < 0 || bind(fd_, reinterpret_cast<sockaddr*>(&local), sizeof local) != 0) die("a UDP port");
    for (unsigned i = 0; i < kBatch; ++i) {
      prepare(out_[i], out_headers_[i]);
      prepare(in_[i], in_headers_[i]);
      out_[i].octets.reserve(kOctets);
      in_[i].octets.resize(kOctets);
      in_[i].part = {in_[i].octets.data(), kOctets};
    }
  }
  Socket(const Socket&) = delete;
  int fd() const { return fd_; }

  /// Room for one datagram, which goes out with the next flush() or when the batch is full.
  std::string& next(sockaddr_in to, in_addr from) {
    if (pending_ == kBatch) flush();
    Slot& slot = out_[pending_++];
    slot.peer = to;
    in_pktinfo info{};
    info.ipi_spec_dst = from;
    auto* header = reinterpret_cast<cmsghdr*>(slot.control);
    header->cmsg_len = CMSG_LEN(sizeof info);
    header->cmsg_level = IPPROTO_IP;
    header->cmsg_type = IP_PKTINFO;
    std::memcpy(CMSG_DATA(header), &info, sizeof info);
    slot.octets.clear();
    return slot.octets;
  }
  void flush() {
    for (unsigned i = 0; i < pending_; ++i) {
      out_[i].part = {out_[i].octets.data(), out_[i].octets.size()};
      out_headers_[i].msg_hdr.msg_controllen = sizeof out_[i].control;
    }
    for (unsigned done = 0; done < pending_;) {
      const int n = sendmmsg(fd_, &out_headers_[done], pending_ - done, 0);
      if (n > 0)
        done += static_cast<unsigned>(n);
      else if (errno != EINTR && errno != EAGAIN)
        ++done;  // an ICMP error of an earlier datagram, or one that can't be sent
    }
    pending_ = 0;
  }
  /// Calls on_datagram(octets, peer, own address) for each that has come, up to a batch; how many.
  template <class Function>
  unsigned receive(Function on_datagram) {
    for (unsigned i = 0; i < kBatch; ++i) {
      in_headers_[i].msg_hdr.msg_controllen = sizeof in_[i].control;
      in_headers_[i].msg_hdr.msg_namelen = sizeof in_[i].peer;
    }
    const int n = recvmmsg(fd_, in_headers_, kBatch, 0, nullptr);
    for (int i = 0; i < n; ++i) {
      in_pktinfo info;
      std::memcpy(&info, CMSG_DATA(reinterpret_cast<cmsghdr*>(in_[i].control)), sizeof info);
      on_datagram(string_view(in_[i].octets.data(), in_headers_[i].msg_len), in_[i].peer, info.ipi_addr);
    }
    return n > 0 ? static_cast<unsigned>(n) : 0;
  }

 private:
  struct Slot {
    sockaddr_in peer;
    iovec part;
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(in_pktinfo))];
    std::string octets;
  };
  static void prepare(Slot& slot, mmsghdr& header) {
    slot.peer = {};
    header = {};
    header.msg_hdr.msg_name = &slot.peer;
    header.msg_hdr.msg_namelen = sizeof slot.peer;
    header.msg_hdr.msg_iov = &slot.part;
    header.msg_hdr.msg_iovlen = 1;
    header.msg_hdr.msg_control = slot.control;
    header.msg_hdr.msg_controllen = sizeof slot.control;
  }
  int fd_;
  unsigned pending_ = 0;
  Slot out_[kBatch], in_[kBatch];
  mmsghdr out_headers_[kBatch], in_headers_[kBatch];
};

struct Options {
  unsigned phones = 1000, window = 48, rate = 0, count = 0;
  double seconds = 3, outage = 10, wait = 35, limit = 300, spread = 1;
  bool sdp = false;
  sockaddr_in server{}, via{};
  std::string domain, server_text;
  std::vector<std::string> pids;
};

struct Counts {
  std::uint64_t registers = 0, calls = 0;  // that came to their good end
  std::uint64_t resent = 0;                // requests that phones had to send again
  std::uint64_t later = 0, refused = 0;    // told to come later by 503 and Retry-After; refused otherwise
  std::uint64_t lost = 0;                  // transactions and calls that nobody answered
  std::uint64_t wrong = 0;                 // messages that say something else than they must
};

enum class Doing : std::uint8_t { nothing, waiting, registering, calling, ringing, hanging_up };

struct Phone {
  bench::Identity id;
  in_addr address{};
  Doing doing = Doing::nothing;
  unsigned tries = 0, cseq = 100, call = 0;
  bool back = false;  // has a 200 to REGISTER since the storm began
  Clock::time_point due = kNever;
  std::string route, target, to;  // of the call
};

/// The server's half of a phone's call: its 200 until the ACK comes.
struct Answer {
  unsigned tries = 0;
  bool acknowledged = false;
  Clock::time_point due = kNever;
  sockaddr_in peer{};
  std::string call_id, response;
};

class Load {
 public:
  explicit Load(const Options& options)
      : options_(options), phone_socket_(every_address()), server_socket_(options.server) {
    const auto boot = static_cast<std::uint32_t>(Clock::now().time_since_epoch().count() >> 16);
    for (unsigned n = 0; n < options.phones; ++n) {
      Phone& p = phones_.emplace_back();
      p.id = bench::identity(n, options.domain, boot);
      p.address.s_addr = htonl(0x7f400001U + n);
    }
    answers_.resize(options.phones);
  }
  /// Until `done`, or the time is up; false then.
  template <class Done>
  bool turn(Done done, Clock::time_point until) {
    while (!done()) {
      now_ = Clock::now();
      if (now_ > until) return false;
      if (now_ >= next_tick_) tick();
      const unsigned came = phone_socket_.receive([&](auto... a) { at_phone(a...); }) +
                            server_socket_.receive([&](auto... a) { at_server(a...); });
      phone_socket_.flush();
      server_socket_.flush();
      if (came != 0) continue;
      pollfd files[] = {{phone_socket_.fd(), POLLIN, 0}, {server_socket_.fd(), POLLIN, 0}};
      poll(files, 2, 5);
    }
    return true;
  }
  /// Each phone registers once: `rate` a second, or with the window under way.
  void register_all(unsigned rate) {
    closed_loop_ = Doing::nothing;
    const auto begin = Clock::now();
    unsigned begun = 0;
    turn(
        [&] {
          const std::chrono::duration<double> passed = Clock::now() - begin;
          const unsigned due = rate == 0 ? begun + options_.window - std::min(options_.window, under_way())
                                         : static_cast<unsigned>(passed.count() * rate);
          while (begun < std::min(due, options_.phones))
            begin_register(phones_[begun++]);
          return begun == options_.phones && under_way() == 0;
        },
        begin + std::chrono::seconds(60) + std::chrono::seconds(rate == 0 ? 0 : options_.phones / rate));
  }
  void begin_loop(Doing what) {
    closed_loop_ = what;
    for (unsigned i = 0; i < options_.window; ++i)
      begin_next();
  }
  bool end_loop() {
    closed_loop_ = Doing::nothing;
    return turn([&] { return under_way() == 0; }, Clock::now() + std::chrono::seconds(10));
  }
  void begin_storm() {
    now_ = Clock::now();
    seen_.clear(), distinct_.clear();
    recording_ = true;
    for (unsigned i = 0; i < phones_.size(); ++i) {
      Phone& p = phones_[i];
      p.back = false;
      p.doing = Doing::waiting;
      // Spread evenly, in an order that is no order of addresses.
      const double part =
          static_cast<double>(i * 7919ULL % phones_.size()) / static_cast<double>(phones_.size());
      p.due = now_ + std::chrono::duration_cast<Clock::duration>(
                         std::chrono::duration<double>(options_.spread * part));
    }
  }
  unsigned back() const {
    return static_cast<unsigned>(
        std::count_if(phones_.begin(), phones_.end(), [](auto& p) { return p.back; }));
  }
  unsigned under_way() const { return under_way_; }
  /// The most REGISTERs that the server saw within any one second since the storm began.
  unsigned peak() const {
    std::size_t first = 0, most = 0;
    for (std::size_t last = 0; last < seen_.size(); ++last) {
      while (seen_[last] - seen_[first] >= std::chrono::seconds(1))
        ++first;
      most = std::max(most, last - first + 1);
    }
    return static_cast<unsigned>(most);
  }
  std::size_t seen() const { return seen_.size(); }
  std::size_t distinct() const { return distinct_.size(); }
  void be_deaf(bool yes) { deaf_ = yes; }
  const std::map<unsigned, std::uint64_t>& refusals() const { return refusals_; }
  std::size_t last_sizes[2] = {0, 0};  // octets of the last REGISTER and INVITE
  Counts counts;

 private:
  static sockaddr_in every_address() {
    sockaddr_in out{};
    out.sin_family = AF_INET;
    out.sin_port = htons(bench::kPhonePort);
    return out;
  }
  void tick() {
    next_tick_ = now_ + kTick;
    for (Phone& p : phones_) {
      if (p.due <= now_) on_timer(p);
    }
    for (Answer& a : answers_) {
      if (a.due > now_) continue;
      a.due = ++a.tries > kRetransmissions ? kNever : now_ + std::min(kT1 * (1 << a.tries), kT2);
      server_socket_.next(a.peer, options_.server.sin_addr) = a.response;
    }
    phone_socket_.flush();
    server_socket_.flush();
  }
  void on_timer(Phone& p) {
    if (p.doing == Doing::waiting) return begin_register(p);
    if (p.doing == Doing::ringing || ++p.tries > kRetransmissions) {
      ++counts.lost;
      // What nobody answered was refused by all servers, as the phone sees it.
      return p.doing == Doing::registering ? wait(p, kAllRefused) : rest(p);
    }
    ++counts.resent;
    send(p);
    p.due = now_ + std::min(kT1 * (1 << std::min(p.tries, 4U)), kT2);
  }

  // ---- phones ----
  void begin(Phone& p, Doing what) {
    if (p.doing == Doing::nothing || p.doing == Doing::waiting) ++under_way_;
    p.doing = what;
    p.tries = 0;
    ++p.cseq;
    p.due = now_ + kT1;
    send(p);
  }
  void begin_register(Phone& p) { begin(p, Doing::registering); }
  void begin_call(Phone& p) {
    ++p.call;
    begin(p, Doing::calling);
  }
  void begin_next() {
    if (closed_loop_ == Doing::nothing) return;
    for (std::size_t turns = 0; turns < phones_.size(); ++turns) {
      Phone& p = phones_[ring_];
      ring_ = ring_ + 1 == phones_.size() ? 0 : ring_ + 1;
      if (p.doing != Doing::nothing) continue;
      return closed_loop_ == Doing::registering ? begin_register(p) : begin_call(p);
    }
  }
  void rest(Phone& p) {
    p.doing = Doing::nothing;
    p.due = kNever;
    --under_way_;
    begin_next();
  }
  void wait(Phone& p, milliseconds how_long) {
    --under_way_;
    p.doing = Doing::waiting;
    p.due = now_ + how_long;
    begin_next();
  }
  void send(Phone& p) {
    std::string& out = phone_socket_.next(options_.via, p.address);
    switch (p.doing) {
      case Doing::registering:
        bench::append_register(out, p.id, p.cseq);
        last_sizes[0] = out.size();
        break;
      case Doing::calling:
        bench::append_invite(out, p.id, p.call, p.cseq, options_.sdp);
        last_sizes[1] = out.size();
        break;
      case Doing::hanging_up:
        in_dialog(out, p, "BYE", 'B');
        break;
      default:
        break;
    }
  }
  /// ACK and BYE as the 7970 sends them in a dialog.
  void in_dialog(std::string& out, const Phone& p, string_view method, char branch) {
    bench::append_head(out, p.id, method, p.target, p.route, p.to, p.call, p.cseq, branch);
    append(out, "User-Agent: Cisco-CP7970G/8.4.0\r\n");
    if (method == "BYE")
      append(out, "RTP-RxStat: Dur=0,Pkt=0,Oct=0,LatePkt=0,LostPkt=0,AvgJit=0\r\n",
             "RTP-TxStat: Dur=0,Pkt=0,Oct=0\r\n");
    append(out, "Content-Length: 0\r\n\r\n");
  }
  void at_phone(string_view octets, sockaddr_in peer, in_addr own) {
    const std::size_t n = ntohl(own.s_addr) - 0x7f400001U;
    if (n >= phones_.size() || !message_.read(octets)) {
      ++counts.wrong;
      return;
    }
    Phone& p = phones_[n];
    if (!message_.is_response()) {  // OPTIONS that asks whether the phone is there, NOTIFY
      if (message_.method() != "ACK") respond(phone_socket_.next(peer, own), "200 OK", {}, {});
      return;
    }
    const unsigned cseq = number_in(message_.cseq), status = message_.status();
    const string_view method = message_.method();
    if (method == "REGISTER") {
      if (p.doing == Doing::registering && cseq == p.cseq && status >= 200) on_registered(p, status);
    } else if (method == "INVITE") {
      if (message_.call_id.find(bench::hex(p.call)) != string_view::npos) on_invite_answered(p, cseq, status);
    } else if (method == "BYE" && p.doing == Doing::hanging_up && cseq == p.cseq && status >= 200) {
      status == 200 ? ++counts.calls : ++counts.refused;
      if (status != 200) ++refusals_[status];
      rest(p);
    }
  }
  void on_registered(Phone& p, unsigned status) {
    if (status == 200) {
      std::string own = "sip:";
      append(own, p.id.user, "@", p.id.address, ":", bench::kPhonePort);
      if (!message_.contact_uri().starts_with(own)) ++counts.wrong;
      ++counts.registers;
      p.back = true;
      return rest(p);
    }
    ++refusals_[status];
    const unsigned seconds = number_in(message_.retry_after);
    const bool later = status == 503 && seconds != 0;
    later ? ++counts.later : ++counts.refused;
    wait(p, later ? milliseconds(1000 * seconds) : kAllRefused);
  }
  void on_invite_answered(Phone& p, unsigned cseq, unsigned status) {
    if (p.doing == Doing::calling && cseq == p.cseq && status < 200) {
      p.doing = Doing::ringing;
      p.due = now_ + std::chrono::seconds(32);
      return;
    }
    if (status < 200) return;
    if (p.doing == Doing::hanging_up && status == 200) return acknowledge(p, cseq, 'A');  // it was sent again
    if ((p.doing != Doing::calling && p.doing != Doing::ringing) || cseq != p.cseq) return;
    p.to = message_.to;
    if (status != 200) {
      ++counts.refused;
      ++refusals_[status];
      std::string uri = "sip:";
      append(uri, bench::kCalled, "@", p.id.domain, ";user=phone");
      p.target = uri;
      p.route.clear();
      acknowledge(p, cseq, 'I');
      return rest(p);
    }
    if (message_.body.find("m=audio") == string_view::npos ? options_.sdp : !options_.sdp) ++counts.wrong;
    p.target = message_.contact_uri();
    p.route.clear();
    take_route(p);
    acknowledge(p, cseq, 'A');
    begin(p, Doing::hanging_up);
  }
  /// The ACK of an INVITE's final response: with the INVITE's branch when that was a refusal.
  void acknowledge(Phone& p, unsigned cseq, char branch) {
    std::swap(p.cseq, cseq);
    in_dialog(phone_socket_.next(options_.via, p.address), p, "ACK", branch);
    std::swap(p.cseq, cseq);
  }
  /// Record-Route from the last line to the first (RFC 3261 §12.1.2).
  void take_route(Phone& p) {
    string_view lines = message_.record_routes;
    while (!lines.empty()) {
      const std::size_t before = lines.size() > 2 ? lines.rfind('\n', lines.size() - 2) : string_view::npos;
      const std::size_t at = before == string_view::npos ? 0 : before + 1;
      append(p.route, "Route:", lines.substr(at + sizeof "Record-Route:" - 1));
      lines = lines.substr(0, at);
    }
  }

  // ---- the server ----
  void at_server(string_view octets, sockaddr_in peer, in_addr) {
    if (!message_.read(octets)) {
      ++counts.wrong;
      return;
    }
    if (message_.is_response()) return;
    const string_view method = message_.method();
    const std::size_t n = caller();
    if (method == "REGISTER" && recording_) {
      seen_.push_back(now_);
      if (n < phones_.size())
        distinct_.insert(static_cast<std::uint64_t>(n) << 32 | number_in(message_.cseq));
    }
    if (deaf_) return;
    const auto reply = [&](string_view status, string_view more, string_view body) {
      respond(server_socket_.next(peer, options_.server.sin_addr), status, more, body);
    };
    if (method == "OPTIONS") return reply("200 OK", "Accept: application/sdp\r\n", {});
    if (n >= phones_.size()) return reply("404 Not Found", {}, {});
    Answer& a = answers_[n];
    if (method == "REGISTER") {
      more_.clear();
      append(more_, "Contact: ", message_.contact,
             ";expires=3600\r\nExpires: 3600\r\nDate: Mon, 23 Nov 2026 10:11:12 GMT\r\n");
      reply("200 OK", more_, {});
    } else if (method == "INVITE") {
      if (a.call_id == message_.call_id && a.acknowledged) return;  // a late retransmission
      more_.clear();
      append(more_, "Contact: <sip:", bench::kCalled, "@", options_.server_text, ">\r\n");
      reply("100 Trying", {}, {});
      reply("180 Ringing", more_, {});
      body_.clear();
      if (!message_.body.empty()) {
        bench::append_sdp(body_, "-", "127.0.0.20", 30000);
        append(more_, "Content-Type: application/sdp\r\n");
      }
      a.response.clear();
      respond(a.response, "200 OK", more_, body_);
      server_socket_.next(peer, options_.server.sin_addr) = a.response;
      a.call_id = message_.call_id;
      a.acknowledged = false;
      a.tries = 0;
      a.peer = peer;
      a.due = now_ + kT1;
    } else if (method == "ACK") {
      if (a.call_id == message_.call_id) a.acknowledged = true, a.due = kNever;
    } else if (method == "BYE") {
      const bool known = a.call_id == message_.call_id && a.acknowledged;
      reply(known ? "200 OK" : "481 Call/Transaction Does Not Exist", {}, {});
    } else {
      reply("200 OK", {}, {});
    }
  }
  /// Which phone the From header names.
  std::size_t caller() const {
    const std::size_t at = message_.from.find("sip:");
    return at == string_view::npos ? phones_.size()
                                   : number_in(message_.from.substr(at + 4)) - bench::kFirstLine;
  }
  void respond(std::string& out, string_view status, string_view more, string_view body) {
    append(out, "SIP/2.0 ", status, "\r\n", message_.vias, message_.record_routes, "From: ", message_.from,
           "\r\nTo: ", message_.to);
    if (!message_.to.contains(";tag=") && !status.starts_with("100")) append(out, ";tag=as4c1e93d2");
    append(out, "\r\nCall-ID: ", message_.call_id, "\r\nCSeq: ", message_.cseq,
           "\r\nServer: PBX\r\nAllow: INVITE, ACK, CANCEL, OPTIONS, BYE, REFER, SUBSCRIBE, NOTIFY, INFO\r\n"
           "Supported: replaces, timer\r\n",
           more, "Content-Length: ", static_cast<unsigned>(body.size()), "\r\n\r\n", body);
  }

  Options options_;
  Socket phone_socket_, server_socket_;
  std::vector<Phone> phones_;
  std::vector<Answer> answers_;
  Message message_;
  std::string more_, body_;
  Clock::time_point now_ = Clock::now(), next_tick_{};
  Doing closed_loop_ = Doing::nothing;
  unsigned under_way_ = 0;
  std::size_t ring_ = 0;
  bool deaf_ = false, recording_ = false;
  std::vector<Clock::time_point> seen_;
  std::set<std::uint64_t> distinct_;
  std::map<unsigned, std::uint64_t> refusals_;
};

sockaddr_in endpoint(const std::string& text) {
  const std::size_t colon = text.rfind(':');
  sockaddr_in out{};
  out.sin_family = AF_INET;
  if (colon == std::string::npos || inet_pton(AF_INET, text.substr(0, colon).c_str(), &out.sin_addr) != 1) {
    std::fprintf(stderr, "not an address and port: %s\n", text.c_str());
    std::exit(2);
  }
  out.sin_port = htons(static_cast<std::uint16_t>(std::atoi(text.c_str() + colon + 1)));
  return out;
}

/// Seconds of CPU of the processes so far.
double cpu_of(const std::vector<std::string>& pids) {
  double out = 0;
  for (const std::string& pid : pids) {
    std::ifstream in("/proc/" + pid + "/stat");
    std::string all((std::istreambuf_iterator<char>(in)), {});
    const std::size_t behind = all.rfind(')');
    unsigned long user = 0, system = 0;
    if (behind != std::string::npos)
      std::sscanf(all.c_str() + behind + 2, "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user,
                  &system);
    out += static_cast<double>(user + system) / static_cast<double>(sysconf(_SC_CLK_TCK));
  }
  return out;
}
long resident_kib(const std::vector<std::string>& pids) {
  long out = 0;
  for (const std::string& pid : pids) {
    std::ifstream in("/proc/" + pid + "/status");
    for (std::string line; std::getline(in, line);) {
      if (line.starts_with("VmRSS:")) out += std::atol(line.c_str() + 6);
    }
  }
  return out;
}

Options options_from(int argc, char** argv) {
  Options out;
  std::string via;
  for (int i = 2; i < argc; ++i) {
    const std::string text = argv[i];
    const std::size_t equals = text.find('=');
    const std::string key = text.substr(0, equals),
                      value = equals == std::string::npos ? "" : text.substr(equals + 1);
    const auto whole = static_cast<unsigned>(std::atoi(value.c_str()));
    if (key == "phones")
      out.phones = whole;
    else if (key == "window")
      out.window = whole;
    else if (key == "count")
      out.count = whole;
    else if (key == "rate")
      out.rate = whole;
    else if (key == "seconds")
      out.seconds = std::atof(value.c_str());
    else if (key == "outage")
      out.outage = std::atof(value.c_str());
    else if (key == "wait")
      out.wait = std::atof(value.c_str());
    else if (key == "limit")
      out.limit = std::atof(value.c_str());
    else if (key == "spread")
      out.spread = std::atof(value.c_str());
    else if (key == "body")
      out.sdp = value == "sdp";
    else if (key == "server")
      out.server_text = value;
    else if (key == "via")
      via = value;
    else if (key == "domain")
      out.domain = value;
    else if (key == "pid") {
      for (std::size_t at = 0; at < value.size();) {
        const std::size_t end = std::min(value.find(',', at), value.size());
        if (end != at) out.pids.push_back(value.substr(at, end - at));
        at = end + 1;
      }
    } else {
      std::fprintf(stderr, "sip_load: what is %s?\n", text.c_str());
      std::exit(2);
    }
  }
  if (out.phones == 0 || out.phones > 60'000 || out.window == 0)
    std::fprintf(stderr, "sip_load: 1 to 60000 phones\n"), std::exit(2);
  out.server = endpoint(out.server_text);
  out.via = endpoint(via);
  if (out.domain.empty()) out.domain = via.substr(0, via.rfind(':'));
  return out;
}

Clock::time_point in(double seconds) {
  return Clock::now() + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
}
bool never() {
  return false;
}

int rates(Load& load, const Options& options, bool calls) {
  load.register_all(0);
  if (load.counts.registers != options.phones) {
    std::printf("phones=%u registered=%llu lost=%llu wrong=%llu: nothing was measured\n", options.phones,
                static_cast<unsigned long long>(load.counts.registers),
                static_cast<unsigned long long>(load.counts.lost),
                static_cast<unsigned long long>(load.counts.wrong));
    return 1;
  }
  load.begin_loop(calls ? Doing::calling : Doing::registering);
  if (options.count == 0) load.turn(never, in(0.5));  // warm
  const Counts before = load.counts;
  const double cpu = cpu_of(options.pids);
  const auto begin = Clock::now();
  if (options.count == 0)
    load.turn(never, in(options.seconds));
  else
    load.turn([&] { return load.counts.calls + load.counts.refused >= options.count; }, in(30));
  const double ran = std::chrono::duration<double>(Clock::now() - begin).count();
  const double spent = cpu_of(options.pids) - cpu;
  const Counts after = load.counts;
  const bool drained = load.end_loop();
  const auto done =
      static_cast<double>(calls ? after.calls - before.calls : after.registers - before.registers);
  const Counts& c = load.counts;
  std::printf(
      "phones=%u per_s=%.0f cpu=%.3f us_each=%.3f lost=%llu refused=%llu resent=%llu wrong=%llu "
      "octets=%zu kib=%ld\n",
      options.phones, done / ran, spent / ran, done > 0 ? spent / done * 1e6 : 0.0,
      static_cast<unsigned long long>(c.lost + (drained ? 0 : load.under_way())),
      static_cast<unsigned long long>(c.refused + c.later), static_cast<unsigned long long>(c.resent),
      static_cast<unsigned long long>(c.wrong), load.last_sizes[calls ? 1 : 0], resident_kib(options.pids));
  return c.lost + c.refused + c.wrong == 0 && drained ? 0 : 1;
}

int memory(Load& load, const Options& options) {
  const long before = resident_kib(options.pids);
  load.register_all(options.rate);
  const long at_once = resident_kib(options.pids);
  load.turn(never, in(options.wait));
  const long after = resident_kib(options.pids);
  std::printf(
      "phones=%u registered=%u kib_at_once=%.2f kib_per_phone=%.2f lost=%llu refused=%llu wrong=%llu\n",
      options.phones, load.back(), static_cast<double>(at_once - before) / options.phones,
      static_cast<double>(after - before) / options.phones, static_cast<unsigned long long>(load.counts.lost),
      static_cast<unsigned long long>(load.counts.refused + load.counts.later),
      static_cast<unsigned long long>(load.counts.wrong));
  return load.back() == options.phones ? 0 : 1;
}

int storm(Load& load, const Options& options) {
  load.register_all(options.rate * 4 / 5);
  load.turn([&] { return load.back() == options.phones; }, in(options.limit));
  if (load.back() != options.phones) {
    std::printf("phones=%u registered=%u: no storm\n", options.phones, load.back());
    return 1;
  }
  load.turn(never, in(2));
  const Counts before = load.counts;
  const double cpu = cpu_of(options.pids);
  load.be_deaf(options.outage > 0);
  load.begin_storm();
  load.turn(never, in(options.outage));
  load.be_deaf(false);
  const auto begin = Clock::now();
  auto looked = begin;
  const bool all = load.turn(
      [&] {
        const auto now = Clock::now();
        if (now - looked < kTick) return false;
        looked = now;
        return load.back() == options.phones;
      },
      in(options.limit));
  const double took = std::chrono::duration<double>(Clock::now() - begin).count();
  const Counts& c = load.counts;
  std::printf(
      "phones=%u back=%u seconds=%.2f peak=%u seen=%zu distinct=%zu later=%llu refused=%llu lost=%llu "
      "resent=%llu wrong=%llu cpu=%.2f kib=%ld\n",
      options.phones, load.back(), took, load.peak(), load.seen(), load.distinct(),
      static_cast<unsigned long long>(c.later - before.later),
      static_cast<unsigned long long>(c.refused - before.refused),
      static_cast<unsigned long long>(c.lost - before.lost),
      static_cast<unsigned long long>(c.resent - before.resent),
      static_cast<unsigned long long>(c.wrong - before.wrong), cpu_of(options.pids) - cpu,
      resident_kib(options.pids));
  return all ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string mode = argc > 1 ? argv[1] : "";
  if (mode != "register" && mode != "calls" && mode != "memory" && mode != "storm") {
    std::fprintf(stderr, "usage: sip_load register|calls|memory|storm server=A:P via=A:P [KEY=VALUE…]\n");
    return 2;
  }
  const Options options = options_from(argc, argv);
  static Load load(options);
  const int result = mode == "memory"  ? memory(load, options)
                     : mode == "storm" ? storm(load, options)
                                       : rates(load, options, mode == "calls");
  for (const auto& [status, times] : load.refusals())
    std::fprintf(stderr, "status %u: %llu times\n", status, static_cast<unsigned long long>(times));
  return result;
}
