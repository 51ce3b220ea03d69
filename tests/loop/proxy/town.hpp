#pragma once
#include <doctest/doctest.h>

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "sbc/net/loop.hpp"
#include "sbc/net/tcp_stream.hpp"
#include "sbc/proxy/sccp_proxy.hpp"
#include "tests/support/sccp_call_server.hpp"
#include "tests/support/sccp_fake_broker.hpp"
#include "tests/support/sccp_phone.hpp"

// Phones, the SCCP proxy and call servers on loopback, all on one loop.
namespace dw::sim {

using namespace std::chrono_literals;

inline IpAddress loopback(unsigned last) {
  return IpAddress::v4(0x7f000000U + last);
}

class TestServer {
 public:
  TestServer(net::Loop& loop, unsigned last, ServerOptions options)
      : core(std::move(options)), loop_(loop), at_{loopback(last), 0} {
    open();
  }
  void open() {
    auto opened =
        net::TcpListener::open(loop_, at_, [this](net::Descriptor socket, const Endpoint& peer, const Endpoint& local) {
          accept(std::move(socket), peer, local);
        });
    REQUIRE(opened);
    listener_ = std::make_unique<net::TcpListener>(std::move(*opened));
    at_ = listener_->local();
  }
  /// Nobody can connect any more, and all connections are gone.
  void die() {
    listener_.reset();
    for (auto& [n, stream] : streams_) {
      core.disconnected(loop_.now(), n);
      stream.reset();
    }
    streams_.clear();
  }
  const IpAddress& address() const { return at_.address; }
  HostPort name() const { return {at_.address.to_string(), at_.port}; }
  std::size_t connections() const { return streams_.size(); }
  std::vector<IpAddress> peers;  ///< of all connections so far

  SccpCallServer core;

 private:
  void accept(net::Descriptor socket, const Endpoint& peer, const Endpoint& local) {
    const int n = next_++;
    peers.push_back(peer.address);
    streams_[n] = net::TcpStream::adopt(loop_, std::move(socket),
                                        {{},
                                         [this, n](Bytes octets) { act(core.on_octets(loop_.now(), n, octets)); },
                                         [this, n](bool, std::string_view) {
                                           act(core.disconnected(loop_.now(), n));
                                           streams_.erase(n);
                                         }});
    act(core.connected(loop_.now(), n, peer, local.address));
  }
  void act(const ServerTurn& turn) {
    for (const auto& [n, octets] : turn.writes) {
      const auto at = streams_.find(n);
      if (at != streams_.end()) at->second.send(octets);
    }
    for (const int n : turn.closes)
      streams_.erase(n);
  }
  net::Loop& loop_;
  Endpoint at_;
  std::unique_ptr<net::TcpListener> listener_;
  std::map<int, net::TcpStream> streams_;
  int next_ = 1;
};

class TestPhone {
 public:
  TestPhone(net::Loop& loop, std::string device, unsigned last, unsigned version = 17)
      : core(options_for(std::move(device), last, version)), loop_(loop) {}

  void connect(const Endpoint& to) {
    closed = false;
    auto made = net::TcpStream::connect(loop_, to, core.options().station,
                                        {[this] { act(core.connected(loop_.now())); },
                                         [this](Bytes octets) { act(core.on_octets(loop_.now(), octets)); },
                                         [this](bool is_clean, std::string_view) {
                                           clean = is_clean;
                                           closed = true;
                                           act(core.disconnected(loop_.now()));
                                         }});
    REQUIRE(made);
    stream = std::move(*made);
  }
  void act(const PhoneTurn& turn) {
    events.insert(events.end(), turn.events.begin(), turn.events.end());
    for (const Buffer& octets : turn.writes)
      stream.send(octets);
    if (turn.close) stream.finish();
  }
  bool saw(PhoneEvent::Kind kind) const {
    for (const PhoneEvent& e : events) {
      if (e.kind == kind) return true;
    }
    return false;
  }

  SccpPhone core;
  net::TcpStream stream;
  std::vector<PhoneEvent> events;
  bool closed = false, clean = false;

 private:
  static PhoneOptions options_for(std::string device, unsigned last, unsigned version) {
    PhoneOptions options;
    options.device = std::move(device);
    options.station = loopback(last);
    options.version = version;
    return options;
  }
  net::Loop& loop_;
};

struct Town {
  net::Loop loop;
  FakeBroker broker;
  MediaBroker* media = &broker;
  KnownSources known{1};
  std::vector<phones::SignallingStep> steps;
  std::vector<phones::Call> calls;
  std::vector<std::unique_ptr<TestServer>> servers;
  std::unique_ptr<proxy::SccpProxy> proxy;

  TestServer& add_server(Dialect dialect = Dialect::chan_sccp) {
    ServerOptions options;
    options.dialect = dialect;
    options.guests_from = "1001";
    servers.push_back(std::make_unique<TestServer>(loop, 50 + static_cast<unsigned>(servers.size()), options));
    return *servers.back();
  }
  bool proves_itself = false;             ///< whoever comes took the config of its name
  std::set<IpAddress> took_config;        ///< and whoever comes from one of these
  std::map<std::string, HostPort> homes;  ///< call servers of configs, by device
  void start(proxy::SccpProxy::Options options = {}) {
    options.listen = {loopback(40)};
    options.port = 0;
    for (const auto& server : servers)
      options.servers.push_back(server->name());
    auto started = proxy::SccpProxy::start(loop, options, *media, known,
                                           {[this](const phones::SignallingStep& step) { steps.push_back(step); },
                                            [this](const phones::Call& call) { calls.push_back(call); },
                                            [this](const std::string&, const IpAddress& at, Duration) {
                                              return proves_itself || took_config.contains(at);
                                            },
                                            [this](const std::string& device) {
                                              const auto home = homes.find(device);
                                              return home != homes.end() ? home->second : HostPort{};
                                            }});
    REQUIRE(started);
    proxy = std::move(*started);
  }
  Endpoint at() const { return proxy->local().front(); }
  bool until(const std::function<bool()>& condition) { return loop.run_until(condition, 10s); }
  bool reported(phones::SignallingEvent event) const {
    for (const auto& step : steps) {
      if (step.event == event) return true;
    }
    return false;
  }
};

}  // namespace dw::sim
