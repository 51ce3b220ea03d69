#include "sbc/admin/admission_door.hpp"

#include <spdlog/spdlog.h>

#include <nlohmann/json.hpp>
#include <optional>

#include "sbc/admin/json.hpp"
#include "sbc/admin/query.hpp"
#include "sbc/admin/reply.hpp"
#include "sbc/base/escape.hpp"
#include "sbc/base/percent.hpp"

namespace dw::admin {
namespace {

using Json = nlohmann::ordered_json;
using provisioning::Admissions;

constexpr std::string_view kUnder = "/api/admissions/";

/// The parts of "/api/admissions/SEP001122334455/admit"; the device is still percent-encoded.
struct Asked {
  std::string_view device, verb;
};
std::optional<Asked> asked_in(std::string_view path) {
  if (!path.starts_with(kUnder)) return std::nullopt;
  path.remove_prefix(kUnder.size());
  if (path == "open" || path == "close") return Asked{{}, path};
  const std::size_t slash = path.find('/');
  if (slash == path.npos || slash == 0) return std::nullopt;
  const Asked asked{path.substr(0, slash), path.substr(slash + 1)};
  return asked.verb == "admit" || asked.verb == "forget" ? std::optional(asked) : std::nullopt;
}

unsigned status_of(Errc code) {
  return code == Errc::exhausted ? 409 : 400;
}

/// Nothing if for_s is not a number of seconds.
std::optional<Duration> time_in(std::string_view query) {
  if (!query_value(query, "for_s")) return AdmissionDoor::kFor;
  const auto most = static_cast<std::uint64_t>(std::chrono::ceil<std::chrono::seconds>(Admissions::kMaxFor).count());
  const auto seconds = query_number(query, "for_s", most);
  return seconds && *seconds > 0 ? std::optional<Duration>(std::chrono::seconds(*seconds)) : std::nullopt;
}

Json moment(WallTime at) {
  return to_rfc3339(at);
}

void done(net::HttpExchange& exchange, std::string said) {
  exchange.reply(json_reply(outcome_json({200, std::move(said)})));
}

}  // namespace

bool AdmissionDoor::is_action(std::string_view path) {
  return asked_in(path).has_value();
}

void AdmissionDoor::act(net::HttpExchange& exchange, std::string_view path, const std::string& who) {
  const auto asked = asked_in(path);
  if (!asked) return exchange.reply(error_reply(404, "there is nothing at this address"));
  if (asked->verb == "open") return open(exchange, who);
  if (asked->verb == "close") {
    admissions_.close(loop_.now());
    spdlog::info("event=operator_action action=close_admission by=\"{}\"", who);
    return done(exchange, "no phone is let in by hand any more; those that were admitted stay admitted");
  }
  const auto device = percent_decoded(asked->device);
  if (!device) return exchange.reply(error_reply(400, "broken percent escape in the address"));
  if (asked->verb == "admit") return admit(exchange, *device, who);
  forget(exchange, *device, who);
}

/// A hint for the operator, beside the result.
std::string_view AdmissionDoor::note() const {
  return admissions_.phones() == Admissions::Phones::all
             ? "; as long as access.provisioning.phones is \"all\", every phone is served anyway"
             : "";
}

void AdmissionDoor::admit(net::HttpExchange& exchange, std::string_view device, const std::string& who) {
  const auto lasts = time_in(exchange.query());
  const auto key = lasts ? admissions_.admit(loop_.now(), device, *lasts)
                         : Result<std::string>(fail(Errc::invalid, "for_s is a number of seconds, at most 30 days"));
  if (!key) return exchange.reply(error_reply(status_of(key.error().code), key.error().text));
  spdlog::info("event=operator_action action=admit device={} for=\"{}\" by=\"{}\"", escaped(*key), to_words(*lasts),
               who);
  done(exchange, fmt::format("{} gets its files within {}, wherever it asks, and is admitted there for good: unplug it "
                             "and give it back{}",
                             *key, to_words(*lasts), note()));
}

void AdmissionDoor::open(net::HttpExchange& exchange, const std::string& who) {
  const auto lasts = time_in(exchange.query());
  const auto ok = lasts ? admissions_.admit_any(loop_.now(), *lasts)
                        : Result<void>(fail(Errc::invalid, "for_s is a number of seconds, at most 24 hours"));
  if (!ok) return exchange.reply(error_reply(status_of(ok.error().code), ok.error().text));
  spdlog::info("event=operator_action action=admit_any for=\"{}\" by=\"{}\"", to_words(*lasts), who);
  done(exchange, fmt::format("every phone gets its files within {}, and is admitted for good where it takes them{}",
                             to_words(*lasts), note()));
}

void AdmissionDoor::forget(net::HttpExchange& exchange, std::string_view device, const std::string& who) {
  if (!admissions_.forget(loop_.now(), device))
    return exchange.reply(error_reply(404, fmt::format("{} is admitted nowhere", escaped(device.substr(0, 40)))));
  spdlog::info("event=operator_action action=forget_admission device={} by=\"{}\"", escaped(device, 40), who);
  const bool comes_back = admissions_.phones() == Admissions::Phones::known;
  done(exchange, fmt::format("{} is admitted nowhere any more{}{}", escaped(device, 40),
                             comes_back ? ", until the central server takes a registration of it" : "", note()));
}

void AdmissionDoor::list(net::HttpExchange& exchange, std::size_t limit) const {
  const TimePoint now = loop_.now();
  const WallTime wall = wall_now();
  Json windows = Json::array(), admitted = Json::array(), refused = Json::array();
  for (const auto& window : admissions_.windows(now)) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(window.until - now);
    windows.push_back({{"device", window.device}, {"until", moment(wall + left)}, {"left", window.left}});
  }
  for (const auto& a : admissions_.all()) {
    if (admitted.size() == limit) break;
    admitted.push_back({{"device", a.device},
                        {"source", a.source.to_string()},
                        {"by", to_string(a.by)},
                        {"admitted", moment(a.admitted)},
                        {"used", moment(a.used)}});
  }
  for (const auto& r : admissions_.refused()) {
    refused.push_back({{"device", escaped(r.device)},
                       {"source", r.source.to_string()},
                       {"times", r.times},
                       {"last", moment(r.last)}});
  }
  const Json all = {{"phones", to_string(admissions_.phones())}, {"listed", admissions_.listed()},
                    {"total", admissions_.all().size()},         {"windows", std::move(windows)},
                    {"admitted", std::move(admitted)},           {"refused", std::move(refused)}};
  exchange.reply(json_reply(all.dump(2, ' ', false, Json::error_handler_t::replace) + "\n"));
}

}  // namespace dw::admin
