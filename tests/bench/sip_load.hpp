#pragma once
// The phones and their server.
#include <arpa/inet.h>
#include <poll.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "batch_socket.hpp"
#include "sip_messages.hpp"
#include "sip_reader.hpp"

namespace bench {

using Clock = std::chrono::steady_clock;
using std::string_view;
using std::chrono::milliseconds;

inline constexpr milliseconds kT1{500}, kT2{4000};
inline constexpr unsigned kRetransmissions = 10;     // sip_retx of the 7940's configuration
inline constexpr milliseconds kAllRefused{100'000};  // until a phone that was refused by all servers asks again
inline constexpr milliseconds kTick{20};             // timers are looked at so often
inline constexpr Clock::time_point kNever = Clock::time_point::max();

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
  Identity id;
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
      p.id = identity(n, options.domain, boot);
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
      const double part = static_cast<double>(i * 7919ULL % phones_.size()) / static_cast<double>(phones_.size());
      p.due = now_ + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(options_.spread * part));
    }
  }
  unsigned back() const {
    return static_cast<unsigned>(std::count_if(phones_.begin(), phones_.end(), [](auto& p) { return p.back; }));
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
    out.sin_port = htons(kPhonePort);
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
        append_register(out, p.id, p.cseq);
        last_sizes[0] = out.size();
        break;
      case Doing::calling:
        append_invite(out, p.id, p.call, p.cseq, options_.sdp);
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
    append_head(out, p.id, method, p.target, p.route, p.to, p.call, p.cseq, branch);
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
    const unsigned cseq = number_at(message_.cseq), status = message_.status();
    const string_view method = message_.method();
    if (method == "REGISTER") {
      if (p.doing == Doing::registering && cseq == p.cseq && status >= 200) on_registered(p, status);
    } else if (method == "INVITE") {
      if (message_.call_id.find(hex(p.call)) != string_view::npos) on_invite_answered(p, cseq, status);
    } else if (method == "BYE" && p.doing == Doing::hanging_up && cseq == p.cseq && status >= 200) {
      status == 200 ? ++counts.calls : ++counts.refused;
      if (status != 200) ++refusals_[status];
      rest(p);
    }
  }
  void on_registered(Phone& p, unsigned status) {
    if (status == 200) {
      std::string own = "sip:";
      append(own, p.id.user, "@", p.id.address, ":", kPhonePort);
      if (!message_.contact_uri().starts_with(own)) ++counts.wrong;
      ++counts.registers;
      p.back = true;
      return rest(p);
    }
    ++refusals_[status];
    const unsigned seconds = number_at(message_.retry_after);
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
      append(uri, kCalled, "@", p.id.domain, ";user=phone");
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
      if (n < phones_.size()) distinct_.insert(static_cast<std::uint64_t>(n) << 32 | number_at(message_.cseq));
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
      append(more_, "Contact: <sip:", kCalled, "@", options_.server_text, ">\r\n");
      reply("100 Trying", {}, {});
      reply("180 Ringing", more_, {});
      body_.clear();
      if (!message_.body.empty()) {
        append_sdp(body_, "-", "127.0.0.20", 30000);
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
    return at == string_view::npos ? phones_.size() : number_at(message_.from.substr(at + 4)) - kFirstLine;
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
  BatchSocket phone_socket_, server_socket_;
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

}  // namespace bench
