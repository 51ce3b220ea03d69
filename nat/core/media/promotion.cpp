#include "nat/core/media/promotion.hpp"

namespace dw::nat {

namespace {
constexpr std::array kRtpPorts = {Port::phone_rtp, Port::central_rtp};
}  // namespace

Promotion::Promotion(FlowTable& table, RelaySession& session, const Places& places)
    : table_(table), session_(session), places_(places) {}

void Promotion::suspend(Port in) {
  Leg& leg = this->leg(in);
  if (!leg.started || std::exchange(leg.suspended, true)) return;
  leg.carried += session_.on_carried(in, *leg.path, table_.suspend(*leg.flow));
}

void Promotion::end(Port in) {
  suspend(in);
  Leg& leg = this->leg(in);
  if (leg.flow) table_.leave(*leg.flow);
  leg = {.carried = leg.carried};
}

void Promotion::demote() {
  for (const Port port : kRtpPorts)
    end(port);
}

void Promotion::settle() {
  for (const Port port : kRtpPorts) {
    Leg& leg = this->leg(port);
    if (leg.started && !leg.suspended) leg.carried += session_.on_carried(port, *leg.path, table_.read(*leg.flow));
  }
}

void Promotion::set_tos(std::uint8_t tos) {
  demote();
  places_.tos = tos;
}

void Promotion::before(Port in, const Endpoint& from) {
  // A packet that is a stranger's in any case does not interrupt the flow.
  if (leg(in).started && session_.may_hear(in, from)) suspend(in);
}

void Promotion::after(Port in, const Endpoint& from, bool taken, bool last) {
  for (const Port port : kRtpPorts) {
    Leg& leg = this->leg(port);
    if (!leg.flow) continue;
    if ((leg.started && taken && port == in) || session_.plain_path(port) != leg.path)
      end(port);
    else if (std::exchange(leg.suspended, false))
      table_.resume(*leg.flow);
  }
  Leg& leg = this->leg(in);
  if (!taken) return;
  if (leg.flow) {
    leg.started = last && table_.start(*leg.flow, session_.lend(in));
    return;
  }
  const auto path = session_.plain_path(in);
  if (!path || path != leg.path || path->from != from) {
    leg.path = path;
    leg.run = 0;
  }
  if (!path || path->from != from || ++leg.run < leg.wanted) return;
  enter(in);
}

void Promotion::enter(Port in) {
  Leg& leg = this->leg(in);
  const bool from_phone = on_phone_side(in);
  FlowRule rule{.at = from_phone ? places_.phone : places_.central,
                .from = leg.path->from,
                .out = from_phone ? places_.central : places_.phone,
                .to = leg.path->to,
                .ssrc = leg.path->ssrc,
                .tos = places_.tos,
                .formats = session_.expected_formats(in, FlowTable::kMaxFormats)};
  // Packets that may carry such events have to be seen here.
  std::erase_if(rule.formats, [](const MediaFormat& format) { return FaxSwitch::is_nse(format); });
  leg.flow = table_.enter(rule);
  leg.run = 0;
  leg.wanted = leg.flow ? kPackets : kAfterRefusal;
}

}  // namespace dw::nat
