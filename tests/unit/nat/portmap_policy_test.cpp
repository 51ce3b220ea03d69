#include "nat/core/portmap/policy.hpp"

#include <doctest/doctest.h>

#include "nat/core/portmap/mapper.hpp"

using namespace dw;
using namespace dw::nat::portmap;

namespace {

IpAddress ip(std::string_view text) {
  return IpAddress::parse(text).value();
}

constexpr std::string_view kTable =
    "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n"
    "eth0\t00000000\t0101A8C0\t0003\t0\t0\t100\t00000000\t0\t0\t0\n"
    "wlan0\t00000000\t0102A8C0\t0003\t0\t0\t600\t00000000\t0\t0\t0\n"
    "eth0\t0001A8C0\t00000000\t0001\t0\t0\t100\t00FFFFFF\t0\t0\t0\n"
    "tun0\t0000000A\tFE01A8C0\t0003\t0\t0\t0\t000000FF\t0\t0\t0\n"
    "eth1\t007100CB\t00000000\t0000\t0\t0\t0\t00FFFFFF\t0\t0\t0\n";

}  // namespace

TEST_CASE("the router is asked only where it helps") {
  const Situation home{Choice::automatic, true, false, ip("192.168.1.10"), ip("203.0.113.20")};
  CHECK(why_no_mapping(home).empty());
  const auto with = [&](auto change) {
    Situation s = home;
    change(s);
    return why_no_mapping(s);
  };
  CHECK(with([](auto& s) { s.choice = Choice::off; }) == "nat.port_mapping is off");
  CHECK_FALSE(with([](auto& s) { s.edge = false; }).empty());
  CHECK_FALSE(with([](auto& s) { s.advertised = true; }).empty());
  CHECK(with([](auto& s) { s.ours = ip("198.51.100.7"); }) == "198.51.100.7 is a public address");
  CHECK(with([](auto& s) { s.ours = ip("100.64.3.4"); }).empty());
  CHECK_FALSE(with([](auto& s) { s.central = ip("10.0.0.5"); }).empty());
  CHECK_FALSE(with([](auto& s) { s.central = {}; }).empty());
  CHECK_FALSE(with([](auto& s) { s.ours = {}; }).empty());
  CHECK_FALSE(with([](auto& s) { s.ours = ip("fd00::1"), s.central = ip("2001:db8::1"); }).empty());
  CHECK_FALSE(with([](auto& s) { s.ours = ip("127.0.0.1"), s.central = ip("127.0.0.1"); }).empty());
  SUBCASE("on: wherever there is a NAT to pass") {
    CHECK(with([](auto& s) { s.choice = Choice::on, s.edge = false; }).empty());
    CHECK(with([](auto& s) { s.choice = Choice::on, s.central = ip("10.0.0.5"); }).empty());
    CHECK_FALSE(with([](auto& s) { s.choice = Choice::on, s.ours = ip("198.51.100.7"); }).empty());
  }
}

TEST_CASE("what is mapped: SIP, then pairs of RTP and RTCP") {
  const auto all = wanted_ports(5060, 20001, 20007, 8);
  REQUIRE(all.size() == 8);
  CHECK(all[0] == Wanted{Transport::udp, 5060, false, true});
  CHECK(all[1] == Wanted{Transport::tcp, 5060, false, true});
  CHECK(all[2] == Wanted{Transport::udp, 20002, false});
  CHECK(all[3] == Wanted{Transport::udp, 20003, true});
  CHECK(all[7] == Wanted{Transport::udp, 20007, true});
  CHECK(wanted_ports(0, 20000, 29999, 4).size() == 8);
  const auto files = tftp_ports(20000);
  CHECK(files == std::vector<std::uint16_t>{19999, 19998, 19997, 19996});
  const auto with_files = wanted_ports(5060, 20000, 29999, 1, files);
  REQUIRE(with_files.size() == 8);
  CHECK(with_files[2] == Wanted{Transport::udp, 19999, false});
  CHECK(with_files[6] == Wanted{Transport::udp, 20000, false});
  CHECK(tftp_ports(1026).size() == 2);
  CHECK(tftp_ports(1).empty());
  CHECK(wanted_ports(5060, 20000, 29999, 5000).size() == Mapper::kMaxWanted);
  CHECK(wanted_ports(5060, 65534, 65535, 5).size() == 4);
  CHECK(wanted_ports(5060, 65535, 65535, 5).size() == 2);
}

TEST_CASE("the kernel's routes, and the router toward a server") {
  const auto routes = parse_routes(kTable);
  REQUIRE(routes.size() == 4);  // eth1's is not up
  CHECK(gateway_toward(routes, ip("203.0.113.20")) == ip("192.168.1.1"));
  CHECK(gateway_toward(routes, ip("10.1.2.3")) == ip("192.168.1.254"));
  CHECK_FALSE(gateway_toward(routes, ip("192.168.1.20")));
  CHECK_FALSE(gateway_toward({}, ip("203.0.113.20")));
  CHECK(same_link(routes, ip("192.168.1.10"), ip("192.168.1.77")));
  CHECK_FALSE(same_link(routes, ip("192.168.1.10"), ip("192.168.2.77")));
  CHECK_FALSE(same_link(routes, ip("10.0.0.1"), ip("10.0.0.2")));
  for (std::size_t n = 0; n < kTable.size(); ++n)
    CHECK(parse_routes(kTable.substr(0, n)).size() <= routes.size());
  CHECK(parse_routes("x\neth0 zz 0101A8C0 0003 0 0 0 00000000\neth0 00000000 0101A8C0 0003 0 0 -1 00000000\n").empty());
}

TEST_CASE("UPnP: whom we talk to") {
  const auto routes = parse_routes(kTable);
  const auto may = [&](std::string_view url) {
    return may_talk_to(url, ip("192.168.1.1"), ip("192.168.1.10"), routes);
  };
  CHECK(may("http://192.168.1.1:5000/rootDesc.xml"));
  CHECK(may("HTTP://192.168.1.1/"));
  CHECK(may("http://192.168.1.1"));
  CHECK(may("http://192.168.1.33:80/ctl"));
  for (const auto* url : {"http://203.0.113.20:80/", "http://192.168.2.1/", "http://127.0.0.1:8079/",
                          "http://10.0.0.5/", "https://192.168.1.1/", "http://router.lan/",
                          "http://192.168.1.1@203.0.113.20/", "http://192.168.1.1:80@203.0.113.20/", "http://[::1]/",
                          "http://192.168.1.1:99999/", "http://192.168.1.1.evil.example/", "ftp://192.168.1.1/",
                          "//192.168.1.1/", "", "http://", "http:///x", "http://0x7f.1/", "http://169.254.169.254/"}) {
    CAPTURE(url);
    CHECK_FALSE(may(url));
  }
  CHECK_FALSE(may("http://192.168.1.1/" + std::string(1000, 'a')));
}

TEST_CASE("the location in an answer to SSDP") {
  const std::string answer =
      "HTTP/1.1 200 OK\r\nCACHE-CONTROL: max-age=120\r\nST: urn:schemas-upnp-org:device:InternetGatewayDevice:1\r\n"
      "Location:  http://192.168.1.1:5000/rootDesc.xml \r\nSERVER: x\r\n\r\n";
  CHECK(location_in(answer) == "http://192.168.1.1:5000/rootDesc.xml");
  CHECK(location_in("HTTP/1.1 200 OK\nlocation:http://10.0.0.1/\n\n") == "http://10.0.0.1/");
  for (const char* const none :
       {"", "HTTP/1.1 200 OK\r\n\r\n", "HTTP/1.1 404 No\r\nLOCATION: http://10.0.0.1/\r\n\r\n",
        "NOTIFY * HTTP/1.1\r\nLOCATION: http://10.0.0.1/\r\n\r\n",
        "HTTP/1.1 200 OK\r\nLOCATION: http://router.lan/\r\n\r\n",
        "HTTP/1.1 200 OK\r\nLOCATION: http://10.0.0.1/a b\r\n\r\n", "HTTP/1.1 200 OK\r\nLOCATION\r\n\r\n"})
    CHECK(location_in(none).empty());
  const std::size_t end = answer.find("Desc.xml");
  for (std::size_t length = 0; length < end; ++length) {
    const auto part = location_in(std::string_view(answer).substr(0, length));
    CHECK(std::string_view("http://192.168.1.1:5000/root").starts_with(part));
  }
}

TEST_CASE("a type of service that could end a header or an element is none") {
  CHECK(is_service_type("urn:schemas-upnp-org:service:WANIPConnection:1"));
  CHECK(is_service_type("urn:schemas-upnp-org:service:WANPPPConnection:1"));
  for (const char* const bad : {"", "urn:a b", "urn:a\"", "urn:a>", "urn:a\r\nX: y", "urn:\x80"})
    CHECK_FALSE(is_service_type(bad));
  CHECK_FALSE(device_address("http://10.0.0.1/\r\nX:"));
}
