#pragma once
#include <poll.h>

#include <string>
#include <vector>

#include "sbc/base/time.hpp"
#include "tests/lab/sccp_rtp.hpp"
#include "tests/lab/sccp_stream.hpp"

namespace dw::netfuzz {

/// A healthy phone's audio in one call: a packet each 20 ms, and what of it the far end, which sends everything back,
/// let us hear.
class Voice {
 public:
  /// `who`: at most 8 letters, the same in all calls of a phone.
  Voice(const Endpoint& at, const std::string& who)
      : port_(at), who_(who + "."), name_(who_ + std::to_string(++last_)), source_(name_, 0, last_) {}
  void talk(const Endpoint& to) { to_ = to; }
  void step(TimePoint now);
  void add_polls(std::vector<pollfd>& polls) const { polls.push_back({port_.fd(), POLLIN, 0}); }
  bool ok() const { return port_.ok(); }
  std::uint64_t heard() const;
  /// What it heard of anybody else; empty: nothing. The last packets of its call before may still come.
  std::string wrong() const;

 private:
  static inline std::uint32_t last_ = 1000;
  lab::UdpPort port_;
  std::string who_, name_;
  lab::RtpSource source_;
  lab::RtpTally tally_;
  Endpoint to_;
  TimePoint next_{};
};

/// The far end of all calls: what comes goes back to where it came from, but for what keeps a way open (STUN).
class Echo {
 public:
  explicit Echo(const Endpoint& at) : port_(at) {}
  void step();
  void add_polls(std::vector<pollfd>& polls) const { polls.push_back({port_.fd(), POLLIN, 0}); }

 private:
  lab::UdpPort port_;
};

}  // namespace dw::netfuzz
