#include <fmt/format.h>

#include <vector>

#include "sbc/net/datagram_socket.hpp"
#include "sbc/net/random.hpp"
#include "sbc/net/resolver.hpp"
#include "sbc/probe/check.hpp"
#include "sbc/probe/sip_answer.hpp"

namespace dw::probe {

std::string sip_probe(sip::Transport transport, const Endpoint& local, const std::string& host) {
  const std::string in_uri = host.find(':') == host.npos ? host : "[" + host + "]";
  return sip::make_probe({transport, local, in_uri, fmt::format("{:016x}", net::random_u64())});
}

bool take_sip_answer(doctor::AlgProbe& into, const std::string& asked, Bytes answer) {
  sip::Message sent, message;
  if (!sent.parse(as_bytes(asked)) || !message.parse(answer) || message.is_request() ||
      !message.call_id().starts_with(sent.call_id().substr(0, sent.call_id().find('@'))))
    return false;
  const auto received = sip::received_in(message);
  if (!received) {
    into.error = fmt::format("the server is no Dropwire: it answers {}", message.status());
    return true;
  }
  into.error.clear();
  into.differences = differences_of(asked, *received);
  return true;
}

namespace {

class SipCheck final : public Check {
 public:
  SipCheck(const CheckContext& context, const Target& target, const Endpoint& at, Over over)
      : context_(context),
        target_(target),
        at_(at),
        over_(std::move(over)),
        tries_(
            context.loop, [this] { send(); }, [this] { on_silence(); }) {
    open();
    if (error_.empty()) {
      tries_.begin();
    } else {
      tries_.fail();
    }
  }

 private:
  void open() {
    const auto source = net::source_toward(at_);
    if (!source) {
      error_ = source.error().text;
      return;
    }
    constexpr int kBuffer = 64 << 10;
    auto socket = net::DatagramSocket::open(context_.loop, {*source, 0}, {4096, kBuffer, kBuffer, 0});
    if (!socket) {
      error_ = socket.error().text;
      return;
    }
    socket_.push_back(std::move(*socket));
    socket_[0].receive([this](auto datagrams) { on_datagrams(datagrams); });
    socket_[0].receive_errors([this](const net::Undelivered& undelivered) { on_undelivered(undelivered); });
    asked_ = sip_probe(sip::Transport::udp, socket_[0].local(), target_.host);
  }
  void send() {
    sent_ = context_.loop.now();
    socket_[0].send(at_, {}, {}, as_bytes(asked_));
    socket_[0].flush();
  }

  void on_datagrams(std::span<const net::Datagram> datagrams) {
    for (const net::Datagram& d : datagrams) {
      doctor::AlgProbe answer{doctor::Transport::udp, true, {}, {}, {}};
      if (d.peer.address != at_.address || !take_sip_answer(answer, asked_, d.octets)) continue;
      if (doctor::AlgProbe& alg = alg_of(context_.facts, doctor::Transport::udp); !alg.known()) alg = answer;
      note_reach(context_.facts, target_, at_, doctor::PortState::open, context_.loop.now() - sent_, {});
      return finish();
    }
  }

  void on_undelivered(const net::Undelivered& undelivered) {
    if (undelivered.peer != at_) return;
    error_ = undelivered.why;
    if (doctor::AlgProbe& alg = alg_of(context_.facts, doctor::Transport::udp); !alg.known()) {
      alg.tried = true;
      alg.error = error_;
    }
    note_reach(context_.facts, target_, at_, undelivered_state(undelivered.why), {}, error_);
    finish();
  }
  void on_silence() {
    if (doctor::AlgProbe& alg = alg_of(context_.facts, doctor::Transport::udp); !alg.known()) {
      alg.tried = true;
      alg.error = error_.empty() ? "no answer" : error_;
    }
    note_reach(context_.facts, target_, at_, error_.empty() ? doctor::PortState::no_answer : doctor::PortState::failed,
               {}, error_);
    finish();
  }
  void finish() {
    tries_.stop();
    if (const Over over = std::exchange(over_, {})) over();
  }

  CheckContext context_;
  Target target_;
  Endpoint at_;
  Over over_;
  Tries tries_;
  std::vector<net::DatagramSocket> socket_;  // one or none
  TimePoint sent_{};
  std::string asked_, error_;
};

}  // namespace

std::unique_ptr<Check> check_sip_udp(const CheckContext& context, const Target& target, const Endpoint& at, Over over) {
  return std::make_unique<SipCheck>(context, target, at, std::move(over));
}

}  // namespace dw::probe
