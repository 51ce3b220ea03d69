#pragma once
#include <poll.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "tests/lab/sccp_stream.hpp"
#include "tests/support/sip_text.hpp"

namespace dw::lab {

struct SipLinkOptions {
  Endpoint server;
  bool tcp = false;
  bool nat_enabled = false;       ///< UDP: sends from the port that it listens on
  bool one_time_sockets = false;  ///< UDP: a fresh socket for each message
};

/// How a Cisco phone stands in the network. UDP: listens on one port and sends from another, which it never
/// reads. TCP: one connection, which it opened.
class SipLink {
 public:
  using Taken = std::function<void(Bytes, const Endpoint& from)>;

  SipLink(const SipLinkOptions& options, IpAddress own, std::uint16_t listen_port);

  /// "" or what is wrong.
  const std::string& trouble() const { return trouble_; }
  void connect();  ///< TCP
  void close() { tcp_.reset(); }
  bool up() const { return !options_.tcp || (tcp_ && !tcp_->connecting()); }
  bool lost() const { return tcp_ && tcp_->broken(); }
  Endpoint told() const { return told_; }  ///< what Via and Contact say
  void send(const Endpoint& to, std::string_view message);
  void add_polls(std::vector<pollfd>& polls);
  /// Gives what came; true when a TCP connection came to stand.
  bool take_polls(const std::vector<pollfd>& polls, const Taken& taken);
  unsigned unheard() const { return unheard_; }                ///< datagrams to the port that nobody reads
  unsigned pings() const { return pings_ + stream_.pings(); }  ///< empty lines or datagrams between messages

 private:
  void read_port(const UdpPort& port, const Taken& taken) const;
  void read_stream(const Taken& taken);

  SipLinkOptions options_;
  IpAddress own_;
  Endpoint told_;
  std::unique_ptr<UdpPort> listener_, sender_;
  std::unique_ptr<TcpStream> tcp_;
  std::string trouble_;
  sim::SipStream stream_;
  std::size_t first_poll_ = 0;
  unsigned unheard_ = 0, pings_ = 0;
};

/// The address that this host uses toward another.
IpAddress own_address_toward(const Endpoint& server);

}  // namespace dw::lab
