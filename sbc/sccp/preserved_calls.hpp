#pragma once
#include <optional>
#include <string>
#include <vector>

#include "sbc/base/media_broker.hpp"
#include "sbc/sccp/call_table.hpp"

namespace dw::sccp {

/// Calls that lost their signalling connection while both sides talked (sccp §4.4: call preservation). A phone whose
/// call server is gone shows "CM Down, features disabled" and keeps the call until somebody hangs up, of which no
/// message reaches us. So a stream ends when either side has been silent for `media_idle`; when its phone registers
/// again without active streams and stays silent; or when the phone receives other media at the same port. Owns the
/// streams that it was given. No I/O; the broker outlives it.
class PreservedCalls {
 public:
  static constexpr std::size_t kMaxStreams = 4096;
  static constexpr std::size_t kMaxStreamsOfDevice = 8;
  static constexpr Duration kLookAgain = std::chrono::seconds(5);
  static constexpr Duration kBackAndSilent = std::chrono::seconds(10);
  static constexpr Duration kTalking = std::chrono::seconds(3);

  using Over = std::vector<Call>;  ///< calls that have ended, all of their streams with them

  explicit PreservedCalls(MediaBroker& broker) : broker_(broker) {}
  ~PreservedCalls();
  PreservedCalls(const PreservedCalls&) = delete;
  PreservedCalls& operator=(const PreservedCalls&) = delete;

  void configure(Duration media_idle) { media_idle_ = media_idle; }
  /// A device with too many streams loses its oldest calls. When kMaxStreams are kept, this call is over at once.
  void add(TimePoint now, const std::string& device, LostCall call, Over& over);
  /// The device registered from `phone`, and has so many streams by its own account.
  void on_registered(TimePoint now, const std::string& device, const IpAddress& phone, std::uint32_t active_streams);
  /// The device receives the media of another call at `at`.
  void on_receives(TimePoint now, const std::string& device, const Endpoint& at, Over& over);
  void on_deadline(TimePoint now, Over& over);
  TimePoint next_deadline() const { return kept_.empty() ? TimePoint::max() : look_at_; }

  std::vector<Call> calls(TimePoint now) const;  ///< as they are now
  std::size_t size() const { return kept_.size(); }
  /// Calls of which both sides were heard within kTalking: nobody is left on the others.
  std::size_t talking(TimePoint now) const;

 private:
  struct Kept {
    std::string device;
    LostCall lost;
    std::optional<TimePoint> idle_since;  ///< its phone registered without active streams
  };
  bool is_over(TimePoint now, const Kept& kept, const CallStream& stream) const;
  void close(Kept& kept, std::size_t stream);
  void finish(TimePoint now, std::size_t index, Over& over);
  std::size_t streams() const;

  MediaBroker& broker_;
  Duration media_idle_ = std::chrono::seconds(300);
  TimePoint look_at_{};
  std::vector<Kept> kept_;  // oldest first
};

}  // namespace dw::sccp
