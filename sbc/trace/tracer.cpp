#include "sbc/trace/tracer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "sbc/base/text_cursor.hpp"
#include "sbc/base/time.hpp"
#include "sbc/trace/describe.hpp"

namespace dw::trace {

std::string_view call_id_of(Bytes message) {
  TextCursor cursor(as_text(message));
  (void)cursor.take_line();
  while (!cursor.at_end()) {
    TextCursor line(cursor.take_line());
    if (line.at_end()) break;  // the body begins
    const std::string_view name = trim(line.take_until(":"));
    if (!line.skip_char(':') || !(equal_ignoring_case(name, "Call-ID") || equal_ignoring_case(name, "i"))) continue;
    return trim(line.rest());
  }
  return {};
}

Tracer::Tracer(Options options) : options_(std::move(options)) {
  if (options_.form != Form::pcapng) return;
  Buffer head;
  PcapngWriter::begin(head, "dropwire " DW_VERSION);
  queue_.insert(queue_.end(), head.begin(), head.end());
}

bool Tracer::is_ours(const WireRecord& record) {
  if (!options_.device.empty()) {
    const bool says_so = record.side == WireRecord::Side::phone && !record.sent &&
                         as_text(record.octets).find(options_.device) != std::string_view::npos;
    if (record.device == options_.device || (record.device.empty() && says_so))
      options_.address = record.phone ? record.phone : record.peer.address;
    if (!record.device.empty()) return record.device == options_.device;
  }
  const IpAddress& phone = record.phone ? record.phone : record.peer.address;
  return options_.address && phone == options_.address;
}

void Tracer::on_record(std::uint64_t at_us, const WireRecord& record) {
  if (over_) return;
  const bool sip = record.protocol == WireRecord::Protocol::sip;
  if (sip && record.side == WireRecord::Side::central) return on_central_sip(at_us, record);
  if (!is_ours(record)) return;
  if (sip) note_call_id(call_id_of(record.octets));
  write(at_us, record);
}

void Tracer::on_central_sip(std::uint64_t at_us, const WireRecord& record) {
  const std::string_view id = call_id_of(record.octets);
  if (id.empty()) return;
  if (known_.contains(std::string(id))) return write(at_us, record);
  Kept kept{at_us, record, Buffer(record.octets.begin(), record.octets.end()), std::string(id)};
  kept.record.device = {};
  kept.record.octets = {};
  waiting_.push_back(std::move(kept));
  if (waiting_.size() > kMaxWaiting) waiting_.pop_front();
}

/// First writes this call's earlier messages on the central side.
void Tracer::note_call_id(std::string_view call_id) {
  if (call_id.empty() || !known_.emplace(call_id).second) return;
  call_ids_.emplace_back(call_id);
  if (call_ids_.size() > kMaxCallIds) {
    known_.erase(call_ids_.front());
    call_ids_.pop_front();
  }
  std::deque<Kept> others;
  for (Kept& kept : std::exchange(waiting_, {})) {
    if (kept.call_id == call_id) {
      kept.record.octets = kept.octets;
      write(kept.at_us, kept.record);
    } else {
      others.push_back(std::move(kept));
    }
  }
  waiting_ = std::move(others);
}

void Tracer::write(std::uint64_t at_us, const WireRecord& record) {
  const bool fetch = record.protocol == WireRecord::Protocol::fetch;
  if (over_ || (fetch && options_.form == Form::pcapng)) return;
  Buffer out;
  if (options_.form == Form::pcapng) {
    const std::string comment =
        unreported_ != 0
            ? fmt::format("{} messages before this one were left out: the reader was too slow", unreported_)
            : "";
    pcapng_.packet(out, {record.side == WireRecord::Side::phone ? PcapngWriter::Interface::phone
                                                                : PcapngWriter::Interface::central,
                         at_us, record.sent ? record.local : record.peer, record.sent ? record.peer : record.local,
                         record.stream, record.octets, comment});
  } else {
    const WallTime at(std::chrono::floor<std::chrono::milliseconds>(std::chrono::microseconds(at_us)));
    std::string text;
    if (unreported_ != 0) text += fmt::format("({} messages were left out: the reader was too slow)\n", unreported_);
    const std::string who =
        fetch ? std::string()
              : fmt::format("{} {} {} ", record.local.to_string(), record.sent ? "->" : "<-", record.peer.to_string());
    for (const std::string& line : describe(record)) {
      text += fmt::format("{} {:<7} {}{}\n", to_rfc3339(at),
                          record.side == WireRecord::Side::phone ? "phone" : "central", who, line);
    }
    out = to_buffer(text);
  }
  if (queue_.size() + out.size() > kMaxQueued) {
    ++left_out_;
    ++unreported_;
    return;
  }
  if (given_ + queue_.size() + out.size() > options_.max_octets) {
    over_ = true;
  } else {
    unreported_ = 0;
    queue_.insert(queue_.end(), out.begin(), out.end());
  }
  if (on_more_) on_more_();
}

std::size_t Tracer::read(MutableBytes into) {
  const std::size_t count = std::min(into.size(), queue_.size());
  const auto end = queue_.begin() + static_cast<std::ptrdiff_t>(count);
  std::copy(queue_.begin(), end, into.begin());
  queue_.erase(queue_.begin(), end);
  given_ += count;
  return count;
}

}  // namespace dw::trace
