#pragma once
#include <map>
#include <optional>
#include <set>

#include "sbc/base/media_broker.hpp"

namespace dw::sim {

/// A media relay that relays nothing: hands out ports and remembers what it was called with.
class FakeBroker final : public MediaBroker {
 public:
  struct Stream {
    MediaRequest request;
    MediaPorts ports;
    std::optional<Endpoint> stated, far_end;
    std::optional<Endpoint> stated_rtcp, far_end_rtcp;
    MediaSources sources;
    MediaFormats to_phone, to_central;
    bool opaque = false;
    std::uint8_t tos = 0;
    int reopened = 0;
  };

  Result<MediaPorts> open(const MediaRequest& request) override {
    if (open_.size() >= limit) return fail(Errc::exhausted, "all ports are in use");
    Stream stream;
    stream.request = request;
    stream.ports = {MediaId{++last_}, {request.phone_side, port()}, {request.central_side, port()}};
    ++opened;
    return open_.emplace(stream.ports.id, stream).first->second.ports;
  }
  MediaPorts ports(MediaId id) override {
    const auto at = open_.find(id);
    return at == open_.end() ? MediaPorts{} : at->second.ports;
  }
  void reopen(MediaId id) override { ++open_.at(id).reopened; }
  void set_phone_stated(MediaId id, const Endpoint& stated) override { open_.at(id).stated = stated; }
  void set_phone(MediaId id, const IpAddress& address) override { open_.at(id).request.phone = address; }
  Endpoint set_far_end(MediaId id, const std::optional<Endpoint>& far_end) override {
    open_.at(id).far_end = far_end;
    return open_.at(id).ports.phone_facing;
  }
  void set_rtcp(MediaId id, MediaSide side, const std::optional<Endpoint>& rtcp) override {
    (side == MediaSide::phone ? open_.at(id).stated_rtcp : open_.at(id).far_end_rtcp) = rtcp;
  }
  void set_sources(MediaId id, const MediaSources& sources) override { open_.at(id).sources = sources; }
  void set_formats(MediaId id, MediaSide toward, const MediaFormats& formats) override {
    (toward == MediaSide::phone ? open_.at(id).to_phone : open_.at(id).to_central) = formats;
  }
  void set_opaque(MediaId id, bool opaque) override { open_.at(id).opaque = opaque; }
  void set_tos(MediaId id, std::uint8_t tos) override { open_.at(id).tos = tos; }
  MediaReport report(MediaId id) const override {
    const auto at = reports.find(id);
    return at == reports.end() ? MediaReport{} : at->second;
  }
  void settle(MediaId id) override { ++settled[id]; }
  void close(MediaId id, MediaEnd end) override {
    last_end = end;
    open_.erase(id);
  }

  const std::map<MediaId, Stream>& streams() const { return open_; }
  /// As after a new address of the router, or where it gave RTCP a port of its own.
  void set_central(MediaId id, const Endpoint& rtp, const std::optional<Endpoint>& rtcp = {}) {
    open_.at(id).ports.central_facing = rtp;
    open_.at(id).ports.central_rtcp = rtcp;
  }

  std::size_t limit = 100;
  std::size_t opened = 0;
  std::optional<MediaEnd> last_end;
  std::map<MediaId, MediaReport> reports;
  std::map<MediaId, int> settled;

 private:
  std::uint16_t port() {
    next_ = static_cast<std::uint16_t>(next_ + 2);
    return static_cast<std::uint16_t>(next_ - 2);
  }
  static constexpr std::uint16_t kFirst = 20000;
  std::uint16_t next_ = kFirst;
  std::uint64_t last_ = 0;
  std::map<MediaId, Stream> open_;
};

}  // namespace dw::sim
