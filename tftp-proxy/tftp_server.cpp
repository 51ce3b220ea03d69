#include "tftp-proxy/tftp_server.hpp"

#include <algorithm>
#include <random>

namespace dw::provisioning {
namespace {

tftp::SessionsOptions with_seed(tftp::SessionsOptions options) {
  std::random_device random;
  options.guard.hash_seed = std::uint64_t{random()} << 32U | random();
  return options;
}

phones::FileOutcome to_phones(tftp::TransferOutcome outcome) {
  using From = tftp::TransferOutcome;
  using To = phones::FileOutcome;
  switch (outcome) {
    case From::sent:
      return To::sent;
    case From::unconfirmed:
      return To::unconfirmed;
    case From::not_found:
      return To::not_found;
    case From::not_admitted:
      return To::not_admitted;
    case From::refused:
      return To::forbidden;
    case From::unavailable:
      return To::unavailable;
    case From::no_ack:
      return To::no_ack;
    case From::stalled:
      return To::stalled;
    case From::aborted:
      return To::aborted;
    case From::superseded:
    case From::dropped:
      return To::superseded;
  }
  return To::aborted;
}

void trace(std::string_view way, const Endpoint& peer, Bytes octets) {
  const auto packet = tftp::parse_packet(octets);
  // event=tftp_in or event=tftp_out
  spdlog::trace("event=tftp_{} peer={} {}", way, peer.to_string(),
                packet ? tftp::to_string(*packet) : packet.error().text);
}

bool tracing() {
  return spdlog::should_log(spdlog::level::trace);
}

}  // namespace

Result<std::unique_ptr<TftpServer>> TftpServer::start(net::Loop& loop, const Options& options, Library& library,
                                                      KnownSources& known, StepSink on_step) {
  std::unique_ptr<TftpServer> server(new TftpServer(loop, options, library, known, std::move(on_step)));
  if (auto ok = server->listen(options); !ok) return std::unexpected(std::move(ok.error()));
  return server;
}

TftpServer::TftpServer(net::Loop& loop, const Options& options, Library& library, KnownSources& known, StepSink on_step)
    : loop_(loop),
      library_(library),
      on_step_(std::move(on_step)),
      sessions_(with_seed(options.sessions), known, library.names()),
      timer_(loop, [this] { on_time(); }),
      dscp_(options.dscp) {}

TftpServer::~TftpServer() = default;

/// With port 0 and several addresses the port that one got may be taken on another: then tried again.
Result<void> TftpServer::listen(const Options& options) {
  constexpr int kTries = 8;
  auto done = listen_on(options.listen, options.port);
  for (int i = 1; !done && options.port == 0 && i < kTries; ++i)
    done = listen_on(options.listen, 0);
  if (!done) return done;
  receive_from(0);
  return {};
}

void TftpServer::receive_from(std::size_t first) {
  for (std::size_t via = first; via < listeners_.size(); ++via) {
    listeners_[via].receive([this, via](auto datagrams) { on_datagrams(via, datagrams); });
  }
}

Result<void> TftpServer::listen_also(const std::vector<IpAddress>& addresses) {
  const std::size_t before = listeners_.size();
  if (auto ok = open_listeners(addresses, port_); !ok) {
    keep_listeners(before);
    return ok;
  }
  receive_from(before);
  return {};
}

void TftpServer::keep_listeners(std::size_t count) {
  while (listeners_.size() > count)
    listeners_.pop_back();
}

Result<void> TftpServer::listen_on(const std::vector<IpAddress>& addresses, std::uint16_t port) {
  listeners_.clear();
  return open_listeners(addresses, port);
}

Result<void> TftpServer::open_listeners(const std::vector<IpAddress>& addresses, std::uint16_t port) {
  for (const IpAddress& address : addresses) {
    net::DatagramSocket::Options options;
    options.dscp = dscp_;
    auto socket = net::DatagramSocket::open(loop_, {address, port}, options);
    if (!socket) return std::unexpected(std::move(socket.error()));
    port = socket->local().port;
    listeners_.push_back(std::move(*socket));
  }
  port_ = port;
  return {};
}

std::vector<Endpoint> TftpServer::local() const {
  std::vector<Endpoint> endpoints;
  for (const auto& listener : listeners_)
    endpoints.push_back(listener.local());
  return endpoints;
}

// ---- what comes in

/// The name in a refused request is kept for a person, who knows a phone by it.
bool TftpServer::admits(const net::Datagram& datagram) {
  if (gate_->allows(datagram.peer.address)) return true;
  const auto packet = tftp::parse_packet(datagram.octets);
  const auto* const request = packet ? std::get_if<tftp::Request>(&*packet) : nullptr;
  return gate_->admits(net::Door::tftp, datagram.peer.address, request ? request->file : std::string_view());
}

void TftpServer::on_datagrams(std::size_t via, std::span<const net::Datagram> datagrams) {
  const TimePoint now = loop_.now();
  for (const net::Datagram& d : datagrams) {
    if (!admits(d)) continue;
    if (tracing()) trace("in", d.peer, d.octets);
    if (tap_->on()) tap({d.local, port_}, d.peer, false, d.octets);
    sessions_.on_datagram(
        now, {d.peer, {d.local, port_}, static_cast<std::uint32_t>(via), d.truncated, d.to_group, d.octets}, out_);
  }
  perform();
}

void TftpServer::on_tid_datagrams(tftp::SessionId id, std::uint32_t via, std::span<const net::Datagram> datagrams) {
  const TimePoint now = loop_.now();
  for (const net::Datagram& d : datagrams) {
    if (tracing()) trace("in", d.peer, d.octets);
    if (tap_->on()) tap(tid_endpoint(id, d.local), d.peer, false, d.octets);
    sessions_.on_tid_datagram(now, id, {d.peer, {d.local, 0}, via, d.truncated, d.to_group, d.octets}, out_);
  }
  perform();
}

void TftpServer::on_change(tftp::SessionId id) {
  const auto watch = watches_.find(id.slot);
  if (watch == watches_.end()) return;
  const ContentPtr content = watch->second.content;
  if (content->done()) watches_.erase(watch);
  sessions_.on_content(loop_.now(), id, content, out_);
  perform();
}

void TftpServer::on_time() {
  armed_for_.reset();
  sessions_.on_deadline(loop_.now(), out_);
  perform();
}

// ---- what is to be done

/// Does what the outbox says until it is empty. Opening a file may change other contents, whose watchers come
/// back here: so the outbox is emptied before.
void TftpServer::perform() {
  while (!out_.empty()) {
    send();
    for (const auto& aside : out_.asides)
      send_aside(aside);
    for (const auto& report : out_.ended)
      end(report);
    for (const auto& request : out_.refused)
      refused(request);
    const std::vector<tftp::Outbox::Open> opens(std::make_move_iterator(out_.opens.begin()),
                                                std::make_move_iterator(out_.opens.end()));
    out_.clear();
    for (const auto& wanted : opens)
      open(wanted);
  }
  arm();
}

void TftpServer::send() {
  net::DatagramSocket* last = nullptr;
  for (const auto& datagram : out_.datagrams) {
    net::DatagramSocket* socket = socket_of(datagram);
    if (socket == nullptr) continue;
    if (last != nullptr && last != socket) last->flush();
    last = socket;
    socket->send(datagram.to, datagram.from, datagram.head_octets(), datagram.body);
    if (tracing() || tap_->on()) {
      Buffer whole(datagram.head_octets().begin(), datagram.head_octets().end());
      whole.insert(whole.end(), datagram.body.begin(), datagram.body.end());
      if (tracing()) trace("out", datagram.to, whole);
      const Endpoint local =
          datagram.fresh_tid ? tid_endpoint(datagram.session, datagram.from) : Endpoint{datagram.from, port_};
      if (tap_->on()) tap(local, datagram.to, true, whole);
    }
  }
  if (last != nullptr) last->flush();
}

void TftpServer::send_aside(const tftp::Outbox::Aside& aside) {
  constexpr int kBuffer = 16 << 10;
  auto socket = net::DatagramSocket::open(loop_, {aside.from, 0}, {tftp::kMaxRequest, kBuffer, kBuffer, dscp_});
  if (!socket) {
    socket_log_.warn("event=tftp_no_socket peer={} reason=\"{}\" a probe has no answer", aside.to.to_string(),
                     escaped(socket.error().text));
    return;
  }
  socket->send(aside.to, {}, {}, aside.octets);
  socket->flush();
}

void TftpServer::tap(const Endpoint& local, const Endpoint& peer, bool sent, Bytes octets) const {
  tap_->tell({.protocol = WireRecord::Protocol::tftp,
              .side = WireRecord::Side::phone,
              .sent = sent,
              .stream = false,
              .local = local,
              .peer = peer,
              .phone = {},
              .device = {},
              .octets = octets});
}

Endpoint TftpServer::tid_endpoint(tftp::SessionId id, const IpAddress& address) const {
  const auto socket = tid_sockets_.find(id.slot);
  return {address, socket == tid_sockets_.end() ? std::uint16_t{0} : socket->second.local().port};
}

net::DatagramSocket* TftpServer::socket_of(const tftp::Outbox::Datagram& datagram) {
  if (!datagram.fresh_tid) return &listeners_[datagram.via];
  const auto socket = tid_sockets_.find(datagram.session.slot);
  return socket == tid_sockets_.end() ? nullptr : &socket->second;
}

void TftpServer::open(const tftp::Outbox::Open& wanted) {
  if (!sessions_.alive(wanted.session)) return;  // superseded by what came right behind it
  if (wanted.fresh_tid && !open_socket(wanted)) return;
  const ContentPtr content = library_.open({wanted.file, wanted.peer, wanted.local, Transport::tftp});
  if (!content->done()) {
    const tftp::SessionId id = wanted.session;
    watches_[id.slot] = {content, Content::subscribe(content, [this, id] { on_change(id); })};
  }
  sessions_.on_content(loop_.now(), wanted.session, content, out_);
}

bool TftpServer::open_socket(const tftp::Outbox::Open& wanted) {
  constexpr int kBuffer = 256 << 10;
  auto socket = net::DatagramSocket::open(loop_, {wanted.local, 0}, {tftp::kMaxRequest, kBuffer, kBuffer, dscp_});
  if (!socket) {
    socket_log_.warn("event=tftp_no_socket peer={} reason=\"{}\" the phone will ask again", wanted.peer.to_string(),
                     escaped(socket.error().text));
    sessions_.drop(loop_.now(), wanted.session, "no socket could be had", out_);
    return false;
  }
  const auto place = tid_sockets_.insert_or_assign(wanted.session.slot, std::move(*socket)).first;
  place->second.receive(
      [this, id = wanted.session, via = wanted.via](auto datagrams) { on_tid_datagrams(id, via, datagrams); });
  return true;
}

void TftpServer::end(const tftp::TransferReport& report) {
  watches_.erase(report.session.slot);
  tid_sockets_.erase(report.session.slot);
  const std::string peer = report.peer.to_string();
  if (report.outcome == tftp::TransferOutcome::sent) {
    spdlog::info("event=tftp_sent peer={} file=\"{}\" octets={} took=\"{}\" retransmissions={}", peer,
                 escaped(report.file), report.octets, to_words(report.took), report.retransmissions);
  } else {
    ended_log_.info("event=tftp_ended peer={} file=\"{}\" reason={} block={} octets={} took=\"{}\" {}", peer,
                    escaped(report.file), to_string(report.outcome), report.last_block, report.octets,
                    to_words(report.took), report.detail);
  }
  if (!on_step_ || report.outcome == tftp::TransferOutcome::dropped) return;
  if (!report.proven && !unproven_steps_.take(loop_.now())) return;
  phones::FileStep step;
  step.at = wall_now() - std::chrono::ceil<std::chrono::milliseconds>(report.took);
  step.name = report.file;
  step.peer = report.peer;
  step.transport = "tftp";
  step.outcome = to_phones(report.outcome);
  step.took = report.took;
  step.octets = report.octets;
  step.size = report.size;
  step.last_block = report.last_block;
  step.retransmissions = report.retransmissions;
  step.error_code = report.error_code;
  step.detail = report.detail;
  on_step_(step);
}

void TftpServer::refused(const tftp::RefusedRequest& request) {
  if (request.abuse) {
    offence_log_.warn("event=enumeration peer={} transport=tftp file=\"{}\" asks for names that nobody knows to exist",
                      request.peer.address.to_string(), escaped(request.file, 64));
  }
  refused_log_.warn("event=rrq_refused peer={} reason={} file=\"{}\" {}", request.peer.to_string(),
                    to_string(request.reason), escaped(request.file),
                    request.answered ? request.detail : "not answered");
  if (!on_step_ || !request.answered || !unproven_steps_.take(loop_.now())) return;
  phones::FileStep step;
  step.at = wall_now();
  step.name = request.file.substr(0, 255);
  step.peer = request.peer;
  step.transport = "tftp";
  step.outcome = phones::FileOutcome::refused;
  step.error_code = request.error_code;
  step.detail = request.detail;
  on_step_(step);
}

/// Deadlines mostly move away as ACKs come: the timer is moved only to an earlier time, and when it fires too
/// early finds nothing due.
void TftpServer::arm() {
  const auto next = sessions_.next_deadline();
  if (!next || (armed_for_ && *armed_for_ <= *next)) return;
  armed_for_ = next;
  timer_.arm_at(*next);
}

void TftpServer::append_metrics(MetricsText& out) const {
  sessions_.append_metrics(out);
  std::uint64_t dropped = 0, errors = 0;
  for (const auto& listener : listeners_) {
    dropped += listener.stats().send_dropped;
    errors += listener.stats().send_errors;
  }
  out.counter("dropwire_tftp_send_dropped_total", "Datagrams lost here, for want of room in buffers.", dropped);
  out.counter("dropwire_tftp_send_errors_total", "Datagrams that the kernel refused to send.", errors);
}

}  // namespace dw::provisioning
