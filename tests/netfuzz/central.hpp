#pragma once
#include <poll.h>

#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "tests/lab/sccp_stream.hpp"
#include "tests/netfuzz/pieces.hpp"
#include "tests/netfuzz/voice.hpp"
#include "tests/support/sccp_call_server.hpp"
#include "tests/support/sip_ua.hpp"

namespace dw::netfuzz {

/// Names of healthy phones begin so: they are told the truth.
inline constexpr const char* kHealthyUser = "healthy";
inline constexpr const char *kHealthyDevice = "SEP00AA00AA", *kHealthyFile = "sep00aa00aa";

/// The central side: SIP server, SCCP call server and file origin, true to healthy phones. What strangers ask is
/// answered with lies: right answers with octets changed, and whatever else can be thrown at it.
class Central {
 public:
  Central(const Places& places, const Pieces& pieces, unsigned seed);
  void add_polls(std::vector<pollfd>& polls) const;
  void step(TimePoint now);                 ///< reads what came, and answers
  void say_sip(const std::string& octets);  ///< to Dropwire, out of the blue
  void stop_lying() { lies_ = false; }      ///< what strangers still ask is refused, and their calls are ended
  sim::SipUa& registrar() { return registrar_; }
  const std::string& refused() const {
    return refused_;
  }  ///< the last refusal of a BYE, for whoever looks for a call that stays
  const sim::SccpCallServer& call_server() const { return call_server_; }

 private:
  struct Line {
    std::unique_ptr<lab::TcpStream> stream;
    std::string early;  ///< until it is known who it is
    bool known = false, honest = false;
  };
  void step_sip(TimePoint now);
  void step_sccp(TimePoint now);
  void step_files();
  void answer_stranger(const Endpoint& from, const std::string& octets);
  void answer_call(const Endpoint& from, const sim::SipText& invite);
  void end_calls(TimePoint now);
  void take_line(TimePoint now, int number, Line& line, const Buffer& octets);
  void perform(const sim::ServerTurn& turn);
  void flush_sip();
  bool chance(unsigned one_in) { return random_() % one_in == 0; }

  const Pieces& pieces_;
  std::mt19937 random_;
  bool lies_ = true;
  Endpoint daemon_, sip_at_;
  lab::UdpPort sip_;
  sim::SipUa registrar_;
  lab::TcpListener sccp_, files_;
  sim::SccpCallServer call_server_;
  Echo sip_echo_;
  std::map<std::uint16_t, std::unique_ptr<Echo>> sccp_echoes_;  ///< by the port that the call server gave out
  std::map<std::string, std::string>
      endings_;  ///< a last answer, or a BYE, for each call that strangers began; by branch
  TimePoint next_endings_{};
  std::string refused_;
  std::map<int, Line> lines_;
  std::map<int, std::pair<std::unique_ptr<lab::TcpStream>, std::string>> fetches_;
  int next_ = 1;
};

}  // namespace dw::netfuzz
