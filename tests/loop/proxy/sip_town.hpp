#pragma once
#include <doctest/doctest.h>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "sbc/net/datagram_socket.hpp"
#include "sbc/net/loop.hpp"
#include "sbc/net/tcp_stream.hpp"
#include "sbc/proxy/sip_proxy.hpp"
#include "tests/loop/proxy/town.hpp"
#include "tests/support/sccp_fake_broker.hpp"
#include "tests/support/sip_text.hpp"

// SIP phones, the SIP proxy and servers on loopback, all on one loop.
namespace dw::sim {

/// A phone or server with one UDP socket, and one TCP connection that it makes or takes. Its messages are
/// written by the test.
class SipEnd {
 public:
  SipEnd(net::Loop& loop, unsigned last) : loop_(loop), address_(loopback(last)) {}

  void open_udp(std::uint16_t port = 0) {
    net::DatagramSocket::Options how;
    how.max_receive = proxy::SipProxy::kMaxDatagram;
    auto opened = net::DatagramSocket::open(loop_, {address_, port}, how);
    REQUIRE(opened);
    udp_ = std::make_unique<net::DatagramSocket>(std::move(*opened));
    udp_->receive([this](std::span<const net::Datagram> all) {
      for (const auto& d : all)
        heard(std::string(as_text(d.octets)), d.peer);
    });
  }
  void listen_tcp(std::uint16_t port = 0) {
    auto opened = net::TcpListener::open(loop_, {address_, port},
                                         [this](net::Descriptor socket, const Endpoint& peer, const Endpoint&) {
                                           ++accepted;
                                           last_peer = peer;
                                           closed = false;
                                           stream_ = net::TcpStream::adopt(loop_, std::move(socket), events());
                                         });
    REQUIRE(opened);
    listener_ = std::make_unique<net::TcpListener>(std::move(*opened));
  }
  void connect(const Endpoint& to) {
    closed = connected = false;
    octets_ = {};
    auto made = net::TcpStream::connect(loop_, to, address_, events());
    REQUIRE(made);
    stream_ = std::move(*made);
  }
  void hang_up() { stream_.reset(); }

  void by_udp(const Endpoint& to, const SipText& m) {
    const std::string octets = m.str();
    udp_->send(to, {}, {}, as_bytes(octets));
    udp_->flush();
  }
  void by_tcp(const std::string& octets) { stream_.send(as_bytes(octets)); }
  void by_tcp(const SipText& m) { by_tcp(m.str()); }

  Endpoint udp() const { return udp_->local(); }
  Endpoint tcp() const { return listener_ ? listener_->local() : stream_.local(); }
  IpAddress address() const { return address_; }
  /// The last of that method and status (0: a request), if any.
  const SipText* find(std::string_view method, int status) const {
    const SipText* found = nullptr;
    for (const SipText& m : got) {
      if (m.method() == method && m.status() == status) found = &m;
    }
    return found;
  }
  std::size_t count(std::string_view method, int status) const {
    std::size_t n = 0;
    for (const SipText& m : got)
      n += m.method() == method && m.status() == status ? 1U : 0U;
    return n;
  }

  std::vector<SipText> got;  ///< but OPTIONS, which are answered
  Endpoint last_peer;
  int accepted = 0;
  bool closed = false, connected = false;
  unsigned pongs() const { return octets_.pings(); }

 private:
  net::TcpStream::Events events() {
    return {[this] { connected = true; }, [this](Bytes octets) { on_octets(std::string(as_text(octets))); },
            [this](bool, std::string_view) { closed = true; }};
  }
  void on_octets(const std::string& octets) {
    octets_.push(octets);
    while (const auto message = octets_.next())
      heard(*message, {});
    REQUIRE_FALSE(octets_.broken());
  }
  void heard(const std::string& octets, const Endpoint& peer) {
    auto m = SipText::read(octets);
    CAPTURE(octets);
    REQUIRE(m);
    if (m->is_request() && m->method() == "OPTIONS") {
      const SipText answer = sip_answer(*m, 200, "o");
      return peer.port != 0 ? by_udp(peer, answer) : by_tcp(answer);
    }
    if (peer.port != 0) last_peer = peer;
    got.push_back(std::move(*m));
  }

  net::Loop& loop_;
  IpAddress address_;
  std::unique_ptr<net::DatagramSocket> udp_;
  std::unique_ptr<net::TcpListener> listener_;
  net::TcpStream stream_;
  sim::SipStream octets_;
};

struct SipTown {
  net::Loop loop;
  FakeBroker broker;
  KnownSources known{1};
  std::vector<phones::SignallingStep> steps;
  std::vector<phones::Call> calls;
  SipEnd server{loop, 60};
  std::unique_ptr<proxy::SipProxy> proxy;

  static proxy::SipProxy::Options options() {
    proxy::SipProxy::Options o;
    o.listen = {loopback(41)};
    o.port = 0;
    o.proxy.central_domain = "pbx.example.net";
    o.proxy.ping = {};
    o.proxy.unregistered_calls = false;
    return o;
  }
  void start(proxy::SipProxy::Options o, sip::Transport transport, const Endpoint& at) {
    o.proxy.servers.push_back({transport, {at.address.to_string(), at.port}});
    auto started = proxy::SipProxy::start(loop, std::move(o), broker, known,
                                          {[this](const phones::SignallingStep& step) { steps.push_back(step); },
                                           [this](const phones::Call& call) { calls.push_back(call); }});
    REQUIRE(started);
    proxy = std::move(*started);
  }
  void start_udp(proxy::SipProxy::Options o = options()) {
    server.open_udp();
    start(std::move(o), sip::Transport::udp, server.udp());
  }
  void start_tcp(proxy::SipProxy::Options o = options()) {
    server.listen_tcp();
    start(std::move(o), sip::Transport::tcp, server.tcp());
  }
  Endpoint at() const { return proxy->local().front(); }
  bool until(const std::function<bool()>& condition) { return loop.run_until(condition, 10s); }
  bool reported(phones::SignallingEvent event) const {
    for (const auto& step : steps) {
      if (step.event == event) return true;
    }
    return false;
  }

  SipText request(std::string_view method, const Endpoint& sent_by, bool tcp, std::string_view user = "1001") {
    SipText m;
    m.first = std::string(method) + (method == "REGISTER" ? " sip:pbx.example.net" : " sip:2001@pbx.example.net") +
              " SIP/2.0";
    const std::string n = std::to_string(++last_), aor = "<sip:" + std::string(user) + "@pbx.example.net>";
    m.add("Via", std::string("SIP/2.0/") + (tcp ? "TCP " : "UDP ") + sent_by.to_string() + ";branch=z9hG4bKl" + n);
    m.add("Max-Forwards", "70").add("From", aor + ";tag=t" + n);
    m.add("To", method == "REGISTER" ? aor : "<sip:2001@pbx.example.net>");
    m.add("Call-ID", "loop" + n).add("CSeq", "1 " + std::string(method));
    m.add("Contact", "<sip:" + std::string(user) + "@" + sent_by.to_string() + (tcp ? ";transport=tcp>" : ">"));
    return m.add("Expires", "3600");
  }
  /// The server's 200 to the REGISTER that it has.
  SipText granted() {
    const SipText* const there = server.find("REGISTER", 0);
    REQUIRE(there);
    SipText ok = sip_answer(*there, 200, "r");
    return ok.add("Contact", there->get("Contact") + ";expires=3600");
  }
  SipText from_server(std::string_view method, const std::string& contact, const Endpoint& sent_by, bool tcp) {
    SipText m = request(method, sent_by, tcp, "2001");
    m.first = std::string(method) + " " + contact + " SIP/2.0";
    return m.set("To", "<sip:1001@pbx.example.net>");
  }

 private:
  unsigned last_ = 0;
};

}  // namespace dw::sim
