#include "sbc/daemon/fronts.hpp"

#include <doctest/doctest.h>

/// The servers that phones come to, as the daemon opens them and takes that back: against real ones on loopback.
using namespace dw;
using net::Door;

namespace {

class EmptyLibrary final : public provisioning::Library {
 public:
  provisioning::ContentPtr open(const provisioning::FileRequest&) override {
    return provisioning::Content::failure({Errc::not_found, "there is nothing"});
  }
};

struct Doors {
  Result<void> open_tftp(const std::vector<IpAddress>& addresses, bool enabled = true) {
    return fronts.open(Door::tftp, enabled, addresses, [&]() -> Result<void> {
      provisioning::TftpServer::Options options;
      options.listen = addresses;
      options.port = 0;
      auto started = provisioning::TftpServer::start(loop, options, library, known, {});
      if (!started) return std::unexpected(started.error());
      fronts.tftp = std::move(*started);
      return {};
    });
  }
  Result<void> open_http(const std::vector<IpAddress>& addresses) {
    return fronts.open(Door::http, true, addresses, [&]() -> Result<void> {
      provisioning::PhoneHttpServer::Options options;
      options.port = 0;
      auto http = std::make_unique<provisioning::PhoneHttpServer>(loop, library, known, options,
                                                                  [](const phones::FileStep&) {});
      if (auto ok = http->listen_also(addresses); !ok) return ok;
      fronts.http = std::move(http);
      return {};
    });
  }

  net::Loop loop;
  KnownSources known{1};
  WireTap tap;
  net::AccessGate gate;
  EmptyLibrary library;
  Fronts fronts{tap, gate};
};

const IpAddress kOne = IpAddress::v4(0x7f000001), kTwo = IpAddress::v4(0x7f000002);
const IpAddress kNotOurs = IpAddress::v4(0xc0000201);

}  // namespace

TEST_CASE("a server that is there listens at further addresses, on its port, and at each once") {
  Doors doors;
  for (const Door door : {Door::tftp, Door::http}) {
    const auto open = [&](const std::vector<IpAddress>& at) {
      return door == Door::tftp ? doors.open_tftp(at) : doors.open_http(at);
    };
    REQUIRE(open({kOne}));
    REQUIRE(open({kOne, kTwo}));
    REQUIRE(open({kOne, kTwo}));
    const auto service = doors.fronts.services()[static_cast<std::size_t>(door)];
    CAPTURE(service.name);
    REQUIRE(service.addresses.size() == 2);
    CHECK(service.name == to_string(door));
    CHECK(service.addresses[0].port == service.addresses[1].port);
    CHECK(service.addresses[1].address == kTwo);
  }
}

TEST_CASE("a server that is off is a service that is not enabled, and nothing is started for it") {
  Doors doors;
  REQUIRE(doors.open_tftp({kOne}, false));
  CHECK(doors.fronts.tftp == nullptr);
  const auto service = doors.fronts.services().front();
  CHECK_FALSE(service.enabled);
  CHECK(service.addresses.empty());
}

TEST_CASE("an address that can't be opened leaves the server where it was") {
  Doors doors;
  REQUIRE(doors.open_tftp({kOne}));
  REQUIRE(doors.open_http({kOne}));
  CHECK_FALSE(doors.open_tftp({kOne, kTwo, kNotOurs}));
  CHECK_FALSE(doors.open_http({kOne, kTwo, kNotOurs}));
  CHECK(doors.fronts.tftp->local().size() == 1);
  CHECK(doors.fronts.http->local().size() == 1);
  CHECK(doors.fronts.services()[0].addresses == doors.fronts.tftp->local());
}

TEST_CASE("going back closes what is new and gives up further addresses") {
  Doors doors;
  REQUIRE(doors.open_tftp({kOne}));
  const auto marks = doors.fronts.marks();
  REQUIRE(doors.open_tftp({kOne, kTwo}));
  REQUIRE(doors.open_http({kOne}));
  doors.fronts.go_back(marks);
  CHECK(doors.fronts.http == nullptr);
  REQUIRE(doors.fronts.tftp);
  CHECK(doors.fronts.tftp->local().size() == 1);
  CHECK(doors.fronts.services()[0].addresses == doors.fronts.tftp->local());
  CHECK(doors.fronts.services()[1].addresses.empty());
}
