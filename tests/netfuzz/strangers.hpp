#pragma once
#include <map>
#include <memory>
#include <utility>

#include "tests/lab/sccp_stream.hpp"
#include "tests/netfuzz/central.hpp"
#include "tests/netfuzz/pieces.hpp"

namespace dw::netfuzz {

/// Throws pieces: by UDP from a port of each stranger, by TCP over connections that a few strangers share.
class Strangers {
 public:
  Strangers(const Places& places, Central& central);
  void throw_one(const Piece& piece);
  void step();   ///< what comes back is thrown away, but for a BYE by UDP, which is answered
  void leave();  ///< all connections and ports are closed
  /// Asks for a sign of life by STUN, and hears it.
  void ask();
  bool answered();

 private:
  void by_udp(const Piece& piece);
  void by_tcp(const Piece& piece);
  const Places& places_;
  Central& central_;
  IpAddress daemon_;
  lab::UdpPort asker_;
  std::map<unsigned, std::unique_ptr<lab::UdpPort>> ports_;
  std::map<std::pair<std::uint16_t, unsigned>, std::unique_ptr<lab::TcpStream>> lines_;
};

}  // namespace dw::netfuzz
