#include "sbc/admin/operations.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <utility>

#include "sbc/admin/phone_query.hpp"
#include "sbc/admin/query.hpp"
#include "sbc/admin/reply.hpp"
#include "sbc/base/escape.hpp"
#include "sbc/base/text_cursor.hpp"
#include "sbc/phones/inventory.hpp"

namespace dw::admin {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view kBelow = "/api/operations/";
constexpr std::array<std::pair<std::string_view, PhoneAction>, 3> kActions = {
    {{"restart", PhoneAction::restart}, {"reset", PhoneAction::reset}, {"forget", PhoneAction::forget}}};

std::string_view name_of(PhoneAction action) {
  return std::ranges::find(kActions, action, &decltype(kActions)::value_type::second)->first;
}

Json time_or_null(WallTime at) {
  return at == WallTime{} ? Json() : Json(to_rfc3339(at));
}

}  // namespace

Operations::Operations(net::Loop& loop, const phones::Inventory& inventory, const doctor::VerdictBook& verdicts,
                       Act act)
    : loop_(loop), inventory_(inventory), verdicts_(verdicts), act_(std::move(act)), timer_(loop, [this] {
        go_on();
      }) {}

std::string_view Operations::to_string(State state) {
  switch (state) {
    case State::counting:
      return "counting";
    case State::counted:
      return "counted";
    case State::running:
      return "running";
    case State::done:
      return "done";
    case State::stopped:
      return "stopped";
  }
  return "?";
}

std::string Operations::json_of(const Operation& o) {
  Json errors = Json::array();
  for (const Refusal& refusal : o.errors)
    errors.push_back({{"device", refusal.device}, {"error", refusal.said}});
  return Json{{"id", o.id},
              {"action", name_of(o.action)},
              {"filter", o.filter.to_query()},
              {"force", o.force},
              {"pace", o.pace},
              {"state", to_string(o.state)},
              {"phones", o.phones},
              {"done", o.done},
              {"refused", o.refused},
              {"skipped", o.skipped},
              {"waiting", o.asked},
              {"by", o.by},
              {"stopped_by", o.stopped_by},
              {"begun", time_or_null(o.begun)},
              {"ended", time_or_null(o.ended)},
              {"errors", std::move(errors)}}
      .dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::shared_ptr<Operations::Operation> Operations::running() const {
  const auto found = std::ranges::find(all_, State::running, [](const auto& o) { return o->state; });
  return found == all_.end() ? nullptr : *found;
}

void Operations::list(net::HttpExchange& exchange) const {
  std::string text = "{\"operations\":[";
  for (auto o = all_.rbegin(); o != all_.rend(); ++o)
    text += (o == all_.rbegin() ? "\n" : ",\n") + json_of(**o);
  exchange.reply(json_reply(text + "]}\n"));
}

void Operations::act(const std::shared_ptr<net::HttpExchange>& exchange, std::string_view path,
                     const std::string& who) {
  if (!path.starts_with(kBelow)) return count(exchange, who);
  TextCursor rest(path.substr(kBelow.size()));
  const auto id = parse_number(rest.take_until("/"), UINT64_MAX);
  const auto found = std::ranges::find_if(all_, [&](const auto& o) { return id && o->id == *id; });
  if (found == all_.end())
    return exchange->reply(
        error_reply(404, "there is no such operation; they are forgotten after a while, and by a restart"));
  return rest.rest() == "/begin" ? begin(*exchange, **found, who) : stop(*exchange, **found, who);
}

void Operations::count(const std::shared_ptr<net::HttpExchange>& exchange, const std::string& who) {
  const std::string_view query = exchange->query();
  const auto filter = parse_phone_filter(query, {"action", "force", "pace", "all"});
  if (!filter) return exchange->reply(error_reply(400, filter.error().text));
  const auto action =
      std::ranges::find(kActions, query_value(query, "action").value_or(""), &decltype(kActions)::value_type::first);
  if (action == kActions.end()) return exchange->reply(error_reply(400, "action is restart, reset or forget"));
  const auto pace = query_value(query, "pace") ? query_number(query, "pace", kMaxPace) : kPace;
  if (!pace || *pace == 0)
    return exchange->reply(error_reply(400, fmt::format("pace is a number of phones a second, 1 to {}", kMaxPace)));
  for (const char* const yes : {"force", "all"}) {
    if (query_value(query, yes) && query_value(query, yes) != "1")
      return exchange->reply(error_reply(400, fmt::format("{} is 1, or is left out", yes)));
  }
  if (filter->is_empty() && !query_value(query, "all"))
    return exchange->reply(error_reply(400, "no filter means all phones: say all=1 if they are meant"));
  // Finished operations are dropped first, then those that were counted but not started.
  while (all_.size() >= kKept) {
    auto oldest =
        std::ranges::find_if(all_, [](const auto& o) { return o->state == State::done || o->state == State::stopped; });
    if (oldest == all_.end()) oldest = std::ranges::find(all_, State::counted, [](const auto& o) { return o->state; });
    if (oldest == all_.end()) return exchange->reply(error_reply(503, "too many operations are being counted"));
    all_.erase(oldest);
  }
  const auto operation = std::make_shared<Operation>();
  operation->id = ++last_id_;
  operation->action = action->second;
  operation->filter = *filter;
  operation->force = query_value(query, "force").has_value();
  operation->pace = static_cast<unsigned>(*pace);
  operation->by = who;
  all_.push_back(operation);
  count_some(exchange, operation, {});
}

void Operations::count_some(const std::shared_ptr<net::HttpExchange>& exchange,
                            const std::shared_ptr<Operation>& operation, std::string from) {
  bool more = false;
  std::size_t left = kLookedAt;
  inventory_.for_each_after(from, [&](const std::string& key, const phones::Phone& phone) {
    more = left == 0;
    if (more) return false;
    --left;
    from = key;
    if (operation->filter.fits(phone, verdicts_.of(phone))) operation->keys.push_back(key);
    return operation->keys.size() <= kMaxPhones;
  });
  if (operation->keys.size() > kMaxPhones) {
    std::erase(all_, operation);
    return exchange->reply(
        error_reply(409, fmt::format("these are more than {} phones: narrow the filter", kMaxPhones)));
  }
  if (more) {
    return loop_.post([this, exchange, operation, from, alive = std::weak_ptr(alive_)] {
      if (!alive.expired()) count_some(exchange, operation, from);
    });
  }
  operation->phones = operation->keys.size();
  operation->state = State::counted;
  operation->counted = loop_.now();
  exchange->reply(json_reply(json_of(*operation) + "\n"));
}

void Operations::begin(net::HttpExchange& exchange, Operation& operation, const std::string& who) {
  const auto phones = query_number(exchange.query(), "phones", UINT32_MAX);
  if (!phones) return exchange.reply(error_reply(400, "phones is the number that was counted"));
  if (operation.state != State::counted)
    return exchange.reply(error_reply(409, fmt::format("this operation is {} already", to_string(operation.state))));
  if (*phones != operation.phones)
    return exchange.reply(
        error_reply(409, fmt::format("{} phones were counted, and not {}: look again", operation.phones, *phones)));
  if (loop_.now() - operation.counted > kCountedFor)
    return exchange.reply(error_reply(409, "that was counted too long ago: count again"));
  if (const auto other = running())
    return exchange.reply(error_reply(409, fmt::format("operation {} is running: wait for it, or stop it", other->id)));
  operation.state = State::running;
  operation.by = who;
  operation.begun = wall_now();
  spdlog::info("event=operator_action action={} operation={} phones={} filter=\"{}\" force={} state=begun by=\"{}\"",
               name_of(operation.action), operation.id, operation.phones, operation.filter.to_query(), operation.force,
               who);
  timer_.arm_after(Duration{});
  exchange.reply(json_reply(json_of(operation) + "\n"));
}

void Operations::stop(net::HttpExchange& exchange, Operation& operation, const std::string& who) {
  if (operation.state != State::running)
    return exchange.reply(
        error_reply(409, fmt::format("this operation is {}, and does not run", to_string(operation.state))));
  operation.stopped_by = who;
  end(operation, State::stopped);
  exchange.reply(json_reply(json_of(operation) + "\n"));
}

/// The next phone's turn. Phones that no longer match are skipped and take no turn.
void Operations::go_on() {
  const auto operation = running();
  if (!operation) return;
  timer_.arm_after(Duration(std::chrono::seconds(1)) / operation->pace);
  if (operation->asked >= kMaxAsked) return;
  for (std::size_t looked = 0; looked < kLookedAt; ++looked) {
    if (operation->next == operation->keys.size()) {
      if (operation->asked == 0) end(*operation, State::done);
      return;
    }
    const std::string& key = operation->keys[operation->next++];
    const phones::Phone* const phone = inventory_.find(key);
    if (phone != nullptr && phone->key() == key && operation->filter.fits(*phone, verdicts_.of(*phone)))
      return ask(operation, *phone);
    ++operation->skipped;
  }
}

void Operations::ask(const std::shared_ptr<Operation>& operation, const phones::Phone& phone) {
  ++operation->asked;
  act_(phone, operation->action, operation->force, [operation, key = phone.key()](const Outcome& outcome) {
    --operation->asked;
    ++(outcome.done() ? operation->done : operation->refused);
    spdlog::info("event=operator_action action={} operation={} device={} status={} by=\"{}\"",
                 name_of(operation->action), operation->id, key, outcome.status, operation->by);
    if (outcome.done()) return;
    operation->errors.push_back({key, outcome.said});
    if (operation->errors.size() > kErrors) operation->errors.pop_front();
  });
}

void Operations::end(Operation& operation, State state) {
  operation.state = state;
  operation.ended = wall_now();
  operation.keys = {};
  spdlog::info("event=operator_action action={} operation={} state={} done={} refused={} skipped={} of={} by=\"{}\"",
               name_of(operation.action), operation.id, to_string(state), operation.done, operation.refused,
               operation.skipped, operation.phones, state == State::stopped ? operation.stopped_by : operation.by);
}

}  // namespace dw::admin
