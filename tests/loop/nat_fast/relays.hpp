#pragma once
#include <memory>
#include <optional>

#include "nat/fast/kernel_flows.hpp"
#include "nat/relay.hpp"
#include "tests/loop/nat/relay_fixture.hpp"
#include "tests/loop/nat_fast/frames.hpp"
#include "tests/loop/nat_fast/wire.hpp"

namespace dw::nat::fast::test {

using nat::test::eventually;
using nat::test::Peer;

/// The box between a phone's cable and a server's, and a relay on it.
struct MediaBox {
  const IpAddress near = IpAddress::v4(kNear), far = IpAddress::v4(kFar), phone = IpAddress::v4(kPhone),
                  server = IpAddress::v4(kServer);
  Wire wire;
  std::unique_ptr<Relay> relay;

  explicit MediaBox(std::size_t threads = 1) {
    wire.box.run([&] {
      RelayOptions options;
      options.threads = static_cast<unsigned>(threads);
      options.receive_buffer = 256 << 10;
      options.max_age = nat::test::kPatience;
      auto made = make_epoll_relay(options);
      REQUIRE(made);
      relay = std::move(*made);
    });
  }
  ~MediaBox() {
    if (kernel_)
      wire.box.run([this] {
        for (const char* name : {"near", "far"})
          kernel_->program->detach(if_nametoindex(name));
      });
  }
  MediaBox(const MediaBox&) = delete;

  /// Attaches the program to both cables, and lets the relay use it.
  void carry_by(Kernel& kernel) {
    kernel_ = &kernel;
    const std::shared_ptr<KernelMaps> maps(std::shared_ptr<void>(), kernel.maps.get());
    wire.box.run([&] {
      for (const char* name : {"near", "far"})
        REQUIRE(kernel.program->attach(if_nametoindex(name)));
      relay->carry_by([&](unsigned part, unsigned parts) -> std::unique_ptr<FlowTable> {
        auto routes = Routes::open();
        REQUIRE(routes);
        return std::make_unique<KernelFlows>(maps, std::move(*routes), part, parts);
      });
    });
  }
  StreamPorts open(bool symmetric = false) {
    StreamPorts ports;
    wire.box.run([&] {
      auto opened = relay->open({.phone_local = near,
                                 .central_local = far,
                                 .phone = phone,
                                 .call_servers = {IpAddress::v4(kServer + 1)},
                                 .symmetric = symmetric});
      REQUIRE(opened);
      ports = *opened;
    });
    return ports;
  }
  static std::unique_ptr<Peer> peer(const Host& host, std::uint32_t address, std::uint16_t port) {
    std::unique_ptr<Peer> out;
    host.run([&] { out = std::make_unique<Peer>(IpAddress::v4(address), port); });
    return out;
  }

 private:
  Kernel* kernel_ = nullptr;
};

/// A call of one stream through the relay.
struct MediaCall {
  MediaBox& box;
  StreamPorts ports;
  std::unique_ptr<Peer> phone, far_end;
  Endpoint to_near, to_far;
  std::uint16_t up = 0, down = 40000;

  explicit MediaCall(MediaBox& through, std::uint16_t port = 0)
      : box(through),
        ports(box.open()),
        phone(MediaBox::peer(box.wire.phone, kPhone, port)),
        far_end(MediaBox::peer(box.wire.server, kServer, port)),
        to_near{box.near, ports.phone_port},
        to_far{box.far, ports.central_port} {
    box.relay->set_far_end(ports.id, far_end->at(), {});
    REQUIRE(from_phone());  // the second packet latches it
    REQUIRE(from_phone());
  }
  ~MediaCall() { box.relay->close(ports.id); }
  MediaCall(const MediaCall&) = delete;

  bool from_phone() {
    phone->send(to_near, nat::test::rtp(++up, 1));
    return far_end->receive() == nat::test::rtp(up, 1);
  }
  bool from_far_end() {
    far_end->send(to_far, nat::test::rtp(++down, 2));
    return phone->receive() == nat::test::rtp(down, 2);
  }
  bool talk(int packets) {
    bool all = true;
    for (int i = 0; i < packets; ++i)
      all = from_phone() && from_far_end() && all;
    return all;
  }
  std::size_t carried() const { return box.relay->carried(); }
  MediaReport report() const {
    box.relay->settle(ports.id);
    return box.relay->report(ports.id);
  }
};

}  // namespace dw::nat::fast::test
