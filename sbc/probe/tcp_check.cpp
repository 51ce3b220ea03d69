#include "sbc/net/random.hpp"
#include "sbc/net/tcp_stream.hpp"
#include "sbc/probe/check.hpp"
#include "sbc/probe/sip_answer.hpp"
#include "tftp-proxy/core/http_probe.hpp"

namespace dw::probe {
namespace {

constexpr std::size_t kMaxAnswer = 16 << 10;  // octets

using doctor::PortState;

class TcpCheck final : public Check {
 public:
  TcpCheck(const CheckContext& context, const Target& target, const Endpoint& at, Over over)
      : context_(context), target_(target), at_(at), over_(std::move(over)), timer_(context.loop, [this] {
          on_time();
        }) {
    began_ = context_.loop.now();
    timer_.arm_after(kCheckWithin);
    auto stream = net::TcpStream::connect(context_.loop, at, {},
                                          {[this] { on_connected(); }, [this](Bytes octets) { on_octets(octets); },
                                           [this](bool, std::string_view why) { on_end(why); }});
    if (stream) {
      stream_ = std::move(*stream);
    } else {
      error_ = stream.error().text;
      timer_.arm_at({});  // report from the loop, like everything else
    }
  }

 private:
  bool is_http() const { return target_.service == "http"; }
  bool is_sip() const { return target_.service == "sip"; }
  /// Only the first server of each protocol is checked for gateways.
  doctor::AlgProbe* alg() {
    if (is_http()) return &context_.facts.http_proxy;
    return is_sip() ? &alg_of(context_.facts, doctor::Transport::tcp) : nullptr;
  }

  void on_connected() {
    connected_ = true;
    note_reach(context_.facts, target_, at_, PortState::open, context_.loop.now() - began_, {});
    doctor::AlgProbe* const probe = alg();
    if (!probe || probe->tried) return finish();
    probe->tried = true;
    probe->error = "no answer";
    asking_ = true;
    asked_ = is_http() ? provisioning::make_http_probe(stream_.local(), at_.to_string())
                       : sip_probe(sip::Transport::tcp, stream_.local(), target_.host);
    stream_.send(as_bytes(asked_));
  }

  void on_octets(Bytes octets) {
    if (!asking_) return;
    answer_.append(as_text(octets));
    if (is_sip()) {
      if (answer_.find("\r\n\r\n") != answer_.npos) {
        take_sip_answer(*alg(), asked_, as_bytes(answer_));
        return finish();
      }
    } else {
      const auto report = provisioning::parse_http_probe(answer_);
      if (report) {
        alg()->error.clear();
        alg()->seen_from = report->seen_from;
        alg()->differences = differences_of(asked_, report->request);
        return finish();
      }
      if (report.error().code != Errc::truncated) {
        alg()->error = report.error().text;
        return finish();
      }
    }
    if (answer_.size() > kMaxAnswer) finish();
  }

  void on_end(std::string_view why) {
    if (!connected_) {
      const bool refused = why.find("refused") != why.npos;
      note_reach(context_.facts, target_, at_, refused ? PortState::refused : PortState::failed, {}, std::string(why));
    } else if (asking_ && alg()->error == "no answer") {
      alg()->error = "the connection ended without an answer";
    }
    finish();
  }

  void on_time() {
    if (!connected_) {
      note_reach(context_.facts, target_, at_, error_.empty() ? PortState::no_answer : PortState::failed, {}, error_);
    }
    finish();
  }

  void finish() {
    timer_.cancel();
    stream_ = {};
    if (const Over over = std::exchange(over_, {})) over();
  }

  CheckContext context_;
  Target target_;
  Endpoint at_;
  Over over_;
  net::Timer timer_;
  net::TcpStream stream_;
  TimePoint began_{};
  bool connected_ = false, asking_ = false;
  std::string error_, asked_, answer_;
};

}  // namespace

std::unique_ptr<Check> check_tcp(const CheckContext& context, const Target& target, const Endpoint& at, Over over) {
  return std::make_unique<TcpCheck>(context, target, at, std::move(over));
}

}  // namespace dw::probe
