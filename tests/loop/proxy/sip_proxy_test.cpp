#include "sbc/proxy/sip_proxy.hpp"

#include <filesystem>
#include <fstream>

#include "tests/loop/net/scripted_dns.hpp"
#include "tests/loop/proxy/sip_town.hpp"
#include "tests/loop/store/temp_dir.hpp"

using namespace dw;
using namespace dw::sim;
using Step = phones::SignallingEvent;

namespace {

/// A UDP phone registers; returns our Contact at the server.
std::string register_by_udp(SipTown& town, SipEnd& phone) {
  const std::size_t before = town.server.count("REGISTER", 0), answers = phone.count("REGISTER", 200);
  phone.by_udp(town.at(), town.request("REGISTER", phone.udp(), false));
  REQUIRE(town.until([&] { return town.server.count("REGISTER", 0) > before; }));
  town.server.by_udp(town.server.last_peer, town.granted());
  REQUIRE(town.until([&] { return phone.count("REGISTER", 200) > answers; }));
  return sip_uri(town.server.find("REGISTER", 0)->get("Contact"));
}

}  // namespace

TEST_CASE("a UDP phone registers and calls through real sockets, and both ends hear of it once") {
  SipTown town;
  town.start_udp();
  SipEnd phone(town.loop, 2);
  phone.open_udp();
  const std::string contact = register_by_udp(town, phone);
  CHECK(town.proxy->registered() == 1);
  CHECK(town.reported(Step::registered));
  CHECK(phone.last_peer == town.at());  // it knows no other address of ours

  const SipText invite =
      town.request("INVITE", phone.udp(), false).with_body("application/sdp", sip_sdp({phone.address(), 16384}));
  phone.by_udp(town.at(), invite);
  REQUIRE(town.until([&] { return town.server.count("INVITE", 0) == 1 && phone.count("INVITE", 100) == 1; }));
  SipText ok = sip_answer(*town.server.find("INVITE", 0), 200, "callee");
  ok.add("Contact", "<sip:2001@" + town.server.udp().to_string() + ">");
  town.server.by_udp(town.server.last_peer, ok.with_body("application/sdp", sip_sdp({town.server.address(), 30000})));
  REQUIRE(town.until([&] { return phone.count("INVITE", 200) == 1; }));
  const SipText here = *phone.find("INVITE", 200);
  for (const char* method : {"ACK", "BYE"}) {
    SipText m = town.request(method, phone.udp(), false);
    m.first = std::string(method) + " " + sip_uri(here.get("Contact")) + " SIP/2.0";
    m.set("From", invite.get("From")).set("To", here.get("To")).set("Call-ID", invite.get("Call-ID"));
    m.set("CSeq", std::string(method[0] == 'A' ? "1 " : "2 ") + method);
    phone.by_udp(town.at(), m);
    REQUIRE(town.until([&] { return town.server.count(method, 0) == 1; }));
    CHECK(town.proxy->running() == 1);
  }
  CHECK(town.broker.streams().size() == 1);
  town.server.by_udp(town.server.last_peer, sip_answer(*town.server.find("BYE", 0), 200, ""));
  REQUIRE(town.until([&] { return phone.count("BYE", 200) == 1; }));
  CHECK(town.proxy->running() == 0);
  CHECK(town.broker.streams().empty());
  REQUIRE(town.calls.size() == 1);
  // And one to the phone.
  town.server.by_udp(town.at(), town.from_server("MESSAGE", contact, town.server.udp(), false));
  REQUIRE(town.until([&] { return phone.count("MESSAGE", 0) == 1; }));
  phone.by_udp(town.at(), sip_answer(*phone.find("MESSAGE", 0), 200, "p"));
  REQUIRE(town.until([&] { return town.server.count("MESSAGE", 200) == 1; }));
}

TEST_CASE("a phone that sends from one port and listens on another one is answered where it listens") {
  SipTown town;
  town.start_udp();
  SipEnd listens(town.loop, 2), sends(town.loop, 2);
  listens.open_udp();
  sends.open_udp();
  sends.by_udp(town.at(), town.request("REGISTER", listens.udp(), false));
  REQUIRE(town.until([&] { return town.server.count("REGISTER", 0) == 1; }));
  town.server.by_udp(town.server.last_peer, town.granted());
  REQUIRE(town.until([&] { return listens.count("REGISTER", 200) == 1; }));
  CHECK(sends.got.empty());
}

TEST_CASE("messages in a TCP stream are found one octet at a time, and many in one piece") {
  SipTown town;
  town.start_udp();
  SipEnd phone(town.loop, 2);
  phone.connect(town.at());
  REQUIRE(town.until([&] { return phone.connected; }));
  const SipText reg = town.request("REGISTER", phone.tcp(), true);
  // One octet a segment, as Nagle's algorithm is off.
  for (const char octet : "\r\n\r\n" + reg.str())
    phone.by_tcp(std::string(1, octet));
  REQUIRE(town.until([&] { return town.server.count("REGISTER", 0) == 1; }));
  CHECK(town.server.find("REGISTER", 0)->get("Via").starts_with("SIP/2.0/UDP "));
  town.server.by_udp(town.server.last_peer, town.granted());
  REQUIRE(town.until([&] { return phone.count("REGISTER", 200) == 1; }));
  CHECK(phone.pongs() >= 1);
  std::string many;
  for (unsigned i = 0; i < 20; ++i)
    many += town.request("MESSAGE", phone.tcp(), true).with_body("text/plain", std::string(i * 7U, 'x')).str();
  phone.by_tcp(many);
  REQUIRE(town.until([&] { return town.server.count("MESSAGE", 0) == 20; }));
  // To the phone: by its connection.
  const std::string contact = sip_uri(town.server.find("REGISTER", 0)->get("Contact"));
  town.server.by_udp(town.at(), town.from_server("NOTIFY", contact, town.server.udp(), false));
  REQUIRE(town.until([&] { return phone.count("NOTIFY", 0) == 1; }));
  phone.hang_up();
  REQUIRE(town.until([&] { return town.server.count("NOTIFY", 480) == 1; }));
  CHECK(town.reported(Step::phone_lost));
}

TEST_CASE("a TCP stream that makes no sense is closed") {
  SipTown town;
  town.start_udp();
  for (const std::string& octets : {std::string("GET / HTTP/1.0\r\n\r\n"), std::string(100'000, 'a'),
                                    std::string("OPTIONS sip:a SIP/2.0\r\nContent-Length: 999999\r\n\r\n")}) {
    CAPTURE(octets.substr(0, 40));
    SipEnd somebody(town.loop, 3);
    somebody.connect(town.at());
    REQUIRE(town.until([&] { return somebody.connected; }));
    somebody.by_tcp(octets);
    CHECK(town.until([&] { return somebody.closed; }));
    CHECK(somebody.got.empty());
  }
}

TEST_CASE("connections beyond the limits are closed, or one that only waits is closed for them") {
  SipTown town;
  auto o = SipTown::options();
  o.proxy.connections = {6, 2};  // of the six strangers get three
  town.start_udp(o);
  std::vector<std::unique_ptr<SipEnd>> ends;
  const auto connect = [&](unsigned last) -> SipEnd& {
    ends.push_back(std::make_unique<SipEnd>(town.loop, last));
    ends.back()->connect(town.at());
    SipEnd& end = *ends.back();
    REQUIRE(town.until([&] { return end.connected || end.closed; }));
    end.by_tcp(std::string("\r\n\r\n"));
    REQUIRE(town.until([&] { return end.closed || end.pongs() > 0; }));
    return end;
  };
  const auto open = [&] {
    return std::ranges::count_if(ends, [](const auto& end) { return end->connected && !end->closed; });
  };
  for (int i = 0; i < 3; ++i)
    connect(2);
  CHECK(town.until([&] { return open() == 2; }));  // of one source
  connect(3);
  CHECK(town.until([&] { return open() == 3; }));
  connect(4);
  CHECK(town.until([&] { return open() == 3; }));  // of all
  // Once one has been idle for its grace. Those that were refused are gone before the next try, as descriptors are not
  // many.
  REQUIRE(town.until([&] {
    if (!connect(4).closed) return true;
    ends.pop_back();
    return false;
  }));
}

TEST_CASE("UDP phones reach a TCP server, each over a connection of its own") {
  SipTown town;
  town.start_tcp();
  SipEnd a(town.loop, 2), b(town.loop, 3);
  for (SipEnd* phone : {&a, &b}) {
    phone->open_udp();
    phone->by_udp(town.at(), town.request("REGISTER", phone->udp(), false));
    const std::size_t before = town.server.count("REGISTER", 0);
    REQUIRE(town.until([&] { return town.server.count("REGISTER", 0) > before; }));
    CHECK(town.server.find("REGISTER", 0)->get("Via").starts_with("SIP/2.0/TCP "));
    town.server.by_tcp(town.granted());
    REQUIRE(town.until([&] { return phone->count("REGISTER", 200) == 1; }));
  }
  CHECK(town.server.accepted == 2);
  // The second phone is asked over its connection, the last one that the server took.
  const std::string contact = sip_uri(town.server.find("REGISTER", 0)->get("Contact"));
  town.server.by_tcp(town.from_server("MESSAGE", contact, town.server.tcp(), true));
  REQUIRE(town.until([&] { return b.count("MESSAGE", 0) == 1; }));
  CHECK(a.count("MESSAGE", 0) == 0);
  b.by_udp(town.at(), sip_answer(*b.find("MESSAGE", 0), 200, "p"));
  REQUIRE(town.until([&] { return town.server.count("MESSAGE", 200) == 1; }));
}

TEST_CASE("a server that refuses connections: the phone gets 503, and the story says why") {
  SipTown town;
  std::uint16_t nobody = 0;
  {
    SipEnd gone(town.loop, 61);
    gone.listen_tcp();
    nobody = gone.tcp().port;
  }
  town.start(SipTown::options(), sip::Transport::tcp, {loopback(61), nobody});
  SipEnd phone(town.loop, 2);
  phone.open_udp();
  phone.by_udp(town.at(), town.request("REGISTER", phone.udp(), false));
  REQUIRE(town.until([&] { return phone.count("REGISTER", 503) == 1; }));
  CHECK_FALSE(town.proxy->servers()[0].up);
  CHECK(town.proxy->servers()[0].last_error.find("refused") != std::string::npos);
}

TEST_CASE("a large request goes by TCP, and by UDP where nobody listens there") {
  for (const bool listens : {true, false}) {
    CAPTURE(listens);
    SipTown town;
    town.server.open_udp();
    if (listens) town.server.listen_tcp(town.server.udp().port);
    town.start(SipTown::options(), sip::Transport::udp, town.server.udp());
    SipEnd phone(town.loop, 2);
    phone.open_udp();
    register_by_udp(town, phone);
    phone.by_udp(town.at(),
                 town.request("MESSAGE", phone.udp(), false).with_body("text/plain", std::string(1400, 'x')));
    REQUIRE(town.until([&] { return town.server.count("MESSAGE", 0) == 1; }));
    const SipText there = *town.server.find("MESSAGE", 0);
    CHECK(there.get("Via").starts_with(listens ? "SIP/2.0/TCP " : "SIP/2.0/UDP "));
    const SipText ok = sip_answer(there, 200, "x");
    if (listens)
      town.server.by_tcp(ok);
    else
      town.server.by_udp(town.server.last_peer, ok);
    REQUIRE(town.until([&] { return phone.count("MESSAGE", 200) == 1; }));
  }
}

TEST_CASE("an answer of 20,000 octets by UDP reaches the phone whole, in either direction") {
  SipTown town;
  town.start_udp();
  SipEnd phone(town.loop, 2);
  phone.open_udp();
  const std::string contact = register_by_udp(town, phone);
  const std::string body(20'000, 'x');
  phone.by_udp(town.at(), town.request("MESSAGE", phone.udp(), false));
  REQUIRE(town.until([&] { return town.server.count("MESSAGE", 0) == 1; }));
  town.server.by_udp(town.server.last_peer,
                     sip_answer(*town.server.find("MESSAGE", 0), 200, "s").with_body("text/plain", body));
  REQUIRE(town.until([&] { return phone.count("MESSAGE", 200) == 1; }));
  CHECK(phone.find("MESSAGE", 200)->body == body);
  town.server.by_udp(town.at(), town.from_server("MESSAGE", contact, town.server.udp(), false));
  REQUIRE(town.until([&] { return phone.count("MESSAGE", 0) == 1; }));
  phone.by_udp(town.at(), sip_answer(*phone.find("MESSAGE", 0), 200, "p").with_body("text/plain", body));
  REQUIRE(town.until([&] { return town.server.count("MESSAGE", 200) == 1; }));
  CHECK(town.server.find("MESSAGE", 200)->body == body);
}

TEST_CASE("bindings are kept over a restart, and those that ended are not") {
  test::TempDir state;
  SipTown town;
  auto o = SipTown::options();
  o.state_dir = state.path().string();
  town.start_udp(o);
  o.port = town.at().port;  // phones know it
  SipEnd phone(town.loop, 2);
  phone.open_udp();
  const std::string contact = register_by_udp(town, phone);
  town.proxy.reset();
  town.start(o, sip::Transport::udp, town.server.udp());
  CHECK(town.proxy->registered() == 1);
  // The server calls the phone at once: it registers not again.
  REQUIRE(town.until([&] { return town.proxy->servers()[0].address() != nullptr; }));
  town.server.by_udp(town.at(), town.from_server("MESSAGE", contact, town.server.udp(), false));
  REQUIRE(town.until([&] { return phone.count("MESSAGE", 0) == 1; }));
  CHECK(register_by_udp(town, phone) == contact);  // under the name that the server has

  SipText bye = town.request("REGISTER", phone.udp(), false).set("Expires", "0");
  phone.by_udp(town.at(), bye);
  const std::size_t before = town.server.count("REGISTER", 0);
  REQUIRE(town.until([&] { return town.server.count("REGISTER", 0) > before; }));
  town.server.by_udp(town.server.last_peer, sip_answer(*town.server.find("REGISTER", 0), 200, "r"));
  REQUIRE(town.until([&] { return town.proxy->registered() == 0; }));
  town.proxy.reset();
  town.start(o, sip::Transport::udp, town.server.udp());
  CHECK(town.proxy->registered() == 0);
}

TEST_CASE("a damaged or unusable database costs the memory of a restart, and nothing else") {
  test::TempDir state;
  SipTown town;
  auto o = SipTown::options();
  o.state_dir = state.path().string();
  SUBCASE("damaged") {
    std::ofstream(o.state_dir + "/sip.db") << std::string(5000, 'x');
  }
  SUBCASE("no such folder") {
    o.state_dir += "/none";
  }
  town.start_udp(o);
  SipEnd phone(town.loop, 2);
  phone.open_udp();
  register_by_udp(town, phone);
  CHECK(town.proxy->registered() == 1);
}

TEST_CASE("port 0 is one port for UDP and TCP, and a port that is taken is an error in a sentence") {
  SipTown town;
  town.start_udp();
  CHECK(town.at().port != 0);
  SipEnd phone(town.loop, 2);
  phone.connect(town.at());
  REQUIRE(town.until([&] { return phone.connected; }));
  auto o = SipTown::options();
  o.port = town.at().port;
  const auto second = proxy::SipProxy::start(town.loop, o, town.broker, town.known, {});
  REQUIRE_FALSE(second);
  CHECK(second.error().text.find("UDP 127.0.0.41:" + std::to_string(o.port)) != std::string::npos);
}

TEST_CASE("a far end that an SDP names is asked of DNS, and the call does not wait for it") {
  SipTown town;
  test::ScriptedDns dns(town.loop);
  dns.say_addresses("media.example.net", {"127.77.0.9"});
  auto options = SipTown::options();
  options.resolver.dns.servers = {dns.at()};
  town.start_udp(std::move(options));
  SipEnd phone(town.loop, 2);
  phone.open_udp();
  register_by_udp(town, phone);
  phone.by_udp(
      town.at(),
      town.request("INVITE", phone.udp(), false).with_body("application/sdp", sip_sdp({phone.address(), 16384})));
  REQUIRE(town.until([&] { return town.server.count("INVITE", 0) == 1; }));
  SipText ok = sip_answer(*town.server.find("INVITE", 0), 200, "callee");
  ok.add("Contact", "<sip:2001@" + town.server.udp().to_string() + ">");
  std::string sdp = sip_sdp({town.server.address(), 30000});
  const std::string at = "c=IN IP4 " + town.server.address().to_string();
  sdp.replace(sdp.find(at), at.size(), "c=IN IP4 media.example.net");
  town.server.by_udp(town.server.last_peer, ok.with_body("application/sdp", sdp));
  REQUIRE(town.until([&] { return phone.count("INVITE", 200) == 1; }));
  CHECK(phone.find("INVITE", 200)->body.find("example.net") == std::string::npos);
  const auto far_end = [&] { return town.broker.streams().begin()->second.far_end; };
  REQUIRE(town.until([&] { return far_end().has_value(); }));
  CHECK(far_end()->to_string() == "127.77.0.9:30000");
}

TEST_CASE("access.networks keeps phones out by UDP and TCP, and never the central side") {
  SipTown town;
  town.start_udp();
  net::AccessGate gate({*IpNetwork::parse(loopback(2).to_string())});
  town.proxy->set_gate(gate);
  SipEnd phone(town.loop, 2), stranger(town.loop, 3);
  phone.open_udp();
  stranger.open_udp();
  stranger.by_udp(town.at(), town.request("REGISTER", stranger.udp(), false));
  REQUIRE(town.until([&] { return gate.refusals(net::Door::sip) == 1; }));
  stranger.connect(town.at());
  REQUIRE(town.until([&] { return stranger.closed; }));
  CHECK(gate.refusals(net::Door::sip) == 2);
  const std::string contact = register_by_udp(town, phone);
  CHECK(town.server.count("REGISTER", 0) == 1);
  town.server.by_udp(town.at(), town.from_server("MESSAGE", contact, town.server.udp(), false));
  REQUIRE(town.until([&] { return phone.count("MESSAGE", 0) == 1; }));
  CHECK(gate.refusals(net::Door::sip) == 2);
}
