#pragma once
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <unordered_set>
#include <vector>

#include "sbc/base/wire_tap.hpp"
#include "sbc/trace/pcapng.hpp"

namespace dw::trace {

enum class Form : std::uint8_t { text, pcapng };

/// One look at one phone: takes the records that are its own out of all that pass, and keeps them in the form that was
/// asked until they are read. A phone is its name, and the address it is at where no name was told (behind a router
/// other phones may share that): the one it was given, and then the last one that asked or spoke in that name. SIP of
/// the central side names no phone: a message there belongs to it when the phone side has had its Call-ID; those that
/// come first wait for that. No I/O; on the loop's thread.
class Tracer {
 public:
  static constexpr std::size_t kMaxQueued = 2 << 20;  ///< octets; records beyond it are left out and counted
  static constexpr std::size_t kMaxCallIds = 256;
  static constexpr std::size_t kMaxWaiting = 64;  ///< records of the central side

  struct Options {
    std::string device;  ///< "SEP001122334455"; empty: whoever is at the address
    IpAddress address;   ///< none: not known
    Form form = Form::text;
    std::uint64_t max_octets = 64 << 20;  ///< given out; then it is over
  };
  explicit Tracer(Options options);

  /// `at_us` since 1970.
  void on_record(std::uint64_t at_us, const WireRecord& record);
  /// What there is, at most `into`; how many octets.
  std::size_t read(MutableBytes into);
  bool empty() const { return queue_.empty(); }
  bool over() const { return over_; }  ///< nothing more will come
  std::uint64_t left_out() const { return left_out_; }
  void on_more(std::function<void()> callback) { on_more_ = std::move(callback); }

 private:
  struct Kept {
    std::uint64_t at_us = 0;
    WireRecord record;
    Buffer octets;
    std::string call_id;
  };
  bool is_ours(const WireRecord& record);
  void on_central_sip(std::uint64_t at_us, const WireRecord& record);
  void note_call_id(std::string_view call_id);
  void write(std::uint64_t at_us, const WireRecord& record);

  Options options_;
  PcapngWriter pcapng_;
  std::deque<std::uint8_t> queue_;
  std::uint64_t given_ = 0, left_out_ = 0, untold_ = 0;
  bool over_ = false;
  std::deque<std::string> call_ids_;
  std::unordered_set<std::string> known_;
  std::deque<Kept> waiting_;
  std::function<void()> on_more_;
};

/// The value of a SIP message's Call-ID field, in either form; empty: there is none.
std::string_view call_id_of(Bytes message);

}  // namespace dw::trace
