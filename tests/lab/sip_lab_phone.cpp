#include "tests/lab/sip_lab_phone.hpp"

#include <fmt/core.h>

#include <algorithm>

#include "tests/lab/script.hpp"

namespace dw::lab {

using namespace std::chrono_literals;

namespace {

constexpr Duration kPacketTime = 20ms;
constexpr unsigned kShownProblems = 20;

}  // namespace

SipLabPhone::SipLabPhone(unsigned index, const SipLabOptions& options, SipFleet& fleet, TimePoint now)
    : index_(index),
      options_(options),
      fleet_(fleet),
      device_(device_after(options.device, index)),
      user_(std::to_string(options.first_extension + index)),
      password_(options.password.empty() ? user_ : options.password),
      own_(options.bind ? options.bind : own_address_toward(options.link.server)),
      link_(options.link, own_, static_cast<std::uint16_t>(options.listen_port + index)),
      born_(now) {
  const std::string mac = lower_mac(device_);
  for (Registration* r : {&registration_, &heartbeat_}) {
    r->tag = mac + "00" + random_hex(8) + "-" + random_hex(8);
    r->call_id = mac + "-" + random_hex(8) + "-" + random_hex(8) + "@" + own_.to_string();
  }
  if (!link_.trouble().empty()) fail(link_.trouble());
}

void SipLabPhone::say(const std::string& line) const {
  if (options_.quiet) return;
  const auto age = std::chrono::duration<double>(Clock::now() - born_).count();
  fmt::print("{:8.3f} {} {}\n", age, device_, line);
  std::fflush(stdout);
}

void SipLabPhone::problem(const std::string& what) {
  if (++problems_ > kShownProblems) return;
  fmt::print("problem: {} {}\n", device_, what);
  std::fflush(stdout);
}

void SipLabPhone::fail(const std::string& why) {
  failed_ = fleet_.failed = true;
  const std::string where = at_ < options_.script.size() ? options_.script[at_] : "the end";
  fmt::print("FAIL {} at \"{}\": {}; {}\n", device_, where, why, tally_.to_string());
  std::fflush(stdout);
}

void SipLabPhone::happen(const std::string& event, const std::string& more) {
  say(event + (more.empty() ? "" : " " + more));
  ++happened_[event];
}

std::string SipLabPhone::summary() const {
  return fmt::format("{} unheard={} strangers={} pings={}", device_, link_.unheard(), strangers_, link_.pings());
}

// ---- what it writes ----

std::string SipLabPhone::host() const {
  return options_.link.server.address.to_string();
}

std::string SipLabPhone::contact_uri() const {
  const std::string transport = options_.model == SipModel::cp7960 ? ""
                                : options_.link.tcp                ? ";transport=tcp"
                                                                   : ";transport=udp";
  return "sip:" + user_ + "@" + link_.told().to_string() + transport;
}

std::string SipLabPhone::via() const {
  return fmt::format("SIP/2.0/{} {};branch=z9hG4bK{}", options_.link.tcp ? "TCP" : "UDP", link_.told().to_string(),
                     random_hex(8));
}

SipText SipLabPhone::message(const std::string& method, const std::string& uri, const std::string& from,
                             const std::string& to, const std::string& call_id, unsigned cseq) const {
  SipText out;
  out.first = method + " " + uri + " SIP/2.0";
  out.add("Via", via());
  out.add("From", from);
  out.add("To", to);
  out.add("Call-ID", call_id);
  out.add("Max-Forwards", "70");
  out.add("Date", "Thu, 26 Nov 2026 12:00:00 GMT");
  out.add("CSeq", std::to_string(cseq) + " " + method);
  out.add("User-Agent", firmware(options_.model).agent);
  return out;
}

// The length is not the last header: Cisco's come before others.
void SipLabPhone::finish(SipText& message, const std::string& type, const std::string& body) const {
  message.body = body;
  message.add("Content-Length", std::to_string(body.size()));
  if (type.empty()) return;
  message.add("Content-Type", type);
  message.add("Content-Disposition", "session;handling=optional");
}

void SipLabPhone::transmit(const std::string& message, const Endpoint& to) {
  if (options_.log_messages) fmt::print("---- {} sends to {}\n{}\n", device_, to.to_string(), message);
  link_.send(to, message);
}

Endpoint SipLabPhone::next_hop(const SipText& request) const {
  if (!options_.lenient) return options_.link.server;
  const auto routes = request.values("Route");
  const auto uri = SipUri::read(routes.empty() ? request.uri() : sip_uri(routes[0]));
  if (!uri) return options_.link.server;
  const auto address = IpAddress::parse(uri->host);
  return address ? Endpoint{*address, uri->port_or_default()} : options_.link.server;
}

void SipLabPhone::request(TimePoint now, SipText message, const std::string& call) {
  const std::string key = sip_branch(message) + " " + message.method();
  const Endpoint to = next_hop(message);
  const std::string text = message.str();
  if (message.method() != "ACK") {
    client_[key] = {std::move(message),
                    call,
                    options_.link.tcp ? TimePoint::max() : now + kT1,
                    now + kTransaction,
                    kT1,
                    false,
                    false,
                    ""};
  }
  transmit(text, to);
}

void SipLabPhone::retransmit(TimePoint now) {
  std::vector<std::string> unanswered;
  for (auto& [key, t] : client_) {
    if (now >= t.deadline && !(t.provisional && !t.finished && t.request.method() == "INVITE")) {
      unanswered.push_back(key);
    } else if (!t.finished && now >= t.next && !(t.provisional && t.request.method() == "INVITE")) {
      transmit(t.request.str(), next_hop(t.request));
      t.interval = t.request.method() == "INVITE" ? t.interval * 2 : std::min<Duration>(t.interval * 2, kT2);
      t.next = now + t.interval;
    }
  }
  for (const std::string& key : unanswered) {
    const ClientTransaction t = std::move(client_[key]);
    client_.erase(key);
    if (t.finished) continue;
    happen("unanswered", t.request.first);
    if (SipCall* call = find_call(t.call); call != nullptr && t.request.method() != "NOTIFY") end(*call, "unanswered");
  }
  std::erase_if(server_, [&](const auto& entry) { return now >= entry.second.forget; });
  for (auto& [id, call] : calls_) {
    if (call->ok.empty() || now < call->ok_next) continue;
    if (now >= call->ok_deadline) {
      call->ok.clear();
      problem("no ACK to its 200 to INVITE");
      continue;
    }
    if (!options_.link.tcp) transmit(call->ok, call->ok_to);
    call->ok_interval = std::min<Duration>(call->ok_interval * 2, kT2);
    call->ok_next = now + call->ok_interval;
  }
}

Endpoint SipLabPhone::way_back(const SipText& to, const Endpoint& from) const {
  if (options_.lenient && sip_param(sip_via(to), "rport")) return from;
  const auto at = sip_endpoint(sip_sent_by(to));
  return {from.address, at ? at->port : std::uint16_t{5060}};
}

std::string SipLabPhone::respond(TimePoint now, const SipText& to, const Endpoint& from, int code,
                                 const std::string& reason, const std::string& tag, std::vector<SipField> more,
                                 const std::string& sdp) {
  SipText out;
  out.first = fmt::format("SIP/2.0 {} {}", code, reason);
  for (const SipField& header : to.fields) {
    if (header.first == "Via" || header.first == "v") out.fields.push_back(header);
  }
  out.add("From", to.get("From"));
  const bool tagged = !sip_tag(to.get("To")).empty();
  out.add("To", to.get("To") + (tagged || tag.empty() ? "" : ";tag=" + tag));
  out.add("Call-ID", to.get("Call-ID"));
  out.add("CSeq", to.get("CSeq"));
  out.add("Server", firmware(options_.model).agent);
  if (options_.lenient && code < 300) {
    for (const std::string& route : to.values("Record-Route"))
      out.add("Record-Route", route);
  }
  for (SipField& header : more)
    out.fields.push_back(std::move(header));
  finish(out, sdp.empty() ? "" : "application/sdp", sdp);
  out.add("Allow", "ACK,BYE,CANCEL,INVITE,NOTIFY,OPTIONS,REFER,REGISTER,UPDATE,SUBSCRIBE");
  const std::string text = out.str();
  server_[sip_branch(to) + sip_sent_by(to) + to.method()] = {text, now + kTransaction};
  transmit(text, way_back(to, from));
  return text;
}

// ---- what comes in ----

void SipLabPhone::on_octets(TimePoint now, Bytes octets, const Endpoint& from) {
  if (options_.log_messages) {
    fmt::print("---- {} gets from {}\n{}\n", device_, from.to_string(), as_text(octets));
  }
  if (!options_.lenient && from.address != options_.link.server.address) {  // SIPCC: only the address is compared
    ++strangers_;
    return problem("a datagram from " + from.to_string() + ", which is not its server");
  }
  std::string text(as_text(octets)), why;
  if (const auto at = text.find(options_.forge_from); !options_.forge_from.empty() && at != std::string::npos) {
    text.replace(at, options_.forge_from.size(), options_.forge_to);
  }
  const auto message = SipText::read(text, &why);
  if (!message) return problem(why);
  judge_message(*message, text.size());
  if (message->is_request()) {
    on_request(now, *message, from);
  } else {
    on_response(now, *message);
  }
}

void SipLabPhone::on_request(TimePoint now, const SipText& message, const Endpoint& from) {
  const std::string method = message.method();
  const auto seen = server_.find(sip_branch(message) + sip_sent_by(message) + method);
  if (method != "ACK" && seen != server_.end()) return transmit(seen->second.response, way_back(message, from));
  judge_request(message);
  if (method == "INVITE") return on_invite(now, message, from);
  if (method == "ACK") return on_ack(now, message);
  if (method == "BYE") return on_bye(now, message, from);
  if (method == "CANCEL") return on_cancel(now, message, from);
  if (method == "REFER") return on_refer(now, message, from);
  if (method == "NOTIFY") return on_notify(now, message, from);
  if (method == "OPTIONS") {
    happen("options");
    respond(now, message, from, 200, "OK", random_hex(16), {{"Accept", "application/sdp"}});
    return;
  }
  respond(now, message, from, 501, "Not Implemented", random_hex(16));
}

void SipLabPhone::on_response(TimePoint now, const SipText& message) {
  const auto found = client_.find(sip_branch(message) + " " + message.method());
  if (found == client_.end()) {
    say("a response to nothing: " + message.first);
    return;
  }
  ClientTransaction& sent = found->second;
  const SipText asked = sent.request;
  const std::string method = asked.method();
  judge_response(message, asked);
  if (method == "INVITE") return on_invite_response(now, sent, message);
  if (message.status() < 200) {
    sent.provisional = true;
    if (method == "REGISTER" && message.status() != 100)
      problem("a provisional response to REGISTER: " + message.first);
    return;
  }
  client_.erase(found);
  if (method == "REGISTER") return on_register_response(now, asked, message);
  on_call_response(now, asked, message);
}

// ---- the wheel ----

void SipLabPhone::add_polls(std::vector<pollfd>& polls) {
  link_.add_polls(polls);
  first_poll_ = polls.size();
  polled_calls_.clear();
  for (const auto& [id, call] : calls_) {
    if (!call->media.port) continue;
    polls.push_back({call->media.port->fd(), POLLIN, 0});
    polled_calls_.push_back(id);
  }
}

void SipLabPhone::take_polls(TimePoint now, const std::vector<pollfd>& polls) {
  for (std::size_t i = 0; i < polled_calls_.size(); ++i) {
    SipCall* call = find_call(polled_calls_[i]);
    if (polls[first_poll_ + i].revents == 0 || call == nullptr || !call->media.port) continue;
    Buffer packet;
    Endpoint from;
    while (call->media.port->receive(packet, from)) {
      ++call->media.received;
      if (options_.echo) {
        call->media.port->send(from, packet);
        continue;
      }
      tally_.take(packet, from);
      total_.take(packet, from);
    }
  }
  const bool stands =
      link_.take_polls(polls, [&](Bytes octets, const Endpoint& from) { on_octets(now, octets, from); });
  if (!link_.trouble().empty() && !failed_) fail("problem: " + link_.trouble());
  if (stands && registration_.wanted) {
    say("connected-tcp local=" + link_.told().to_string());
    send_register(now, registration_, "register");
  }
  if (link_.lost()) {
    link_.close();
    happen("disconnected");
    if (options_.retry && registration_.wanted) retry_at_ = now + *options_.retry;
  }
}

bool SipLabPhone::transmits() const {
  return std::ranges::any_of(calls_, [](const auto& entry) { return entry.second->media.sends(); });
}

void SipLabPhone::send_rtp(TimePoint now) {
  if (options_.echo || !transmits() || now < next_rtp_) return;
  if (now - next_rtp_ > 1s) next_rtp_ = now;  // we were held up: no burst
  next_rtp_ += kPacketTime;
  for (const auto& [id, call] : calls_) {
    SipMedia& media = call->media;
    if (!media.sends() || !media.port) continue;
    media.port->send(*media.remote, media.source->next());
    ++media.sent;
  }
}

TimePoint SipLabPhone::next_time(TimePoint now) const {
  TimePoint next = now + 50ms;  // the script looks around so often
  if (transmits() && !options_.echo) next = std::min(next, next_rtp_);
  return std::max(next, now);
}

void SipLabPhone::on_time(TimePoint now) {
  if (retry_at_ && now >= *retry_at_) connect(now);
  if (registration_.refresh && now >= *registration_.refresh) {
    registration_.refresh.reset();
    if (registration_.wanted) send_register(now, registration_, "register");
  }
  retransmit(now);
  for (const auto& [id, call] : calls_) {
    if (!call->answer_at || now < *call->answer_at) continue;
    call->answer_at.reset();
    if (call->state == SipCall::State::ringing) answer(now, *call);
  }
  send_rtp(now);
  while (!done()) {
    fleet_.at[index_] = at_;
    if (at_ == options_.script.size()) return;
    if (const auto words = words_for(index_, options_.script[at_]); !words.empty()) {
      if (!began_) began_ = now;
      if (step(now, words) == Step::waiting || failed_) return;
    }
    began_.reset();
    ++at_;
  }
  fleet_.at[index_] = at_;
}

}  // namespace dw::lab
