#pragma once
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "sbc/net/timer.hpp"
#include "sbc/sccp/call_servers.hpp"

namespace dw::proxy {

/// Probes call servers when CallServers says that it is time: a server that accepts a connection, which is closed at
/// once, is up. At most one probe of a server at a time. Owned by SccpProxy, on the loop's thread.
class ServerProbes {
 public:
  struct Sinks {
    std::function<void(std::size_t server)> on_answer;
    std::function<void(std::size_t server, std::string why)> on_failure;
  };
  static constexpr std::size_t kMaxAddresses = 4;  ///< tried for one server's name

  ServerProbes(net::Loop& loop, sccp::CallServers& servers, Sinks sinks);
  ~ServerProbes();
  /// `timeout`: for each address. `source`: the address to connect from; none: the system's choice.
  void configure(Duration timeout, const IpAddress& source);
  /// To be called when the CallServers have changed.
  void arm();

 private:
  struct Probe;
  void on_time();
  void begin(std::size_t server);
  void connect(Probe& probe);
  void end(Probe& probe, std::string why);  // empty: it answered

  net::Loop& loop_;
  sccp::CallServers& servers_;
  Sinks sinks_;
  Duration timeout_{};
  IpAddress source_;
  std::vector<std::unique_ptr<Probe>> probes_;
  net::Timer timer_;
};

}  // namespace dw::proxy
