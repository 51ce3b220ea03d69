#include <algorithm>

#include "sbc/proxy/sccp_connection.hpp"

// How the SCCP proxy finds a phone's call server.
namespace dw::proxy {

void SccpProxy::try_next(Connection& c) {
  const auto picked = servers_.pick(c.tried, sinks_.home_of ? sinks_.home_of(c.session.device()) : HostPort{});
  if (!picked) return no_server_left(c);
  c.target = *picked;
  c.tried.push_back(*picked);
  c.next_address = 0;
  if (!servers_.takes(loop_.now(), c.target)) return wait_for_turn(c);
  look_up(c);
}

/// Logged once, when it begins. The line of the server that comes back says how many phones were sent away.
void SccpProxy::no_server_left(Connection& c) {
  ++no_server_;
  const std::string why = options_.servers.empty() ? "no call server is configured (central.sccp.servers)"
                          : c.failure.empty()      ? servers_.last_failure(loop_.now())
                                                   : c.failure;
  if (!let_go_) {
    refused_.warn("event=no_server device={} peer={} reason=\"{}\" phones are let go until one is back",
                  c.session.device(), c.session.phone().to_string(), escaped(why));
  }
  let_go_ = let_go_.value_or(0) + 1;
  report_step(c, SignallingEvent::no_server, why);
  hang_up(c);
}

void SccpProxy::wait_for_turn(Connection& c) {
  if (waiting_.size() <= c.target) waiting_.resize(c.target + 1);
  if (waiting_[c.target].size() >= kMaxWaiting) return try_next(c);
  c.turn = ++last_turn_;
  waiting_[c.target].push_back({c.slot, c.turn, loop_.now() + kLongestWait});
  if (!turns_timer_.armed()) turns_timer_.arm_after(kTurns);
}

void SccpProxy::look_whose_turn() {
  const TimePoint now = loop_.now();
  bool left = false;
  for (std::size_t server = 0; server < waiting_.size(); ++server) {
    // What follows may append to the queues, but takes nothing from them.
    while (!waiting_[server].empty()) {
      const Turn next = waiting_[server].front();
      Connection* const c = slots_[next.slot].get();
      const bool waits = c && !c->closing && c->turn == next.number;
      const bool too_long = next.until <= now;
      if (waits && !too_long && !servers_.takes(now, server)) break;
      waiting_[server].pop_front();
      if (!waits) continue;
      c->turn = 0;
      if (too_long) {
        try_next(*c);
      } else {
        look_up(*c);
      }
    }
    left = left || !waiting_[server].empty();
  }
  if (left) turns_timer_.arm_after(kTurns);
}

void SccpProxy::look_up(Connection& c) {
  auto& server = servers_.at(c.target);
  if (!server.addresses.empty() && loop_.now() - server.looked_up < kLookupKept) return connect(c);
  c.lookup = std::make_unique<net::Lookup>(loop_, server.name.host, [this, &c](Result<std::vector<IpAddress>> found) {
    auto& asked = servers_.at(c.target);
    if (found) {
      asked.addresses = std::move(*found);
      asked.addresses.resize(std::min(asked.addresses.size(), kMaxAddresses));
      asked.looked_up = loop_.now();
      options_.session.call_servers = servers_.addresses();
    }
    if (asked.addresses.empty()) return connect_failed(c, found.error().text);
    connect(c);  // with the addresses known before, if the name can't be resolved now
  });
}

/// Audio may come from servers that no phone is registered with.
void SccpProxy::look_up_others() {
  for (const std::size_t number : servers_.order()) {
    auto& [lookup, asked] = lookups_[number];
    if (lookup && loop_.now() - asked < kLookedUpAgain) continue;
    asked = loop_.now();
    lookup = std::make_unique<net::Lookup>(loop_, servers_.at(number).name.host,
                                           [this, number](Result<std::vector<IpAddress>> found) {
                                             if (!found || found->empty()) return;
                                             found->resize(std::min(found->size(), kMaxAddresses));
                                             servers_.at(number).addresses = std::move(*found);
                                             servers_.at(number).looked_up = loop_.now();
                                             options_.session.call_servers = servers_.addresses();
                                           });
  }
  options_.session.call_servers = servers_.addresses();
}

void SccpProxy::connect(Connection& c) {
  const auto& server = servers_.at(c.target);
  if (c.next_address >= server.addresses.size()) return connect_failed(c, "no address is left");
  c.server_at = {server.addresses[c.next_address++], server.name.port};
  auto stream =
      net::TcpStream::connect(loop_, c.server_at, source_for(c),
                              {[this, &c] { connected(c); },
                               [this, &c](Bytes octets) {
                                 sccp::Output out;
                                 if (c.closing) return;
                                 if (tap_->on()) tap(c, WireRecord::Side::central, false, octets);
                                 servers_.heard(loop_.now(), c.target);
                                 c.session.on_server(loop_.now(), octets, out);
                                 perform(c, out);
                               },
                               [this, &c](bool clean, std::string_view why) { server_ended(c, clean, why); }});
  if (!stream) return connect_failed(c, stream.error().text);
  c.server = std::move(*stream);
  c.connect_until = loop_.now() + options_.connect_timeout;
  arm(c);
}

IpAddress SccpProxy::source_for(Connection& c) {
  if (options_.source_addresses.empty()) return {};
  if (!c.source) {
    c.source = *std::ranges::min_element(options_.source_addresses, {},
                                         [this](const IpAddress& address) { return source_use_[address]; });
    ++source_use_[c.source];
  }
  return c.source;
}

void SccpProxy::connect_failed(Connection& c, const std::string& why) {
  c.connect_until.reset();
  c.server = {};
  if (c.next_address != 0 && c.next_address < servers_.at(c.target).addresses.size()) return connect(c);
  c.failure = fmt::format("{}: {}", servers_.at(c.target).name.to_string(), why);
  server_failed(c.target, why);
  try_next(c);
}

void SccpProxy::server_failed(std::size_t server, std::string why) {
  if (servers_.failed(loop_.now(), server, why))
    spdlog::warn("event=server_down server={} reason=\"{}\"", servers_.at(server).name.to_string(), escaped(why));
  probes_.arm();
}

void SccpProxy::server_worked(std::size_t server) {
  if (const auto away = servers_.worked(loop_.now(), server)) {
    spdlog::info("event=server_up server={} away=\"{}\" phones_let_go={}", servers_.at(server).name.to_string(),
                 to_words(*away), let_go_.value_or(0));
  }
  let_go_.reset();
  probes_.arm();
}

void SccpProxy::connected(Connection& c) {
  c.connect_until.reset();
  server_worked(c.target);
  ++servers_.at(c.target).phones;
  c.counted = true;
  look_up_others();
  const IpAddress local = c.server.local().address;
  sccp::Output out;
  c.session.on_server_connected(
      loop_.now(), {local, options_.central_advertise.value_or(mapped_.value_or(local)), c.server_at}, out);
  perform(c, out);
}

}  // namespace dw::proxy
