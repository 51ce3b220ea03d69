// lab_sccp_server: an SCCP call server that behaves like a real one, and its media. See kUsage.
#include <fmt/core.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "tests/lab/sccp_rtp.hpp"
#include "tests/lab/sccp_stream.hpp"
#include "tests/lab/script.hpp"
#include "tests/support/sccp_call_server.hpp"

namespace {

using namespace dw;
using namespace std::chrono_literals;

constexpr const char* kUsage =
    "usage: lab_sccp_server --listen ADDR:PORT [--listen …] [--dialect "
    "cucm|chan_sccp|chan_skinny|freeswitch]\n"
    "  --device NAME=EXT …  --range NAME=EXT*COUNT (both count up)  --guests FIRST_EXT (everybody else); "
    "others are\n"
    "  rejected  --echo EXT (600)  --direct (media from phone to phone; else through the server)  --talk "
    "(the server\n"
    "  also speaks, as \"callserver\")  --rtp PORT (30000)  --media ADDR (its own media address)\n"
    "  --keepalive SECONDS (30)  --newest-version N  --short-ack  --repeat-open  --early-media  "
    "--start-before-ack\n"
    "  --shared-ids  --keep-far  --deaf (answers no keepalives)  --answer-source (RTP to the TCP source)\n"
    "  --symmetric (RTP to where RTP comes from)\n"
    "  --servers NAME=ADDR:PORT (for ServerRes)  --for SECONDS (ends with 0 then; 60)  --strict (ends with 1 "
    "when a\n"
    "  phone sent what it should not)  --quiet\n"
    "stdin, one a line: reset NAME · restart NAME · drop NAME (closes TCP) · deaf · hearing · quit\n";

struct Arguments {
  sim::ServerOptions server;
  std::vector<Endpoint> listen;
  Duration bound = 60s;
  bool talk = false, strict = false, quiet = false, symmetric = false;
};

[[noreturn]] void usage() {
  std::fputs(kUsage, stderr);
  std::exit(2);
}

std::pair<std::string, std::string> halves(const std::string& text, char separator) {
  const std::size_t at = text.find(separator);
  if (at == std::string::npos) usage();
  return {text.substr(0, at), text.substr(at + 1)};
}

void add_range(sim::ServerOptions& server, const std::string& text) {
  const auto [device, rest] = halves(text, '=');
  const auto [first, count] = halves(rest, '*');
  const unsigned extension = lab::number_or_exit(first), last = lab::number_or_exit(count);
  const unsigned long long mac =
      std::strtoull(device.substr(std::min<std::size_t>(3, device.size())).c_str(), nullptr, 16);
  for (unsigned i = 0; i < last; ++i) {
    server.devices[fmt::format("{}{:012X}", device.substr(0, 3), mac + i)] = std::to_string(extension + i);
  }
}

bool take_flag(Arguments& out, const std::string& name) {
  sim::ServerOptions& s = out.server;
  if (name == "--deaf") {
    s.answer_keepalives = false;
    return true;
  }
  const std::pair<const char*, bool*> flags[] = {{"--direct", &s.direct},
                                                 {"--talk", &out.talk},
                                                 {"--strict", &out.strict},
                                                 {"--symmetric", &out.symmetric},
                                                 {"--quiet", &out.quiet},
                                                 {"--short-ack", &s.short_register_ack},
                                                 {"--repeat-open", &s.repeat_open},
                                                 {"--early-media", &s.early_media},
                                                 {"--start-before-ack", &s.start_before_ack},
                                                 {"--shared-ids", &s.shared_ids},
                                                 {"--keep-far", &s.keep_far_on_hold},
                                                 {"--answer-source", &s.answer_source}};
  for (const auto& [flag, value] : flags) {
    if (name == flag) return *value = true;
  }
  return false;
}

bool take_option(Arguments& out, const std::string& name, const std::string& value) {
  sim::ServerOptions& s = out.server;
  if (name == "--listen") {
    out.listen.push_back(lab::endpoint_or_exit(value));
  } else if (name == "--dialect") {
    const auto dialect = sim::dialect_of(value);
    if (!dialect) usage();
    s.dialect = *dialect;
  } else if (name == "--device") {
    s.devices.insert(halves(value, '='));
  } else if (name == "--range") {
    add_range(s, value);
  } else if (name == "--guests") {
    s.guests_from = value;
  } else if (name == "--echo") {
    s.echo = value;
  } else if (name == "--rtp") {
    s.media_ports = static_cast<std::uint16_t>(lab::number_or_exit(value));
  } else if (name == "--media") {
    s.media_address = IpAddress::parse(value).value_or(IpAddress{});
  } else if (name == "--keepalive") {
    s.keepalive = std::chrono::seconds(lab::number_or_exit(value));
  } else if (name == "--newest-version") {
    s.newest_version = lab::number_or_exit(value);
  } else if (name == "--servers") {
    const auto [server, endpoint] = halves(value, '=');
    s.servers.emplace_back(server, lab::endpoint_or_exit(endpoint));
  } else if (name == "--for") {
    out.bound = std::chrono::seconds(lab::number_or_exit(value));
  } else {
    return false;
  }
  return true;
}

Arguments parse(int argc, char** argv) {
  Arguments out;
  lab::read_arguments(
      argc, argv, [&](const std::string& name) { return take_flag(out, name); },
      [&](const std::string& name, const std::string& value) { return take_option(out, name, value); }, usage);
  if (out.listen.empty()) usage();
  return out;
}

class LabServer {
 public:
  explicit LabServer(Arguments arguments) : arguments_(std::move(arguments)), server_(arguments_.server) {
    for (const Endpoint& at : arguments_.listen) {
      listeners_.push_back(std::make_unique<lab::TcpListener>(at));
      say("listening address=" + listeners_.back()->local().to_string());
    }
  }
  int run();

 private:
  void say(const std::string& line) const {
    if (arguments_.quiet) return;
    fmt::print("{:8.3f} {}\n", std::chrono::duration<double>(Clock::now() - begin_).count(), line);
    std::fflush(stdout);
  }
  void poll_once(TimePoint now);
  void perform(sim::ServerTurn turn);
  void on_event(const sim::ServerEvent& event);
  void accept_from(const lab::TcpListener& listener);
  void serve(int connection, short events);
  void relay(std::uint16_t port);
  void talk(TimePoint now);
  void read_order();
  void order(const std::string& line);

  struct Media {
    std::unique_ptr<lab::UdpPort> port;
    lab::RtpTally tally;
    Endpoint heard;  ///< where its last packet came from
    lab::RtpSource voice{"callserver", 0, 0};
  };
  /// Symmetric RTP, as servers do for phones behind a router: back to where packets come from.
  Endpoint target(const Media& media, const Endpoint& stated) const {
    return arguments_.symmetric && media.heard.address ? media.heard : stated;
  }

  Arguments arguments_;
  TimePoint begin_ = Clock::now();
  sim::SccpCallServer server_;
  std::vector<std::unique_ptr<lab::TcpListener>> listeners_;
  std::map<int, std::unique_ptr<lab::TcpStream>> streams_;
  std::map<int, std::string> names_;  // connection → device, from its last event
  std::map<std::uint16_t, Media> media_;
  int next_ = 1, serving_ = 0;
  TimePoint next_talk_{};
  std::string typed_;
  bool stdin_open_ = true, quit_ = false, problem_ = false;
};

void LabServer::on_event(const sim::ServerEvent& event) {
  using Kind = sim::ServerEvent::Kind;
  if (event.kind == Kind::registered) names_[serving_] = event.device;
  if (event.kind == Kind::problem) problem_ = true;
  if (event.kind == Kind::media_wanted) {
    const IpAddress own =
        arguments_.server.media_address ? arguments_.server.media_address : listeners_.front()->local().address;
    Media& added = media_[event.port];
    added.port = std::make_unique<lab::UdpPort>(Endpoint{own, event.port});
    added.voice = lab::RtpSource("callserver", 0, 0xCA110000U | event.port);
    if (!added.port->ok()) {
      say(fmt::format("can't bind RTP port {}", event.port));
      problem_ = true;
    }
    return;
  }
  if (event.kind == Kind::media_done) {
    if (const auto found = media_.find(event.port); found != media_.end()) {
      say(fmt::format("media port={} {}", event.port, found->second.tally.to_string()));
      media_.erase(found);
    }
    return;
  }
  say(to_string(event));
}

// A port that its call released is closed only after the resulting writes.
void LabServer::perform(sim::ServerTurn turn) {
  for (const sim::ServerEvent& event : turn.events)
    on_event(event);
  for (const auto& [connection, octets] : turn.writes) {
    if (const auto found = streams_.find(connection); found != streams_.end()) found->second->write(octets);
  }
  for (const int connection : turn.closes) {
    streams_.erase(connection);
    names_.erase(connection);
  }
}

void LabServer::accept_from(const lab::TcpListener& listener) {
  auto stream = listener.accept();
  if (!stream) return;
  const int connection = next_++;
  const Endpoint peer = stream->peer();
  const IpAddress local = stream->local().address;
  streams_[connection] = std::move(stream);
  perform(server_.connected(Clock::now(), connection, peer, local));
}

void LabServer::serve(int connection, short events) {
  const auto found = streams_.find(connection);
  if (found == streams_.end()) return;
  lab::TcpStream& stream = *found->second;
  serving_ = connection;
  if ((events & POLLOUT) != 0) stream.flush();
  const Buffer octets = (events & (POLLIN | POLLHUP | POLLERR)) != 0 ? stream.read() : Buffer{};
  const bool broken = stream.broken();
  if (!octets.empty()) perform(server_.on_octets(Clock::now(), connection, octets));
  if (broken && streams_.erase(connection) > 0) {
    names_.erase(connection);
    perform(server_.disconnected(Clock::now(), connection));
  }
}

void LabServer::relay(std::uint16_t port) {
  const auto found = media_.find(port);
  if (found == media_.end()) return;
  Buffer packet;
  Endpoint from;
  while (found->second.port->receive(packet, from)) {
    found->second.tally.take(packet, from);
    found->second.heard = from;
    const auto route = server_.rtp_route(port);
    if (!route) continue;
    if (const auto out = media_.find(route->first); out != media_.end())
      out->second.port->send(target(out->second, route->second), packet);
  }
}

void LabServer::talk(TimePoint now) {
  if (!arguments_.talk || now < next_talk_) return;
  next_talk_ = std::max(next_talk_ + 20ms, now);
  for (const auto& [port, to] : server_.rtp_targets()) {
    if (const auto found = media_.find(port); found != media_.end())
      found->second.port->send(target(found->second, to), found->second.voice.next());
  }
}

void LabServer::order(const std::string& line) {
  const std::size_t space = line.find(' ');
  const std::string verb = line.substr(0, space);
  const std::string device = space == std::string::npos ? "" : line.substr(space + 1);
  if (verb == "reset") perform(server_.reset(Clock::now(), device, 1));
  if (verb == "restart") perform(server_.reset(Clock::now(), device, 2));
  if (verb == "deaf") server_.options().answer_keepalives = false;
  if (verb == "hearing") server_.options().answer_keepalives = true;
  if (verb == "quit") quit_ = true;
  if (verb != "drop") return;
  for (const auto& [connection, name] : std::map(names_)) {
    if (name != device) continue;
    streams_.erase(connection);
    names_.erase(connection);
    perform(server_.disconnected(Clock::now(), connection));
  }
}

void LabServer::read_order() {
  std::array<char, 256> buffer{};
  const ssize_t count = read(STDIN_FILENO, buffer.data(), buffer.size());
  stdin_open_ = count > 0;
  if (count > 0) typed_.append(buffer.data(), static_cast<std::size_t>(count));
  for (std::size_t end = typed_.find('\n'); end != std::string::npos; end = typed_.find('\n')) {
    order(typed_.substr(0, end));
    typed_.erase(0, end + 1);
  }
}

void LabServer::poll_once(TimePoint now) {
  std::vector<pollfd> polls{{stdin_open_ ? STDIN_FILENO : -1, POLLIN, 0}};
  std::vector<int> connections;
  std::vector<std::uint16_t> ports;
  for (const auto& listener : listeners_)
    polls.push_back({listener->fd(), POLLIN, 0});
  for (const auto& [connection, stream] : streams_) {
    polls.push_back({stream->fd(), stream->wanted(), 0});
    connections.push_back(connection);
  }
  for (const auto& [port, m] : media_) {
    polls.push_back({m.port->fd(), POLLIN, 0});
    ports.push_back(port);
  }
  const bool talking = arguments_.talk && !media_.empty();
  Duration wait = talking ? Duration(5ms) : Duration(100ms);
  if (const auto next = server_.next_deadline()) wait = std::clamp(*next - now, Duration(0ms), wait);
  const auto milliseconds = std::chrono::ceil<std::chrono::milliseconds>(wait).count();
  if (::poll(polls.data(), polls.size(), static_cast<int>(milliseconds)) <= 0) return;
  std::size_t at = 0;
  if (polls[at++].revents != 0) read_order();
  for (const auto& listener : listeners_) {
    if (polls[at++].revents != 0) accept_from(*listener);
  }
  for (const int connection : connections) {
    if (const short events = polls[at++].revents; events != 0) serve(connection, events);
  }
  for (const std::uint16_t port : ports) {
    if (polls[at++].revents != 0) relay(port);
  }
}

int LabServer::run() {
  while (!quit_ && Clock::now() - begin_ < arguments_.bound) {
    const TimePoint now = Clock::now();
    perform(server_.on_deadline(now));
    talk(now);
    poll_once(now);
  }
  for (const std::string& text : server_.problems())
    say("problem: " + text);
  return arguments_.strict && problem_ ? 1 : 0;
}

}  // namespace

int main(int argc, char** argv) {
  return LabServer(parse(argc, argv)).run();
}
