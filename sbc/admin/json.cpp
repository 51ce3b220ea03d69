#include "sbc/admin/json.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "sbc/admin/call_json.hpp"
#include "sbc/admin/json_parts.hpp"
#include "sbc/admin/missing_files.hpp"
#include "sbc/admin/network_json.hpp"
#include "sbc/doctor/finding_kind.hpp"
#include "sbc/doctor/findings.hpp"
#include "sbc/phones/first_call.hpp"
#include "sbc/phones/model.hpp"
#include "sbc/phones/sip_lines.hpp"

namespace dw::admin {
namespace {

using Json = nlohmann::ordered_json;

std::string text_of(const Json& json) {
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

Json time_json(const std::optional<WallTime>& at) {
  return at && at->time_since_epoch().count() != 0 ? Json(to_rfc3339(*at)) : Json(nullptr);
}

Json addresses_json(const std::vector<Endpoint>& addresses) {
  Json list = Json::array();
  for (const Endpoint& address : addresses)
    list.push_back(address.to_string());
  return list;
}

Json finding_json(const doctor::Finding& finding) {
  const auto kind = std::ranges::find(doctor::finding_kinds(), finding.code, &doctor::FindingKind::code);
  Json follows = Json::array();
  for (const auto& follow : finding.follows)
    follows.push_back({{"code", follow.code}, {"seen", follow.seen}});
  return {{"code", finding.code},
          {"severity", doctor::to_string(finding.severity)},
          {"title", kind == doctor::finding_kinds().end() ? std::string_view() : kind->title},
          {"seen", finding.seen},
          {"means", finding.means},
          {"do", finding.remedy},
          {"cause", finding.cause},
          {"follows", std::move(follows)}};
}

/// A call without a device name belongs to the phone whose line it uses; those left belong to the phone that is known
/// by its address only.
bool is_of(const phones::Call& call, const phones::Phone& phone) {
  if (const auto device = DeviceName::station(call.device)) return *device == phone.device;
  if (call.protocol != phones::Protocol::sip || call.peer.address != phone.address) return false;
  const bool has_line = std::ranges::find(phone.sip_lines, phones::aor_of(call.own_number), &phones::SipLine::aor) !=
                        phone.sip_lines.end();
  return has_line || (phone.device.empty() && phone.sip_lines.empty());
}

Json router_json(const RouterState& router) {
  const auto& f = router.facts;
  const auto text = [](const IpAddress& address) { return address ? Json(address.to_string()) : Json(nullptr); };
  Json mappings = Json::array();
  for (const auto& m : f.granted) {
    const bool ends = m.expires != TimePoint::max();
    const auto left = std::chrono::duration_cast<std::chrono::seconds>(m.expires - router.now).count();
    mappings.push_back({{"transport", nat::portmap::to_string(m.wanted.transport)},
                        {"internal", Endpoint{f.ours, m.wanted.internal}.to_string()},
                        {"external", m.external.to_string()},
                        {"lifetime_s", std::chrono::duration_cast<std::chrono::seconds>(m.lifetime).count()},
                        {"left_s", ends ? Json(left) : Json(nullptr)}});
  }
  return {{"active", f.active},
          {"gateway", text(f.gateway)},
          {"protocol", nat::portmap::to_string(f.protocol)},
          {"external_address", text(f.external)},
          {"double_nat", f.double_nat},
          {"filter",
           {{"state", nat::portmap::to_string(f.filter.state)},
            {"networks", f.filter.networks},
            {"not_kept", f.filter.not_kept},
            {"reason", f.filter.why}}},
          {"ports_wanted", f.wanted},
          {"mappings", mappings},
          {"restarts", f.reboots},
          {"last_error", f.last_error},
          {"summary", nat::portmap::in_words(f)}};
}

Json audio_json(const doctor::AudioWay& way) {
  return {{"by", doctor::to_string(way.by)},
          {"address", way.address ? Json(way.address->to_string()) : Json(nullptr)},
          {"summary", doctor::in_words(way)}};
}

Json verdict_json(const doctor::Verdict* verdict) {
  if (!verdict) return nullptr;
  Json parts = Json::array();
  for (const doctor::Part& part : verdict->parts)
    parts.push_back({{"name", part.name}, {"state", to_string(part.state)}, {"words", part.words}});
  return {{"state", to_string(verdict->state)}, {"words", verdict->words}, {"parts", std::move(parts)}};
}

Json json_of(std::monostate) {
  return nullptr;
}
template <class T>
Json json_of(const T& value) {
  return value;
}

}  // namespace

Json phone_summary(const phones::Phone& phone) {
  return {{"device", phone.device.str()},
          {"key", phone.key()},
          {"mac", phone.device.empty() ? std::string() : phone.device.mac()},
          {"address", phone.address ? phone.address.to_string() : std::string()},
          {"protocol", phones::to_string(phone.protocol)},
          {"firmware", phone.firmware},
          {"model", phone.model},
          {"family", phones::to_string(phones::family_of(phone))},
          {"registered", phone.registered},
          {"server", phone.server},
          {"transport", phone.transport},
          {"user_agent", phone.user_agent},
          {"protocol_version", phone.registered && phone.sip_lines.empty() ? Json(phone.version) : Json(nullptr)},
          {"lines", phone.lines},
          {"uses_http", phone.uses_http},
          {"first_seen", time_json(phone.first_seen)},
          {"last_seen", time_json(phone.last_seen)}};
}

Json findings_list(const std::vector<doctor::Finding>& findings) {
  Json list = Json::array();
  for (const auto& finding : findings)
    list.push_back(finding_json(finding));
  return list;
}

bool Status::ready() const {
  return !draining && std::ranges::all_of(services, [](const Service& s) { return !s.enabled || s.up(); });
}

std::string status_json(const Status& status, const doctor::Verdict* verdict) {
  Json services = Json::array();
  for (const Service& s : status.services) {
    services.push_back({{"name", s.name},
                        {"enabled", s.enabled},
                        {"up", s.up()},
                        {"verdict", to_string(doctor::state_of(s))},
                        {"addresses", addresses_json(s.addresses)},
                        {"error", s.error}});
  }
  Json origins = Json::array();
  for (const OriginState& o : status.origins) {
    origins.push_back({{"url", o.url},
                       {"healthy", o.healthy},
                       {"verdict", to_string(doctor::state_of(o, status.origins))},
                       {"last_error", o.last_error},
                       {"has_answered", o.has_answered},
                       {"last_answer", time_json(o.last_answer)},
                       {"next_try", time_json(o.next_try)}});
  }
  Json call_servers = Json::array();
  for (const CallServer& s : status.call_servers) {
    call_servers.push_back({{"name", s.name},
                            {"protocol", phones::to_string(s.protocol)},
                            {"transport", s.transport},
                            {"state", doctor::to_string(s.state())},
                            {"up", s.state() == CallServer::State::up},
                            {"verdict", to_string(doctor::state_of(s, status.now))},
                            {"phones", s.phones},
                            {"last_answer", time_json(s.last_answer)},
                            {"since", time_json(s.since)},
                            {"last_error", s.last_error},
                            {"next_try", time_json(s.next_try)}});
  }
  Json bans = Json::array();
  for (const Ban& b : status.bans) {
    if (bans.size() == Status::kMaxBans) break;
    bans.push_back({{"source", b.source.to_string()},
                    {"reason", b.reason},
                    {"offences", b.offences},
                    {"until", time_json(b.until)}});
  }
  const auto uptime = std::chrono::floor<std::chrono::seconds>(status.now - status.started);
  return text_of({{"version", status.version},
                  {"mode", status.mode},
                  {"central", status.central},
                  {"now", time_json(status.now)},
                  {"started", time_json(status.started)},
                  {"uptime_seconds", uptime.count()},
                  {"ready", status.ready()},
                  {"draining", status.draining},
                  {"configured", status.configured},
                  {"verdict", verdict_json(verdict)},
                  {"phone_addresses", status.phone_addresses},
                  {"services", services},
                  {"origins", origins},
                  {"call_servers", call_servers},
                  {"bans", bans},
                  {"bans_total", std::max<std::uint64_t>(status.bans_total, bans.size())},
                  {"media",
                   {{"streams", status.media.streams},
                    {"capacity", status.media.capacity},
                    {"fast_path",
                     {{"state", doctor::to_string(status.media.fast_path.state)},
                      {"why", status.media.fast_path.why},
                      {"streams", status.media.fast_path.streams},
                      {"interfaces", status.media.fast_path.interfaces}}}}},
                  {"router", router_json(status.router)},
                  {"audio", status.audio ? audio_json(*status.audio) : Json(nullptr)},
                  {"cache",
                   {{"directory", status.cache.directory},
                    {"storing", status.cache.storing},
                    {"files", status.cache.files},
                    {"octets", status.cache.octets},
                    {"max_octets", status.cache.max_octets}}},
                  {"config", {{"files", status.config_files}, {"loaded", time_json(status.config_loaded)}}}});
}

std::string phone_json(const phones::Phone& phone, const std::vector<phones::Absence>& absences,
                       const std::vector<phones::Call>& calls, const doctor::BoxCauses& causes, const Now& now,
                       const CallHistory* history) {
  Json one = phone_summary(phone);
  Json story = Json::array();
  for (const phones::StoryEntry& entry : phones::story(phone, absences))
    story.push_back({{"at", time_json(entry.at)}, {"step", entry.step}, {"detail", entry.detail}});
  one["story"] = std::move(story);
  const auto verdict = doctor::verdict_of(phone, now.wall, causes);
  one["state"] = to_string(verdict.state);
  one["reason"] = doctor::reason(phone, verdict);
  one["findings"] = findings_list(doctor::findings(phone, now.wall, causes));
  one["calls"] = Json::array();
  std::vector<const phones::Call*> up;
  for (const phones::Call& call : calls) {
    if (!is_of(call, phone)) continue;
    one["calls"].push_back(call_json(call, now, history));
    up.push_back(&call);
  }
  const phones::FirstCall first = phones::first_call_of(phone, up);
  one["first_call"] = {{"stage", to_string(first.stage)}, {"files", first.files}, {"files_known", first.files_known}};
  return text_of(one);
}

std::string calls_json(const std::vector<phones::Call>& calls, const Now& now, std::size_t limit,
                       const CallHistory* history) {
  Json list = Json::array();
  for (const phones::Call& call : calls) {
    if (list.size() == limit) break;
    list.push_back(call_json(call, now, history));
  }
  return text_of({{"total", calls.size()}, {"calls", std::move(list)}});
}

std::string record_json(const phones::CallRecord& record) {
  Json out = {{"event", "call_down"}};
  for (const auto& [key, value] : record) {
    out[std::string(key)] = std::visit([](const auto& v) { return json_of(v); }, value);
  }
  return out.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string finished_json(std::uint64_t total, const std::vector<std::string>& records) {
  std::string out = fmt::format("{{\"total\":{},\"calls\":[", total);
  for (std::size_t i = 0; i < records.size(); ++i)
    out += (i == 0 ? "" : ",") + records[i];
  return out + "]}\n";
}

std::string doctor_json(const std::vector<doctor::Finding>& findings, WallTime now, const doctor::Verdict* verdict,
                        const doctor::NetworkFacts* network) {
  const bool healthy =
      std::ranges::all_of(findings, [](const doctor::Finding& f) { return f.severity == doctor::Severity::info; });
  return text_of({{"now", time_json(now)},
                  {"healthy", healthy},
                  {"verdict", verdict_json(verdict)},
                  {"findings", findings_list(findings)},
                  {"network", network ? network_json(*network) : Json(nullptr)}});
}

std::string files_json(const FilesReport& report, const phones::Inventory* inventory) {
  Json cached = Json::array();
  for (const CachedFile& f : report.cached) {
    cached.push_back({{"name", f.name},
                      {"size", f.size},
                      {"etag", f.etag},
                      {"last_modified", f.last_modified},
                      {"origin", f.origin},
                      {"fetched", time_json(f.fetched)}});
  }
  Json missing = Json::array();
  for (const MissingFile& f : inventory ? missing_files(*inventory) : std::vector<MissingFile>()) {
    missing.push_back({{"name", f.name},
                       {"last_asked", time_json(f.last_asked)},
                       {"times", f.times},
                       {"optional", f.optional},
                       {"reason", f.reason}});
  }
  return text_of({{"cached", std::move(cached)}, {"missing", std::move(missing)}});
}

std::string log_json(const std::vector<LogLine>& lines, std::uint64_t after) {
  Json list = Json::array();
  for (const LogLine& line : lines) {
    const auto level = spdlog::level::to_string_view(line.level);
    list.push_back({{"number", line.number},
                    {"at", time_json(line.at)},
                    {"level", std::string(level.data(), level.size())},
                    {"text", line.text}});
  }
  return text_of({{"lines", std::move(list)}, {"next", lines.empty() ? after : lines.back().number}});
}

std::string reload_json(const ReloadOutcome& outcome) {
  return text_of({{"taken", outcome.taken}, {"problems", outcome.problems}});
}

std::string error_json(std::string_view text) {
  return text_of({{"error", text}});
}

std::string outcome_json(const Outcome& outcome) {
  if (!outcome.done()) return error_json(outcome.said);
  return text_of({{"done", true}, {"said", outcome.said}});
}

std::optional<Login> login_in(std::string_view body) {
  constexpr std::size_t kMaxBody = 2048;
  if (body.size() > kMaxBody) return std::nullopt;
  const Json json = Json::parse(body, nullptr, false);
  if (!json.is_object()) return std::nullopt;
  const auto password = json.find("password");
  if (password == json.end() || !password->is_string()) return std::nullopt;
  Login out{password->get<std::string>(), Account::full};
  if (const auto account = json.find("account"); account != json.end()) {
    if (*account == to_string(Account::reader)) {
      out.account = Account::reader;
    } else if (*account != to_string(Account::full)) {
      return std::nullopt;
    }
  }
  return out;
}

}  // namespace dw::admin
