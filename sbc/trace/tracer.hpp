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

/// Traces one phone: selects its records from all that pass, and keeps them in the requested form until they are read.
/// A phone is identified by its name, or, for records without a name, by its address (which other phones behind a
/// router may share): the given one, then the one it last used with its name. SIP on the central side has no phone's
/// name: a message belongs to the phone if the phone side has used its Call-ID; earlier ones wait for that. No I/O; on
/// the loop's thread.
class Tracer {
 public:
  static constexpr std::size_t kMaxQueued = 2 << 20;  ///< octets; further records are dropped and counted
  static constexpr std::size_t kMaxCallIds = 256;
  static constexpr std::size_t kMaxWaiting = 64;  ///< SIP messages of the central side

  struct Options {
    std::string device;  ///< "SEP001122334455"; empty: any phone at the address
    IpAddress address;   ///< none: not known yet
    Form form = Form::text;
    std::uint64_t max_octets = 64 << 20;  ///< the trace is over after that
  };
  explicit Tracer(Options options);

  /// `at_us` since 1970.
  void on_record(std::uint64_t at_us, const WireRecord& record);
  /// Reads up to the size of `into`; returns the number of octets.
  std::size_t read(MutableBytes into);
  bool empty() const { return queue_.empty(); }
  bool over() const { return over_; }  ///< nothing more follows
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
  std::uint64_t given_ = 0, left_out_ = 0, unreported_ = 0;
  bool over_ = false;
  std::deque<std::string> call_ids_;
  std::unordered_set<std::string> known_;
  std::deque<Kept> waiting_;
  std::function<void()> on_more_;
};

/// The value of a SIP message's Call-ID field (or its compact form); empty if there is none.
std::string_view call_id_of(Bytes message);

}  // namespace dw::trace
