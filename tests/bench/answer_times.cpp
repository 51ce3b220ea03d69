// How long healthy phones wait for an answer: 50 of them, each at an address of its own, registered by SIP, register
// again, call, and fetch a file by TFTP and by HTTP, in turns. Their central server, which answers at once, is in here
// too.
//
//   answer_times DAEMON SERVER FIRST_PHONE SECONDS FILE
//
// DAEMON is the address of Dropwire with its usual ports, SERVER that of the SIP server (port 5060), FIRST_PHONE that
// of the first phone; the others count up. FILE is of less than 512 octets. A line for each kind: how many, p50, p99
// and the longest, in ms, from the first octet that was sent until the first that came back (of a call: 100 Trying),
// and how many were refused, or had no answer in 10 s.
#include <poll.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "sbc/base/time.hpp"
#include "tests/lab/sccp_stream.hpp"
#include "tests/support/sip_text.hpp"

namespace {

using namespace dw;
using namespace std::chrono_literals;

constexpr unsigned kPhones = 50;
constexpr Duration kBetween = 600ms;  // actions of a phone: 25 calls a minute
constexpr Duration kPatience = 10s, kAgain = 500ms;

enum Kind : std::size_t { registers, calls, tftp, http, kKinds };
constexpr std::array<const char*, kKinds> kNames = {"REGISTER", "INVITE", "TFTP", "HTTP"};

struct Times {
  std::vector<double> ms;
  unsigned lost = 0;
};

struct Setting {
  IpAddress daemon, server;
  std::string file;
};

/// One phone, which does one thing at a time.
class Phone {
 public:
  Phone(const Setting& setting, const IpAddress& at, unsigned n)
      : setting_(setting), at_(at), number_(n), sip_({at, 5060}), next_(Clock::now() + n * kBetween / kPhones) {}

  void step(TimePoint now, std::array<Times, kKinds>& times, bool counts) {
    hear(now, times, counts);
    if (waiting_ && now >= began_ + kPatience) {
      times[kind_].lost += counts ? 1 : 0;
      over();
    } else if (waiting_ && now >= sent_ + kAgain && kind_ != http) {
      send(now);
    } else if (!waiting_ && now >= next_) {
      next_ = std::max(next_ + kBetween, now);
      begin(now);
    }
  }
  void add_polls(std::vector<pollfd>& polls) const {
    polls.push_back({sip_.fd(), POLLIN, 0});
    if (tftp_) polls.push_back({tftp_->fd(), POLLIN, 0});
    if (http_) polls.push_back({http_->fd(), http_->wanted(), 0});
  }

 private:
  void begin(TimePoint now) {
    kind_ = static_cast<Kind>(registered_ ? turn_++ % kKinds : 0);
    waiting_ = true;
    began_ = now;
    ++call_;
    if (kind_ == tftp) tftp_ = std::make_unique<lab::UdpPort>(Endpoint{at_, 0});
    if (kind_ == http) http_ = std::make_unique<lab::TcpStream>(Endpoint{setting_.daemon, 6970}, at_);
    send(now);
  }
  void over() {
    waiting_ = false;
    http_.reset();
  }
  sim::SipText request(const std::string& method) const {
    const std::string own = std::to_string(1000 + number_), id = own + "-" + std::to_string(call_),
                      host = setting_.daemon.to_string();
    sim::SipText m;
    m.first = method + " sip:" + (method == "REGISTER" ? "" : "600@") + host + " SIP/2.0";
    m.add("Via", "SIP/2.0/UDP " + at_.to_string() + ":5060;rport;branch=z9hG4bK" + id);
    m.add("Max-Forwards", "70").add("From", "<sip:" + own + "@" + host + ">;tag=f" + id);
    m.add("To", "<sip:" + (method == "REGISTER" ? own : std::string("600")) + "@" + host + ">");
    m.add("Call-ID", method == "REGISTER" ? "r" + own : "c" + id).add("CSeq", std::to_string(call_) + " " + method);
    m.add("Contact", "<sip:" + own + "@" + at_.to_string() + ":5060>");
    if (method == "REGISTER") m.add("Expires", "3600");
    if (method == "INVITE") m.with_body("application/sdp", sim::sip_sdp({at_, 16384}));
    return m;
  }
  void send(TimePoint now) {
    sent_ = now;
    if (kind_ == registers || kind_ == calls) {
      invite_ = request(kind_ == registers ? "REGISTER" : "INVITE");
      sip_.send({setting_.daemon, 5060}, as_bytes(invite_.str()));
    } else if (kind_ == tftp) {
      tftp_->send({setting_.daemon, 69},
                  as_bytes(std::string("\0\1", 2) + setting_.file + std::string("\0octet\0", 7)));
    } else {
      http_->write(as_bytes("GET /" + setting_.file + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"));
    }
  }
  void answered(TimePoint now, std::array<Times, kKinds>& times, bool counts) {
    if (counts) times[kind_].ms.push_back(std::chrono::duration<double, std::milli>(now - began_).count());
    over();
  }
  void hear(TimePoint now, std::array<Times, kKinds>& times, bool counts) {
    Buffer octets;
    Endpoint from;
    while (sip_.receive(octets, from)) {
      const auto m = sim::SipText::read(as_text(octets));
      if (!m) continue;
      if (m->is_request()) {
        sip_.send(from, as_bytes(sim::sip_answer(*m, 200, "o").str()));  // its OPTIONS
        continue;
      }
      if (m->method() == "INVITE" && m->status() >= 300) {
        sim::SipText ack = request("ACK");
        ack.set("Via", m->get("Via"))
            .set("To", m->get("To"))
            .set("From", m->get("From"))
            .set("Call-ID", m->get("Call-ID"));
        sip_.send(from, as_bytes(ack.set("CSeq", std::to_string(m->cseq()) + " ACK").drop("Contact").str()));
      }
      if (!waiting_ || m->cseq() != call_) continue;
      if (kind_ == registers && m->method() == "REGISTER" && m->status() == 200) {
        registered_ = true;
        answered(now, times, counts);
      } else if (kind_ == calls && m->method() == "INVITE" && (m->status() == 100 || m->status() == 486)) {
        answered(now, times, counts);
      } else if (m->status() >= 300) {  // refused
        times[kind_].lost += counts ? 1 : 0;
        over();
      }
    }
    while (tftp_ && tftp_->receive(octets, from)) {
      if (octets.size() < 4 || octets[1] != 3) continue;  // DATA
      tftp_->send(from, as_bytes(std::string("\0\4\0\1", 4)));
      if (waiting_ && kind_ == tftp) answered(now, times, counts);
    }
    if (!http_) return;
    if (http_->connecting()) {
      pollfd one{http_->fd(), POLLOUT, 0};
      if (poll(&one, 1, 0) != 1 || !http_->settle()) return;
    }
    http_->flush();
    if (!http_->read().empty()) answered(now, times, counts);
  }

  const Setting& setting_;
  IpAddress at_;
  unsigned number_, call_ = 0;
  std::size_t turn_ = 0;
  lab::UdpPort sip_;
  std::unique_ptr<lab::UdpPort> tftp_;
  std::unique_ptr<lab::TcpStream> http_;
  TimePoint next_, began_{}, sent_{};
  Kind kind_ = registers;
  bool waiting_ = false, registered_ = false;
  sim::SipText invite_;
};

// Takes every registration, and is busy.
void serve(const lab::UdpPort& port) {
  Buffer octets;
  Endpoint from;
  while (port.receive(octets, from)) {
    const auto m = sim::SipText::read(as_text(octets));
    if (!m || !m->is_request() || m->method() == "ACK") continue;
    sim::SipText answer = sim::sip_answer(*m, m->method() == "INVITE" ? 486 : 200, "s");
    if (m->method() == "REGISTER") answer.add("Contact", m->get("Contact") + ";expires=3600");
    port.send(from, as_bytes(answer.str()));
  }
}

void print_times(const char* name, Times& times) {
  std::ranges::sort(times.ms);
  const auto at = [&](double part) {
    return times.ms.empty() ? 0.0
                            : times.ms[std::min(times.ms.size() - 1,
                                                static_cast<std::size_t>(part * static_cast<double>(times.ms.size())))];
  };
  std::printf("%s n=%zu p50=%.2f p99=%.2f max=%.2f lost=%u\n", name, times.ms.size(), at(0.5), at(0.99), at(1),
              times.lost);
}

}  // namespace

int main(int argc, char** argv) {
  const auto daemon = IpAddress::parse(argc > 1 ? argv[1] : ""), server = IpAddress::parse(argc > 2 ? argv[2] : ""),
             first = IpAddress::parse(argc > 3 ? argv[3] : "");
  if (argc != 6 || !daemon || !server || !first) {
    std::fputs("usage: answer_times DAEMON SERVER FIRST_PHONE SECONDS FILE\n", stderr);
    return 2;
  }
  const Setting setting{*daemon, *server, argv[5]};
  const lab::UdpPort central({*server, 5060});
  if (!central.ok()) {
    std::fprintf(stderr, "port 5060 of %s is taken\n", argv[2]);
    return 2;
  }
  std::vector<std::unique_ptr<Phone>> phones;
  for (unsigned n = 0; n < kPhones; ++n)
    phones.push_back(std::make_unique<Phone>(setting, IpAddress::v4(first->v4_host_order() + n), n));
  std::array<Times, kKinds> times;
  // The first seconds, in which all register, are not counted.
  const TimePoint counted = Clock::now() + 3s, end = counted + std::chrono::seconds(std::atol(argv[4]));
  for (TimePoint now = Clock::now(); now < end; now = Clock::now()) {
    serve(central);
    std::vector<pollfd> polls{{central.fd(), POLLIN, 0}};
    for (const auto& phone : phones) {
      phone->step(now, times, now >= counted);
      phone->add_polls(polls);
    }
    (void)poll(polls.data(), polls.size(), 2);
  }
  for (std::size_t kind = 0; kind < kKinds; ++kind)
    print_times(kNames[kind], times[kind]);
}
