#pragma once
#include <doctest/doctest.h>

#include <fmt/format.h>

#include <map>
#include <vector>

#include "sbc/proxy/media_desk.hpp"

using namespace dw;
using namespace std::chrono_literals;

namespace {

const IpAddress kOurs = *IpAddress::parse("192.168.1.10");
const IpAddress kCentral = *IpAddress::parse("10.0.0.5");
const IpAddress kServer = *IpAddress::parse("10.0.0.9");
const IpAddress kAlice = *IpAddress::parse("192.168.1.50"), kBob = *IpAddress::parse("192.168.1.51"),
                kCarol = *IpAddress::parse("192.168.1.52");

/// A relay that remembers what it was called with.
class FakeRelay final : public nat::Relay {
 public:
  Result<void> configure(const nat::RelayOptions&) override { return {}; }
  struct Stream {
    std::optional<Endpoint> far_end, far_end_rtcp, phone, phone_rtcp;
    MediaSources sources;
    MediaId bridged = MediaId::none;
    int tos = -1;
    bool opaque = false, silent = false;
    std::optional<Endpoint> anchor;
    IpAddress roamed_to;
  };
  Result<nat::StreamPorts> open(const nat::StreamRequest& request) override {
    asked = request;
    const auto n = static_cast<std::uint16_t>(++last);
    all[MediaId{n}] = {};
    rather = {request.central_ports.begin(), request.central_ports.end()};
    if (!rather.empty() && gives_mapped)
      return nat::StreamPorts{MediaId{n}, static_cast<std::uint16_t>(20000 + 2 * n), rather.front()};
    return nat::StreamPorts{MediaId{n}, static_cast<std::uint16_t>(20000 + 2 * n),
                            static_cast<std::uint16_t>(30000 + 2 * n)};
  }
  void reopen(MediaId) override {}
  void set_phone(MediaId id, const std::optional<Endpoint>& rtp, const std::optional<Endpoint>& rtcp) override {
    all.at(id).phone = rtp;
    all.at(id).phone_rtcp = rtcp;
  }
  void set_phone_address(MediaId id, const IpAddress& address) override { all.at(id).roamed_to = address; }
  void set_far_end(MediaId id, const std::optional<Endpoint>& far_end, const std::optional<Endpoint>& rtcp) override {
    all.at(id).far_end = far_end;
    all.at(id).far_end_rtcp = rtcp;
  }
  void set_sources(MediaId id, const MediaSources& sources) override { all.at(id).sources = sources; }
  void set_formats(MediaId, MediaSide, const MediaFormats&) override {}
  void open_way(MediaId id, const Endpoint& anchor) override { all.at(id).anchor = anchor; }
  void bridge(MediaId id, MediaId other) override { all.at(id).bridged = other; }
  void set_opaque(MediaId id, bool opaque) override { all.at(id).opaque = opaque; }
  void set_tos(MediaId id, std::uint8_t tos) override { all.at(id).tos = tos; }
  void silence(MediaId id) override { all.at(id).silent = true; }
  void settle(MediaId) override {}
  void carry_by(const nat::MakeFlowTable&) override {}
  std::size_t carried() const override { return 0; }
  MediaReport report(MediaId id) const override {
    const auto at = reports.find(id);
    return at == reports.end() ? MediaReport{} : at->second;
  }
  void close(MediaId id) override { all.erase(id); }
  std::size_t streams() const override { return all.size(); }
  std::size_t capacity() const override { return 100; }
  nat::RelayCounts counts() const override { return counted; }
  void append_metrics(MetricsText&) const override {}

  std::map<MediaId, Stream> all;
  std::map<MediaId, MediaReport> reports;
  std::vector<std::uint16_t> rather;  ///< of the last stream
  nat::StreamRequest asked;           ///< of the last stream
  bool gives_mapped = true;
  nat::RelayCounts counted;
  int last = 0;
};

struct Desk {
  net::Loop loop;
  FakeRelay relay;
  proxy::MediaDesk desk;
  explicit Desk(proxy::MediaDesk::Options options = {}) : desk(loop, relay, options) {}
  MediaPorts open(const IpAddress& phone) {
    const auto ports = desk.open({phone, kOurs, kCentral, kServer});
    REQUIRE(ports);
    return *ports;
  }
};

inline proxy::MediaDesk::Options local() {
  proxy::MediaDesk::Options options;
  options.local = true;
  return options;
}

}  // namespace
