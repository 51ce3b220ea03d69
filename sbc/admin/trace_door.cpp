#include "sbc/admin/trace_door.hpp"

#include <algorithm>
#include <chrono>

#include "sbc/admin/query.hpp"
#include "sbc/admin/reply.hpp"
#include "sbc/base/escape.hpp"
#include "sbc/base/ids.hpp"
#include "sbc/base/percent.hpp"
#include "sbc/base/text_cursor.hpp"
#include "sbc/net/log.hpp"

namespace dw::admin {
namespace {

constexpr std::string_view kBefore = "/api/phones/", kBehind = "/trace";

/// Nothing if it is given but is not a number from 1 to `max`.
std::optional<std::uint64_t> limit_in(std::string_view query, std::string_view name, std::uint64_t otherwise,
                                      std::uint64_t max) {
  if (!query_value(query, name)) return otherwise;
  const auto number = query_number(query, name, max);
  return number && *number != 0 ? number : std::nullopt;
}

}  // namespace

std::optional<std::string_view> TraceDoor::phone_in(std::string_view path) {
  if (!path.starts_with(kBefore) || !path.ends_with(kBehind) || path.size() <= kBefore.size() + kBehind.size())
    return std::nullopt;
  return path.substr(kBefore.size(), path.size() - kBefore.size() - kBehind.size());
}

/// A trace may wait for a phone that was never seen, by its name.
std::optional<trace::Tracer::Options> TraceDoor::whom(std::string_view phone) const {
  const auto key = percent_decoded(phone);
  if (!key) return std::nullopt;
  trace::Tracer::Options out;
  const auto address = IpAddress::parse(*key);
  const phones::Phone* known = inventory_ ? inventory_->find(*key) : nullptr;
  if (!known && inventory_ && address) known = inventory_->find_at(*address);
  if (known) {
    out.device = known->device.str();
    out.address = address ? *address : known->address;
  } else if (address) {
    out.address = *address;
  } else if (const auto device = DeviceName::parse(*key)) {
    out.device = device->str();
  } else if (const auto station = DeviceName::station(*key)) {
    out.device = station->str();
  } else {
    return std::nullopt;
  }
  return out;
}

void TraceDoor::give(const std::shared_ptr<net::HttpExchange>& exchange, std::string_view phone,
                     std::function<bool()> may_look) {
  const std::string_view query = exchange->query();
  const auto format = query_value(query, "format").value_or("text");
  const auto seconds = limit_in(query, "seconds", kSeconds, kMaxSeconds);
  const auto octets = limit_in(query, "octets", kOctets, kMaxOctets);
  if ((format != "text" && format != "pcapng") || !seconds || !octets)
    return exchange->reply(
        error_reply(400, "format is text or pcapng; seconds are 1 to 86400, octets 1 to 1073741824"));
  if (exchange->method() != "GET") return exchange->reply(wrong_method("GET"));
  auto options = whom(phone);
  if (!options) return exchange->reply(error_reply(404, "that is neither a phone's name nor an address"));
  if (traces_.size() >= kMaxTraces)
    return exchange->reply(error_reply(503, "as many phones as possible are being traced already"));
  options->form = format == "text" ? trace::Form::text : trace::Form::pcapng;
  options->max_octets = *octets;
  const std::uint64_t id = ++last_id_;
  const auto trace = std::make_shared<Trace>(loop_, *std::move(options), [this, id] { look(id); });
  traces_[id] = trace;
  trace->exchange = exchange;
  trace->may_look = std::move(may_look);
  trace->ends = loop_.now() + std::chrono::seconds(*seconds);
  trace->timer.arm_after(kLookAgain);
  trace->tracer.on_more([e = exchange.get()] { e->wake(); });
  exchange->on_end([this, id](bool, std::uint64_t) {
    traces_.erase(id);
    listen();
  });
  listen();
  // A trace may contain passwords: the log shows that somebody looked.
  spdlog::info("event=trace_began phone=\"{}\" format={}", escaped(phone), format);
  net::HttpReply reply = reply_of(200, format == "text" ? "text/plain; charset=utf-8" : "application/x-pcapng", {});
  reply.stream =
      net::HttpBody{net::HttpBody::kUnknownSize, [trace](std::uint64_t, MutableBytes into) -> long {
                      if (!trace->may_look()) return net::HttpBody::kEnd;
                      if (!trace->tracer.empty()) return static_cast<long>(trace->tracer.read(into));
                      return trace->over || trace->tracer.over() ? net::HttpBody::kEnd : net::HttpBody::kWait;
                    }};
  exchange->reply(std::move(reply));
}

void TraceDoor::look(std::uint64_t id) {
  const auto found = traces_.find(id);
  if (found == traces_.end()) return;
  const auto trace = found->second;
  trace->over = loop_.now() >= trace->ends || !trace->may_look();
  if (trace->over) return trace->exchange->wake();
  trace->timer.arm_after(std::min<Duration>(kLookAgain, trace->ends - loop_.now()));
}

/// One listener for all traces, and none without a trace.
void TraceDoor::listen() {
  if (traces_.empty()) return tap_.set(nullptr);
  tap_.set([this](const WireRecord& record) {
    const auto at = std::chrono::floor<std::chrono::microseconds>(WallClock::now().time_since_epoch());
    for (const auto& [id, trace] : traces_)
      trace->tracer.on_record(static_cast<std::uint64_t>(at.count()), record);
  });
}

}  // namespace dw::admin
