#pragma once
#include <poll.h>

#include <memory>
#include <string>
#include <vector>

#include "tests/lab/sccp_stream.hpp"
#include "tests/netfuzz/pieces.hpp"
#include "tests/netfuzz/voice.hpp"
#include "tests/support/sccp_phone.hpp"
#include "tests/support/sip_ua.hpp"

namespace dw::netfuzz {

/// A SIP phone that means no harm, by UDP or TCP.
class SipPhone {
 public:
  SipPhone(const Places& places, unsigned n, bool tcp);
  void add_polls(std::vector<pollfd>& polls) const;
  void step(TimePoint now);
  const Voice* voice() const { return voice_.get(); }  ///< of the call that is up
  sim::SipUa ua;

 private:
  void read_stream(TimePoint now);
  void talk();
  Endpoint daemon_;
  std::unique_ptr<lab::UdpPort> udp_;
  std::unique_ptr<lab::TcpStream> tcp_;
  std::unique_ptr<Voice> voice_;
  sim::SipStream octets_;
};

/// The same for SCCP.
class SccpPhone {
 public:
  SccpPhone(const Places& places, unsigned n);
  void add_polls(std::vector<pollfd>& polls) const;
  void step(TimePoint now);
  void act(const sim::PhoneTurn& turn);
  bool gone() const { return stream_ == nullptr; }
  bool connected() const;  ///< in a call
  const Voice* voice() const { return voice_.get(); }
  sim::SccpPhone core;

 private:
  std::unique_ptr<lab::TcpStream> stream_;
  std::unique_ptr<Voice> voice_;
  bool began_ = false;
};

}  // namespace dw::netfuzz
