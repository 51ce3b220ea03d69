#include "sbc/admin/event_feed.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "sbc/admin/json.hpp"

namespace dw::admin {
namespace {

using Json = nlohmann::ordered_json;

std::string event(std::string_view name, const Json& data) {
  return fmt::format("event: {}\ndata: {}\n\n", name, data.dump(-1, ' ', false, Json::error_handler_t::replace));
}

}  // namespace

EventFeed::EventFeed(net::Loop& loop, const Sources& sources, const Options& options)
    : loop_(loop), sources_(sources), options_(options), watch_(sources), timer_(loop, [this] { tick(); }) {}

void EventFeed::listen(const std::shared_ptr<net::HttpExchange>& exchange, net::HttpReply reply,
                       std::function<bool()> may_listen) {
  if (listeners_.size() >= options_.max_listeners) {
    reply.status = 503;
    reply.headers.emplace_back("Retry-After", "30");
    reply.text = error_json("too many pages listen already; ask every few seconds instead");
    return exchange->reply(std::move(reply));
  }
  std::erase_if(reply.headers, [](const auto& header) { return header.first == "Content-Type"; });
  reply.headers.emplace_back("Content-Type", "text/event-stream; charset=utf-8");
  const std::uint64_t id = next_id_++;
  Listener& listener = listeners_[id];
  listener.exchange = exchange;
  listener.may_listen = std::move(may_listen);
  listener.text = fmt::format("retry: {}\n", kRetry.count()) + event("hello", {{"now", to_rfc3339(wall_now())}});
  listener.began = listener.last_taken = listener.last_written = loop_.now();
  exchange->on_end([this, id](bool, std::uint64_t) { listeners_.erase(id); });
  reply.stream = net::HttpBody{net::HttpBody::kUnknownSize,
                               [this, id](std::uint64_t, MutableBytes into) { return read(id, into); }};
  if (!timer_.armed()) {
    watch_.look(loop_.now());  // changes before the first listener came don't count
    timer_.arm_after(options_.every);
  }
  exchange->reply(std::move(reply));
}

long EventFeed::read(std::uint64_t id, MutableBytes into) {
  const auto found = listeners_.find(id);
  if (found == listeners_.end()) return net::HttpBody::kEnd;
  Listener& listener = found->second;
  if (listener.taken == listener.text.size()) {
    listener.taken = 0;
    listener.text = text_of(std::exchange(listener.pending, {}));
    if (!listener.text.empty()) listener.last_written = loop_.now();
  }
  listener.last_taken = loop_.now();
  if (listener.text.empty()) return net::HttpBody::kWait;
  const Bytes part = as_bytes(listener.text).subspan(listener.taken);
  const std::size_t count = std::min(part.size(), into.size());
  std::ranges::copy(part.first(count), into.begin());
  listener.taken += count;
  return static_cast<long>(count);
}

void EventFeed::tick() {
  if (listeners_.empty()) return;
  timer_.arm_after(options_.every);
  const TimePoint now = loop_.now();
  if (sources_.doctor && now - last_examined_ >= options_.ask_doctor) examine();
  const Changes changes = watch_.look(now);
  std::vector<std::shared_ptr<net::HttpExchange>> to_wake;  // one may end within wake() and leave the map
  for (auto it = listeners_.begin(); it != listeners_.end();) {
    Listener& listener = it->second;
    listener.pending.merge(changes);
    const bool quiet = !listener.owes() && now - listener.last_written >= options_.heartbeat;
    if (quiet) {
      listener.taken = 0;
      listener.text = ": still here\n\n";
      listener.last_written = now;
    }
    if (listener.owes()) to_wake.push_back(listener.exchange);
    const bool over = now - listener.began >= options_.longest || (listener.may_listen && !listener.may_listen());
    if (over) to_wake.push_back(listener.exchange);
    const bool lags = listener.owes() && now - listener.last_taken >= kMaxLag + options_.heartbeat;
    it = over || lags ? listeners_.erase(it) : std::next(it);
  }
  for (const auto& exchange : to_wake)
    exchange->wake();
}

void EventFeed::examine() {
  if (examining_) return;
  examining_ = true;
  last_examined_ = loop_.now();
  sources_.doctor([this, alive = std::weak_ptr(alive_)](const std::vector<doctor::Finding>& findings) {
    if (alive.expired()) return;
    examining_ = false;
    watch_.on_box_findings(findings);
  });
}

std::string EventFeed::text_of(const Changes& changes) const {
  std::string out;
  if (changes.status) out += event("status", Json::object());
  if (changes.many || !changes.phones.empty()) {
    out += event("phones", {{"total", sources_.inventory ? sources_.inventory->size() : 0},
                            {"keys", changes.phones},
                            {"more", changes.many}});
  }
  if (changes.calls) out += event("calls", Json::object());
  if (changes.files) out += event("files", Json::object());
  if (changes.doctor) out += event("doctor", Json::object());
  return out;
}

}  // namespace dw::admin
