#include <algorithm>
#include <vector>

#include "sbc/net/datagram_socket.hpp"
#include "sbc/net/resolver.hpp"
#include "sbc/probe/check.hpp"
#include "tftp-proxy/core/tftp_probe.hpp"

namespace dw::probe {
namespace {

using doctor::PortState;

/// Two sockets: the server answers one from the requested port, the other from a fresh port, which only some routers
/// let in. Silence on the second means something only if the first was answered.
class TftpCheck final : public Check {
 public:
  TftpCheck(const CheckContext& context, const Target& target, const Endpoint& at, std::optional<bool>& fresh_came,
            Over over)
      : context_(context),
        target_(target),
        at_(at),
        fresh_came_(fresh_came),
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
  static constexpr std::size_t kSame = 0, kFresh = 1;

  void open() {
    const auto source = net::source_toward(at_);
    if (!source) {
      error_ = source.error().text;
      return;
    }
    for (std::size_t i = 0; i < 2; ++i) {
      constexpr int kBuffer = 64 << 10;
      auto socket = net::DatagramSocket::open(context_.loop, {*source, 0}, {2048, kBuffer, kBuffer, 0});
      if (!socket) {
        error_ = socket.error().text;
        return;
      }
      sockets_.push_back(std::move(*socket));
      sockets_[i].receive([this, i](auto datagrams) { on_datagrams(i, datagrams); });
      sockets_[i].receive_errors([this](const net::Undelivered& undelivered) { on_undelivered(undelivered); });
    }
  }
  void send() {
    sent_ = context_.loop.now();
    for (std::size_t i = 0; i < 2; ++i) {
      const bool wanted = i == kSame ? !answered_ : !fresh_;
      if (!wanted) continue;
      const Buffer octets = tftp::make_probe(i == kSame ? tftp::ProbePort::same : tftp::ProbePort::fresh);
      sockets_[i].send(at_, {}, {}, octets);
      sockets_[i].flush();
    }
  }

  void on_datagrams(std::size_t which, std::span<const net::Datagram> datagrams) {
    for (const net::Datagram& d : datagrams) {
      if (d.peer.address != at_.address) continue;
      const auto answer = tftp::parse_probe_answer(d.octets);
      if (which == kFresh) {
        fresh_ |= answer && d.peer.port != at_.port;
      } else {
        answered_ = true;
        dropwire_ |= answer.has_value();
        note_reach(context_.facts, target_, at_, PortState::open, context_.loop.now() - sent_, {});
        if (!answer) end_transfer(which, d);
      }
    }
    if (answered_ && (fresh_ || !dropwire_)) finish();
  }
  /// A server that has the file starts to send it.
  void end_transfer(std::size_t which, const net::Datagram& d) {
    const auto packet = tftp::parse_packet(d.octets);
    if (!packet || std::holds_alternative<tftp::ErrorMessage>(*packet)) return;
    Buffer octets;
    ByteWriter writer(octets);
    write(writer, tftp::ErrorMessage{tftp::ErrorCode::not_defined, "Only looked whether you are there"});
    sockets_[which].send(d.peer, {}, {}, octets);
    sockets_[which].flush();
  }

  void on_undelivered(const net::Undelivered& undelivered) {
    if (answered_ || undelivered.peer != at_) return;
    error_ = undelivered.why;
    note_reach(context_.facts, target_, at_, undelivered_state(undelivered.why), {}, error_);
    answered_ = true;  // by something on the way, or by the server
    finish();
  }
  void on_silence() {
    if (!answered_) {
      note_reach(context_.facts, target_, at_, error_.empty() ? PortState::no_answer : PortState::failed, {}, error_);
    }
    finish();
  }
  void finish() {
    tries_.stop();
    if (dropwire_) fresh_came_ = fresh_;
    if (const Over over = std::exchange(over_, {})) over();
  }

  CheckContext context_;
  Target target_;
  Endpoint at_;
  std::optional<bool>& fresh_came_;
  Over over_;
  Tries tries_;
  std::vector<net::DatagramSocket> sockets_;
  TimePoint sent_{};
  bool answered_ = false, dropwire_ = false, fresh_ = false;
  std::string error_;
};

}  // namespace

std::unique_ptr<Check> check_tftp(const CheckContext& context, const Target& target, const Endpoint& at,
                                  std::optional<bool>& fresh_came, Over over) {
  return std::make_unique<TftpCheck>(context, target, at, fresh_came, std::move(over));
}

}  // namespace dw::probe
