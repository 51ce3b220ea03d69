#include "sbc/admin/phone_rows.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <vector>

#include "sbc/admin/json_parts.hpp"
#include "sbc/doctor/finding_kind.hpp"

namespace dw::admin {
namespace {

using Json = nlohmann::ordered_json;

std::string_view severity_of(const doctor::PhoneVerdict& verdict) {
  return verdict.severity ? doctor::to_string(*verdict.severity) : std::string_view();
}

std::string cell(std::string_view text) {
  constexpr std::string_view kFormula = "=+-@\t\r";
  std::string out = "\"";
  if (!text.empty() && kFormula.find(text.front()) != kFormula.npos) out += '\'';
  for (const char c : text) {
    if (c == '"') out += '"';
    out += c;
  }
  return out + "\"";
}

std::string time_cell(WallTime at) {
  return at == WallTime{} ? std::string() : to_rfc3339(at);
}

/// Groups with findings of single phones only; most severe first, then largest first.
Json groups_json(const PhoneScan& scan) {
  struct Group {
    const doctor::FindingKind* kind;
    std::size_t phones;
  };
  std::vector<Group> all;
  for (const auto& [code, phones] : scan.groups()) {
    const auto kinds = doctor::finding_kinds();
    const auto kind = std::ranges::find(kinds, code, &doctor::FindingKind::code);
    if (kind != kinds.end()) all.push_back({&*kind, phones});
  }
  std::ranges::stable_sort(all, [](const Group& a, const Group& b) {
    return a.kind->worst != b.kind->worst ? a.kind->worst > b.kind->worst : a.phones > b.phones;
  });
  Json out = Json::array();
  for (const Group& group : all)
    out.push_back({{"code", group.kind->code},
                   {"severity", doctor::to_string(group.kind->worst)},
                   {"title", group.kind->title},
                   {"phones", group.phones}});
  return out;
}

}  // namespace

std::string phone_row_json(const phones::Phone& phone, const doctor::PhoneVerdict& verdict) {
  Json one = phone_summary(phone);
  one["state"] = to_string(verdict.state);
  one["reason"] = doctor::reason(phone, verdict);
  one["severity"] = severity_of(verdict);
  one["findings_count"] = verdict.codes.size();
  one["codes"] = verdict.codes;
  one["cause"] = verdict.cause;
  return one.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string_view phone_row_csv_head() {
  return "name,mac,address,protocol,model,firmware,registered,server,lines,state,reason,findings,cause,first_seen,last_seen,"
         "user_agent\r\n";
}

std::string phone_row_csv(const phones::Phone& phone, const doctor::PhoneVerdict& verdict) {
  const std::vector<std::string> cells = {phone.key(),
                                          phone.device.empty() ? std::string() : phone.device.mac(),
                                          phone.address ? phone.address.to_string() : std::string(),
                                          std::string(phones::to_string(phone.protocol)),
                                          phone.model,
                                          phone.firmware,
                                          phone.registered ? "yes" : "no",
                                          phone.server,
                                          fmt::format("{}", fmt::join(phone.lines, " ")),
                                          std::string(to_string(verdict.state)),
                                          std::string(doctor::reason(phone, verdict)),
                                          fmt::format("{}", fmt::join(verdict.codes, " ")),
                                          std::string(verdict.cause),
                                          time_cell(phone.first_seen),
                                          time_cell(phone.last_seen),
                                          phone.user_agent};
  std::string out;
  for (const std::string& text : cells)
    out += (out.empty() ? "" : ",") + cell(text);
  return out + "\r\n";
}

std::string phone_list_head(const phones::Inventory& inventory, const doctor::VerdictBook& verdicts,
                            const PhoneScan& scan) {
  Json head = {{"total", inventory.size()},
               {"matching", scan.matching()},
               {"attention", verdicts.counts().attention},
               {"waiting", verdicts.waiting()},
               {"groups", groups_json(scan)},
               {"findings", findings_list(scan.site().findings())}};
  std::string text = head.dump(-1, ' ', false, Json::error_handler_t::replace);
  text.pop_back();
  return text;
}

}  // namespace dw::admin
