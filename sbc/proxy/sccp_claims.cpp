#include "sbc/base/ids.hpp"
#include "sbc/net/neighbours.hpp"
#include "sbc/proxy/sccp_connection.hpp"
#include "sbc/proxy/sccp_proxy.hpp"

// A device name that two connections want (DECISIONS.md, "A device name that is registered twice").
namespace dw::proxy {
namespace {

std::string about_to_register(const sccp::Session& session) {
  return "a phone of that name is about to register from " + session.phone().address.to_string();
}

}  // namespace

/// The server must have seen the old connection end, or it may refuse the new one (sccp §3.10).
void SccpProxy::claim(Connection& c, Connection& old) {
  Connection* const first = claimant_of(old);
  if (first && first != &c) {
    const bool same = first->session.phone().address == c.session.phone().address;
    if (!same && evidence(c) <= evidence(*first)) return refuse_claim(c, about_to_register(first->session));
    if (same) {
      first->waits_for_old = false;
      hang_up(*first);
    } else {
      refuse_claim(*first, about_to_register(c.session));
    }
  }
  const sccp::NameClaim claim{old.session.phone().address == c.session.phone().address, old.session.registered(),
                              is_proven(c), evidence(c), evidence(old)};
  if (!old.closing && claim.loses_at_once()) return refuse_claim(c, about_to_register(old.session));
  old.successor = c.slot;
  c.waits_for_old = true;
  if (old.closing) return;
  if (claim.wins_at_once()) return supersede(old);
  if (old.asked) return;
  old.asked.emplace(loop_.now());
  sccp::Output out;
  old.session.ask_phone(out);
  perform(old, out);
}

SccpProxy::Connection* SccpProxy::claimant_of(const Connection& old) const {
  Connection* const c = old.successor ? slots_[*old.successor].get() : nullptr;
  const bool waits = c && !c->closing && c->waits_for_old && c->session.device() == old.session.device();
  return waits ? c : nullptr;
}

void SccpProxy::refuse_claim(Connection& c, const std::string& why) {
  c.waits_for_old = false;
  sccp::Output out;
  c.session.refuse("Registered elsewhere", why, out);
  perform(c, out);
}

/// Its MAC is that of its name, as far as our own LAN shows, or it took the file that is only for it.
bool SccpProxy::is_proven(const Connection& c) const {
  const IpAddress& address = c.session.phone().address;
  if (!options_.own_lan || !address.is_private()) return false;
  const auto device = DeviceName::parse(c.session.device());
  const auto mac = net::link_address(address);
  if (device && mac && device->mac_digits() == *mac) return true;
  return sinks_.took_its_config && sinks_.took_its_config(c.session.device(), address, kTookConfig);
}

/// A phone takes its configuration when it comes up; one that is registered may have done so long ago.
unsigned SccpProxy::evidence(const Connection& c) const {
  const IpAddress& address = c.session.phone().address;
  const Duration within = c.session.registered() ? Duration::max() : kTookConfig;
  const bool took = sinks_.took_its_config && sinks_.took_its_config(c.session.device(), address, within);
  return names_.evidence(c.session.device(), address, took);
}

void SccpProxy::look_at_answer(Connection& old) {
  using Answer = sccp::ClaimQuestion::Answer;
  const Answer answer = old.asked->on_deadline(loop_.now(), old.phone.all_acknowledged(), old.session.last_heard());
  if (answer == Answer::none_yet) return arm(old);
  old.asked.reset();
  Connection* const next = claimant_of(old);
  if (answer == Answer::silent && next) return supersede(old);
  old.successor.reset();
  if (next)
    refuse_claim(*next, "a phone of that name is registered from " + old.session.phone().address.to_string() +
                            ", and answers there");
  arm(old);
}

void SccpProxy::supersede(Connection& old) {
  ++superseded_;
  spdlog::info("event=superseded device={} peer={} a newer connection of the same phone takes its place",
               old.session.device(), old.session.phone().to_string());
  tell_step(old, phones::SignallingEvent::superseded, {});
  hang_up(old);
}

}  // namespace dw::proxy
