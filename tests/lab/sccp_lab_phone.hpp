#pragma once
#include <poll.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tests/lab/sccp_rtp.hpp"
#include "tests/lab/sccp_stream.hpp"
#include "tests/support/sccp_phone.hpp"

namespace dw::lab {

struct LabPhoneOptions {
  std::vector<Endpoint> servers;   ///< in order; after a loss the next one
  IpAddress bind;                  ///< own address for TCP and RTP; none: as routed
  std::optional<IpAddress> claim;  ///< address in messages instead of the own one
  std::optional<Duration> retry;   ///< time until it connects again after a loss
  bool auto_answer = false, mute = false, quiet = false;
  unsigned first_extension = 0;  ///< extension of phone 0, for "dial +1"
  std::vector<std::string> script;
};

/// A simulated phone with real sockets, driven by poll(2), that executes a script. Prints one line per
/// event.
class LabPhone {
 public:
  LabPhone(unsigned index, sim::PhoneOptions phone, const LabPhoneOptions& options, TimePoint now);

  void add_polls(std::vector<pollfd>& polls);
  void take_polls(TimePoint now, const std::vector<pollfd>& polls);
  void on_time(TimePoint now);  ///< what is due: script, RTP, keepalives, retries
  TimePoint next_time(TimePoint now) const;
  bool done() const { return failed_ || at_ == options_.script.size(); }
  bool failed() const { return failed_; }
  void fail(const std::string& why);
  const RtpTally& total() const { return total_; }

 private:
  struct Channel {
    std::unique_ptr<UdpPort> port;
    std::unique_ptr<RtpSource> source;
    bool receiving = false;
    std::optional<Endpoint> remote;
    std::uint8_t payload_type = 0;
  };
  enum class Step { done, waiting };

  /// The user did something: earlier events no longer satisfy later waits and expectations.
  void start_over() {
    happened_.clear();
    tally_.forget();
  }

  void say(const std::string& line) const;
  void connect(TimePoint now);
  void lose(TimePoint now, const std::string& why);
  void perform(TimePoint now, sim::PhoneTurn turn);
  void on_event(TimePoint now, const sim::PhoneEvent& event);
  Channel& channel(const sim::PhoneEvent& event);
  void drop_if_idle(std::uint32_t party);
  void send_rtp(TimePoint now);
  void read_stream(TimePoint now, short events);
  bool transmits() const;

  Step step(TimePoint now, const std::vector<std::string>& words);
  std::optional<Step> act(TimePoint now, const std::vector<std::string>& words);
  Step wait_for(TimePoint now, const std::vector<std::string>& words);
  Step wait_for_file(TimePoint now, const std::vector<std::string>& words);
  Step pass_time(TimePoint now, Duration time);
  Step talk(TimePoint now, Duration time);
  Step expect_rtp(TimePoint now, const std::vector<std::string>& words);
  Step expect_silence(TimePoint now, Duration time);
  bool late(TimePoint now, Duration patience, const std::string& what);
  std::string number_of(const std::string& word) const;
  std::string name_of(const std::string& word) const;

  unsigned index_;
  const LabPhoneOptions& options_;
  sim::SccpPhone phone_;
  TimePoint born_;
  std::unique_ptr<TcpStream> tcp_;
  std::size_t server_ = 0;
  bool wanted_ = false;  // registered, or to be
  std::optional<TimePoint> retry_at_;
  std::map<std::uint32_t, Channel> channels_;  // by pass-through party id
  TimePoint next_rtp_{};
  std::uint32_t streams_ = 0;
  RtpTally tally_, total_;
  std::size_t first_poll_ = 0;
  std::vector<std::uint32_t> polled_parties_;

  std::size_t at_ = 0;                        // in the script
  std::optional<TimePoint> began_;            // of the step under way
  std::map<std::string, unsigned> happened_;  // events since the last thing done
  bool failed_ = false;
};

}  // namespace dw::lab
