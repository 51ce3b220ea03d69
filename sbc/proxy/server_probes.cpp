#include "sbc/proxy/server_probes.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "sbc/net/resolver.hpp"
#include "sbc/net/tcp_stream.hpp"

namespace dw::proxy {

struct ServerProbes::Probe {
  std::size_t server = 0;
  HostPort name;  ///< as the server of a number may change meanwhile
  std::vector<IpAddress> addresses;
  std::size_t next_address = 0;
  std::optional<net::Lookup> lookup;
  net::TcpStream stream;
  std::optional<net::Timer> timeout;
};

ServerProbes::ServerProbes(net::Loop& loop, sccp::CallServers& servers, Sinks sinks)
    : loop_(loop), servers_(servers), sinks_(std::move(sinks)), timer_(loop, [this] { on_time(); }) {}

ServerProbes::~ServerProbes() = default;

void ServerProbes::configure(Duration timeout, const IpAddress& source) {
  timeout_ = timeout;
  source_ = source;
  arm();
}

void ServerProbes::arm() {
  const TimePoint next = servers_.next_due();
  if (next == TimePoint::max()) return timer_.cancel();
  timer_.arm_at(next);
}

void ServerProbes::on_time() {
  while (const auto server = servers_.due(loop_.now())) {
    const auto same = [&](const auto& probe) { return probe->server == *server; };
    if (std::ranges::none_of(probes_, same)) begin(*server);
  }
  arm();
}

void ServerProbes::begin(std::size_t server) {
  Probe& probe = *probes_.emplace_back(std::make_unique<Probe>());
  probe.server = server;
  probe.name = servers_.at(server).name;
  probe.lookup.emplace(loop_, probe.name.host, [this, &probe](Result<std::vector<IpAddress>> found) {
    if (!found) return end(probe, found.error().text);
    probe.addresses = std::move(*found);
    probe.addresses.resize(std::min(probe.addresses.size(), kMaxAddresses));
    connect(probe);
  });
}

void ServerProbes::connect(Probe& probe) {
  const Endpoint to{probe.addresses[probe.next_address++], probe.name.port};
  const auto failed = [this, &probe](std::string why) {
    if (probe.next_address < probe.addresses.size()) return connect(probe);
    end(probe, std::move(why));
  };
  auto stream = net::TcpStream::connect(
      loop_, to, source_,
      {[this, &probe] { end(probe, {}); }, [](Bytes) {},
       [failed](bool clean, std::string_view why) { failed(clean ? "it hung up" : std::string(why)); }});
  if (!stream) return failed(stream.error().text);
  probe.stream = std::move(*stream);
  probe.timeout.emplace(loop_, [failed] { failed("it does not answer"); });
  probe.timeout->arm_after(timeout_);
}

void ServerProbes::end(Probe& probe, std::string why) {
  const auto at = std::ranges::find(probes_, &probe, [](const auto& owned) { return owned.get(); });
  const std::unique_ptr<Probe> ended = std::move(*at);  // until this has returned: its callback called
  probes_.erase(at);
  const auto& server = servers_.at(ended->server);
  if (!server.configured || server.name != ended->name) return;
  if (why.empty()) {
    sinks_.on_answer(ended->server);
  } else {
    sinks_.on_failure(ended->server, std::move(why));
  }
  arm();
}

}  // namespace dw::proxy
