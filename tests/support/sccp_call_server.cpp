#include "tests/support/sccp_call_server.hpp"

#include <fmt/core.h>

#include <algorithm>

namespace dw::sim {

namespace {

using Kind = ServerEvent::Kind;

std::uint32_t seconds_of(Duration d) {
  return static_cast<std::uint32_t>(std::chrono::duration_cast<std::chrono::seconds>(d).count());
}

}  // namespace

ServerTurn SccpCallServer::connected(TimePoint now, int connection, Endpoint peer, IpAddress local) {
  Connection& added = connections_[connection];
  added = Connection{};
  added.peer = peer;
  added.local = local;
  added.heard = now;
  added.manners = manners_of(options_.dialect, 11);
  added.framer = SccpFramer(added.manners.largest_frame);
  return finish();
}

ServerTurn SccpCallServer::on_octets(TimePoint now, int connection, Bytes octets) {
  const auto found = connections_.find(connection);
  if (found == connections_.end()) return finish();
  found->second.framer.add(octets);
  while (connections_.contains(connection)) {
    const auto frame = connections_[connection].framer.next();
    if (!frame) break;
    take(now, connection, *frame);
  }
  if (!connections_.contains(connection)) return finish();
  const Connection& after = connections_[connection];
  const bool piece = after.manners.whole_headers && after.framer.held() > 0 && after.framer.held() < 12;
  if (after.framer.broken() || piece) {
    problem(connection, piece ? "a header came in pieces" : "the stream can't be cut into frames");
    hang_up(connection);
  }
  return finish();
}

ServerTurn SccpCallServer::disconnected(TimePoint, int connection) {
  if (!connections_.contains(connection)) return finish();
  hang_up(connection);
  std::erase(turn_.closes, connection);
  std::erase_if(turn_.writes, [&](const auto& write) { return write.first == connection; });
  return finish();
}

ServerTurn SccpCallServer::on_deadline(TimePoint now) {
  std::vector<int> silent;
  for (const auto& [number, c] : connections_) {
    const auto patience = std::chrono::duration_cast<Duration>(options_.keepalive * c.manners.expiry);
    if (now >= c.heard + patience) silent.push_back(number);
  }
  for (const int number : silent) {
    tell({.kind = Kind::expired, .device = connections_[number].device});
    hang_up(number);
  }
  return finish();
}

std::optional<TimePoint> SccpCallServer::next_deadline() const {
  std::optional<TimePoint> next;
  for (const auto& [number, c] : connections_) {
    const TimePoint at = c.heard + std::chrono::duration_cast<Duration>(options_.keepalive * c.manners.expiry);
    if (!next || at < *next) next = at;
  }
  return next;
}

ServerTurn SccpCallServer::reset(TimePoint, std::string_view device, std::uint32_t kind) {
  for (const auto& [number, c] : connections_) {
    if (c.registered && c.device == device) send(number, id::kReset, Body(4).u32(0, kind).take());
  }
  return finish();
}

std::size_t SccpCallServer::registered() const {
  return static_cast<std::size_t>(
      std::ranges::count_if(connections_, [](const auto& entry) { return entry.second.registered; }));
}

void SccpCallServer::send(int connection, std::uint32_t message, Buffer body) {
  const Manners& manners = connections_[connection].manners;
  const bool plain = message == id::kRegisterAck || message == id::kUnregisterAck || message == id::kKeepAliveAck;
  const bool media = message == id::kOpenReceive || message == id::kStartMedia || message == id::kCloseReceive ||
                     message == id::kStopMedia || message == id::kStatisticsReq || message == id::kServerRes;
  SccpFrame frame{plain ? 0 : media ? manners.media_header : manners.header, message, std::move(body)};
  turn_.writes.emplace_back(connection, to_octets(frame));
  traffic_.push_back({true, connection, std::move(frame)});
}

void SccpCallServer::problem(int connection, std::string text) {
  tell({.kind = Kind::problem, .device = connections_[connection].device, .text = text});
  problems_.push_back(std::move(text));
}

void SccpCallServer::hang_up(int connection) {
  const Connection gone = connections_[connection];
  // The far parties hear of it; this phone no longer does.
  std::vector<unsigned> own;
  for (const auto& [key, l] : legs_) {
    if (l.connection == connection) own.push_back(key);
  }
  for (const unsigned key : own)
    end(key, true);
  if (gone.registered) tell({.kind = Kind::unregistered, .device = gone.device});
  connections_.erase(connection);
  turn_.closes.push_back(connection);
}

void SccpCallServer::take(TimePoint now, int connection, const SccpFrame& frame) {
  traffic_.push_back({false, connection, frame});
  Connection& from = connections_[connection];
  // chan_skinny counts keepalives alone, the others any octet (sccp.md §1.6).
  if (frame.id == id::kKeepAlive || options_.dialect != Dialect::chan_skinny || !from.registered) from.heard = now;
  if (frame.id >= 0x0080 && frame.id != id::kStartMediaAck && frame.id != id::kEnhancedAlarm) {
    problem(connection, "a server's own message came back: " + to_string(frame));
    return;
  }
  if (frame.version != 0 && from.registered && frame.version != from.manners.version) {
    problem(connection, "header version is not the agreed one: " + to_string(frame));
  }
  if (take_session(connection, frame)) return;
  if (!from.registered) {
    problem(connection, "before registration: " + to_string(frame));
    return;
  }
  if (take_query(connection, frame) || take_user(connection, frame)) return;
  if (frame.id == id::kOpenReceiveAck) on_open_ack(connection, frame.body);
  if (frame.id == id::kStartMediaAck) on_start_ack(connection, frame.body);
}

bool SccpCallServer::take_session(int connection, const SccpFrame& frame) {
  const Manners& manners = connections_[connection].manners;
  switch (frame.id) {
    case id::kKeepAlive:
      if (options_.answer_keepalives) send(connection, id::kKeepAliveAck);
      return true;
    case id::kRegister:
      on_register(connection, frame.body);
      return true;
    case id::kIpPort:
    case id::kAlarm:
    case id::kEnhancedAlarm:
      return true;
    case id::kTokenReq:
      if (manners.answers_queries && options_.dialect != Dialect::freeswitch) send(connection, id::kTokenAck);
      return true;
    case id::kUnregister:
      if (manners.acks_unregister) send(connection, id::kUnregisterAck, Body(4).take());
      hang_up(connection);
      return true;
    default:
      return false;
  }
}

std::string SccpCallServer::extension_for(const std::string& device) {
  if (const auto known = options_.devices.find(device); known != options_.devices.end()) return known->second;
  if (options_.guests_from.empty()) return {};
  std::string extension = std::to_string(std::stoul(options_.guests_from) + guests_++);
  options_.devices.emplace(device, extension);  // it keeps it when it comes again
  return extension;
}

void SccpCallServer::reject(int connection, const std::string& device, const std::string& text) {
  send(connection, id::kRegisterReject,
       Body(options_.dialect == Dialect::chan_skinny ? 36 : 32).text(0, 32, text).take());
  tell({.kind = Kind::rejected, .device = device, .text = text});
  hang_up(connection);
}

// True when the new session goes on.
bool SccpCallServer::settle_crossover(int connection, const std::string& device) {
  int old = connection;
  for (const auto& [number, c] : connections_) {
    if (number != connection && c.registered && c.device == device) old = number;
  }
  if (old == connection) return true;
  const bool refuse = connections_[old].manners.rejects_crossover;
  hang_up(old);
  if (refuse) reject(connection, device, "Crossover session");
  return !refuse;
}

void SccpCallServer::on_register(int connection, Bytes body) {
  const std::string device = text_at(body, 0, 16);
  if (body.size() < 36) return problem(connection, "Register is too short");
  const std::string extension = extension_for(device);
  if (extension.empty()) return reject(connection, device, "No Authority: " + device);
  if (!settle_crossover(connection, device)) return;
  Connection& from = connections_[connection];
  from.device = device;
  from.extension = extension;
  from.manners = manners_of(options_.dialect, std::min(u8_at(body, 40), options_.newest_version));
  from.registered = true;
  tell({.kind = Kind::registered,
        .device = device,
        .text = extension,
        .version = from.manners.version,
        .remote = from.peer,
        .station = ipv4_at(body, 24)});
  if (from.manners.lamps_before_ack) {
    send(connection, id::kSetLamp, Body(12).u32(0, 15).u32(4, 1).u32(8, 1).take());
    send(connection, id::kSetLamp, Body(12).u32(0, 15).u32(8, 1).take());
  }
  send_register_ack(connection);
  send(connection, id::kCapabilitiesReq);
}

void SccpCallServer::send_register_ack(int connection) {
  const Manners& manners = connections_[connection].manners;
  const std::uint32_t seconds = seconds_of(options_.keepalive);
  Body body(options_.short_register_ack ? 12 : manners.ack_size);
  body.u32(0, seconds).text(4, 6, "D/M/Y").u32(12, seconds).u8(16, manners.ack_version);
  if (options_.dialect == Dialect::chan_sccp) body.u8(17, 0x20).u8(18, 0xF1).u8(19, 0xFF);
  send(connection, id::kRegisterAck, body.take());
}

bool SccpCallServer::take_query(int connection, const SccpFrame& frame) {
  const Connection& from = connections_[connection];
  const bool answers = from.manners.answers_queries;
  switch (frame.id) {
    case id::kButtonTemplateReq:
      send(connection, id::kButtonTemplate, Body(96).u32(4, 1).u32(8, 1).u8(12, 1).u8(13, 9).take());
      return true;
    case id::kSoftKeyTemplateReq:
      send(connection, id::kSoftKeyTemplate,
           Body(options_.dialect == Dialect::chan_sccp ? 1292 : 652).u32(4, 32).u32(8, 32).take());
      return true;
    case id::kSoftKeySetReq:
      send(connection, id::kSoftKeySet, Body(780).u32(4, 13).u32(8, 13).take());
      send(connection, id::kSelectSoftKeys, Body(16).u32(12, 0xFFFF).take());
      return true;
    case id::kConfigStatReq:
      if (answers) {
        send(connection, id::kConfigStat,
             Body(112)
                 .text(0, 16, from.device)
                 .u32(20, 1)
                 .text(24, 40, from.device)
                 .text(64, 40, "callserver")
                 .u32(104, 1)
                 .take());
      }
      return true;
    case id::kLineStatReq:
      send_line_stat(connection);
      return true;
    case id::kForwardStatReq:
      if (answers) send(connection, id::kForwardStat, Body(96).u32(4, 1).take());
      return true;
    case id::kFeatureStatReq:
      if (answers && options_.dialect == Dialect::cucm) send(connection, id::kFeatureStat, Body(52).u32(0, 1).take());
      return true;
    case id::kTimeDateReq:
      send(connection, id::kTimeDate, Body(36).u32(0, 2026).u32(4, 11).u32(12, 22).u32(16, 20).u32(32, 1).take());
      send_prompt(connection, 0, "Your current options");
      return true;
    case id::kServerReq:
      send_server_res(connection);
      return true;
    case id::kCapabilitiesRes:
    case id::kUpdateCapabilities:
    case id::kUpdateCapabilitiesV3:
    case id::kAvailableLines:
    case id::kStatisticsRes:
      return true;
    default:
      return false;
  }
}

void SccpCallServer::send_line_stat(int connection) {
  const Connection& to = connections_[connection];
  if (to.manners.header >= 17) {
    Body body(8);
    body.u32(0, 1).add_text(to.extension).add_text("Phone " + to.extension).add_text(to.extension).pad();
    return send(connection, id::kDynamicLineStat, body.take());
  }
  Body body(112);
  body.u32(0, 1).text(4, 24, to.extension).text(28, 40, "Phone " + to.extension).text(68, 40, to.extension);
  send(connection, id::kLineStat, body.u32(108, 15).take());
}

void SccpCallServer::send_server_res(int connection) {
  const bool wide = connections_[connection].manners.form == AddressForm::wide &&
                    (options_.dialect == Dialect::cucm || options_.dialect == Dialect::chan_sccp);
  Body body(wide ? 360 : 280);
  for (std::size_t i = 0; i < options_.servers.size() && i < 5; ++i) {
    const auto& [name, endpoint] = options_.servers[i];
    body.text(48 * i, 48, name).u32(240 + 4 * i, endpoint.port);
    body.ipv4(wide ? 264 + 20 * i : 260 + 4 * i, endpoint.address);
  }
  send(connection, id::kServerRes, body.take());
}

std::string_view to_string(Kind kind) {
  switch (kind) {
    case Kind::registered:
      return "registered";
    case Kind::rejected:
      return "rejected";
    case Kind::unregistered:
      return "unregistered";
    case Kind::expired:
      return "expired";
    case Kind::calling:
      return "calling";
    case Kind::answered:
      return "answered";
    case Kind::ended:
      return "ended";
    case Kind::held:
      return "held";
    case Kind::resumed:
      return "resumed";
    case Kind::transferred:
      return "transferred";
    case Kind::media_wanted:
      return "media-wanted";
    case Kind::media_done:
      return "media-done";
    case Kind::receiving:
      return "receiving";
    case Kind::problem:
      return "problem";
  }
  return "";
}

std::string to_string(const ServerEvent& event) {
  std::string out(to_string(event.kind));
  if (!event.device.empty()) out += " device=" + event.device;
  if (event.version != 0) out += fmt::format(" version={}", event.version);
  if (event.remote.port != 0) out += " remote=" + event.remote.to_string();
  if (event.station) out += " station=" + event.station.to_string();
  if (event.port != 0) out += fmt::format(" port={}", event.port);
  if (!event.text.empty()) out += fmt::format(" text=\"{}\"", event.text);
  return out;
}

}  // namespace dw::sim
