#include "sbc/net/access_gate.hpp"

#include <doctest/doctest.h>

using namespace dw;
using net::AccessGate;
using net::Door;

namespace {

IpAddress ip(const std::string& text) {
  return *IpAddress::parse(text);
}

}  // namespace

TEST_CASE("without networks everybody is admitted; with some, only their addresses") {
  AccessGate gate;
  CHECK(gate.admits(Door::sip, ip("203.0.113.9")));
  gate.set({*IpNetwork::parse("192.0.2.0/24"), *IpNetwork::parse("2001:db8:7::/48")});
  CHECK(gate.admits(Door::tftp, ip("192.0.2.255")));
  CHECK(gate.admits(Door::http, ip("2001:db8:7:1::5")));
  CHECK(gate.admits(Door::http, ip("::ffff:192.0.2.7")));  // the same host, over a socket of both families
  CHECK(gate.refused().empty());
  for (const char* stranger : {"192.0.3.0", "2001:db8:8::1", "127.0.0.1"})
    CHECK_FALSE(gate.admits(Door::sccp, ip(stranger)));
  CHECK(gate.refusals(Door::sccp) == 3);
  CHECK(gate.refusals(Door::tftp) == 0);
}

TEST_CASE("refused sources are kept, latest first, in bounded memory") {
  AccessGate gate({*IpNetwork::parse("192.0.2.0/24")});
  for (unsigned i = 0; i < 100; ++i)
    CHECK_FALSE(gate.admits(Door::tftp, IpAddress::v4(0xcb007100U + i), std::string(500, 'x')));
  CHECK(gate.refused().size() == AccessGate::kKept);
  CHECK(gate.refused()[0].source == ip("203.0.113.99"));
  CHECK(gate.refused()[0].detail.size() == AccessGate::kMaxDetail);
  CHECK_FALSE(gate.admits(Door::tftp, ip("203.0.113.90"), "SEP001122334455.cnf.xml"));
  CHECK_FALSE(gate.admits(Door::tftp, ip("203.0.113.90")));  // an empty detail does not replace an earlier one
  CHECK(gate.refused()[0].source == ip("203.0.113.90"));
  CHECK(gate.refused()[0].detail == "SEP001122334455.cnf.xml");
  CHECK(gate.refused()[0].times == 3);
  CHECK(gate.refused().size() == AccessGate::kKept);
  gate.set({*IpNetwork::parse("192.0.2.0/24")});
  CHECK_FALSE(gate.refused().empty());  // the same networks again
  gate.set({*IpNetwork::parse("203.0.113.0/24")});
  CHECK(gate.refused().empty());
  CHECK(gate.admits(Door::tftp, ip("203.0.113.90")));
}
