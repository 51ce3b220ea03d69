#include "nat/core/stun/behaviour_probe.hpp"
#include "sbc/net/hop_probe.hpp"
#include "sbc/net/random.hpp"
#include "sbc/net/resolver.hpp"
#include "sbc/probe/check.hpp"
#include "sbc/probe/stun_sockets.hpp"

namespace dw::probe {
namespace {

doctor::NatBehaviour reported(nat::Behaviour behaviour) {
  switch (behaviour) {
    case nat::Behaviour::unknown:
      return doctor::NatBehaviour::unknown;
    case nat::Behaviour::endpoint_independent:
      return doctor::NatBehaviour::endpoint_independent;
    case nat::Behaviour::address_dependent:
      return doctor::NatBehaviour::address_dependent;
    case nat::Behaviour::address_and_port_dependent:
      return doctor::NatBehaviour::address_and_port_dependent;
  }
  return doctor::NatBehaviour::unknown;
}

class StunCheck final : public Check {
 public:
  StunCheck(const CheckContext& context, const Target& target, const Endpoint& at, Over over)
      : context_(context),
        target_(target),
        at_(at),
        over_(std::move(over)),
        timer_(context.loop, [this] { on_time(); }),
        probe_(at, net::random_u64) {
    const auto source = net::source_toward(at);
    if (!source) {
      context_.facts.stun_error = source.error().text;
      note_reach(context_.facts, target_, at_, doctor::PortState::failed, {}, source.error().text);
      timer_.arm_at({});
      return;
    }
    sockets_.emplace(context.loop, *source, [this](std::uint32_t socket, Bytes octets) {
      after(probe_.on_datagram(context_.loop.now(), socket, octets));
    });
    sockets_->on_undelivered([this](const net::Undelivered& undelivered) { on_undelivered(undelivered); });
    for (std::uint32_t socket = 0; socket < 2; ++socket) {
      if (const auto local = sockets_->local(socket)) probe_.set_local(socket, *local);
    }
    after(probe_.start(context.loop.now()));
  }

 private:
  void on_time() {
    if (!sockets_) return finish();
    after(probe_.on_deadline(context_.loop.now()));
  }
  void on_undelivered(const net::Undelivered& undelivered) {
    if (undelivered.peer != at_ || probe_.result().reflexive) return;
    context_.facts.stun_error = undelivered.why;
    note_reach(context_.facts, target_, at_, undelivered_state(undelivered.why), {}, std::string(undelivered.why));
    finish();
  }
  void after(const std::vector<nat::StunSend>& sends) {
    sockets_->send(sends);
    keep();
    if (probe_.done()) return finish();
    timer_.arm_at(*probe_.next_deadline());
  }
  /// Stores what is known so far, for a run that ends early.
  void keep() {
    const nat::BehaviourProbe::Result& r = probe_.result();
    doctor::NetworkFacts& facts = context_.facts;
    facts.stun_error = r.error;
    facts.local = sockets_->local(0);
    facts.reflexive = r.reflexive;
    facts.mapping = reported(r.mapping);
    facts.filtering = reported(r.filtering);
    facts.one_address = r.one_address;
    facts.hairpin = r.hairpin;
    if (r.reflexive && facts.local) facts.port_preserved = r.reflexive->port == facts.local->port;
    const bool answered = r.reflexive.has_value();
    if (answered || !r.error.empty())
      note_reach(facts, target_, at_, answered ? doctor::PortState::open : doctor::PortState::no_answer, r.round_trip,
                 {});
  }
  void finish() {
    timer_.cancel();
    if (const Over over = std::exchange(over_, {})) over();
  }

  CheckContext context_;
  Target target_;
  Endpoint at_;
  Over over_;
  net::Timer timer_;
  nat::BehaviourProbe probe_;
  std::optional<StunSockets> sockets_;
};

class HopCheck final : public Check {
 public:
  HopCheck(const CheckContext& context, const IpAddress& to, Over over)
      : probe_(context.loop, to, [&facts = context.facts, over = std::move(over)](std::vector<IpAddress> hops) {
          facts.hops = std::move(hops);
          over();
        }) {}

 private:
  net::HopProbe probe_;
};

}  // namespace

std::unique_ptr<Check> check_stun(const CheckContext& context, const Target& target, const Endpoint& at, Over over) {
  return std::make_unique<StunCheck>(context, target, at, std::move(over));
}
std::unique_ptr<Check> check_hops(const CheckContext& context, const IpAddress& to, Over over) {
  return std::make_unique<HopCheck>(context, to, std::move(over));
}

}  // namespace dw::probe
