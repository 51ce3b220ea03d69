#include "sbc/doctor/folding.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "sbc/doctor/finding_code.hpp"

namespace dw::doctor {
namespace {

/// What must hold for the two besides their codes.
enum class When : std::uint8_t { always, same_host, by_udp, by_https };

struct Link {
  Code cause, symptom;
  When when = When::always;
};

/// Which finding explains which. Earlier lines take precedence: a name that can't be resolved explains a server that is
/// down.
constexpr auto kLinks = std::to_array<Link>({
    // the box and its network
    {"dns_fails", "central_unreachable", When::same_host},
    {"dns_fails", "call_server_down", When::same_host},
    {"dns_fails", "sip_server_down", When::same_host},
    {"dns_fails", "origin_down", When::same_host},
    {"dns_fails", "port_blocked", When::same_host},
    {"central_unreachable", "call_server_down"},
    {"central_unreachable", "sip_server_down"},
    {"central_unreachable", "origin_down"},
    {"central_unreachable", "origin_never_answered"},
    {"central_unreachable", "port_blocked"},
    {"central_unreachable", "port_refused"},
    {"udp_blocked", "sip_server_down", When::by_udp},
    {"udp_blocked", "port_blocked", When::by_udp},
    {"udp_blocked", "audio_missing"},
    {"clock_wrong", "origin_down", When::by_https},
    {"directory_wrong", "cache_off"},
    {"directory_not_writable", "cache_off"},
    {"disk_nearly_full", "cache_off"},
    // one phone
    {"not_admitted", "registered_without_files"},
    {"unknown_device", "registered_without_files"},
    {"unknown_device", "boot_loop"},
    {"unknown_device", "registration_refused"},
    {"trust_list_present", "registered_without_files"},
    {"trust_list_encrypted", "registered_without_files"},
    {"answers_not_arriving", "registered_without_files"},
    {"data_not_acknowledged", "answers_not_arriving"},
    {"data_not_acknowledged", "registered_without_files"},
    {"data_not_acknowledged", "phone_reports_tftp"},
    {"stalls_at_same_block", "transfer_breaks"},
    {"stalls_at_same_block", "phone_reports_tftp"},
    {"transfer_breaks", "registered_without_files"},
    {"transfer_breaks", "phone_reports_tftp"},
    {"transfer_breaks", "firmware_every_boot"},
    {"phone_refused_file", "phone_reports_load"},
    {"phone_refused_file", "firmware_every_boot"},
    {"origin_unavailable", "registered_without_files"},
    {"origin_refuses", "registered_without_files"},
    {"request_refused", "registered_without_files"},
    {"load_for_other_model", "phone_reports_load"},
    {"load_for_other_model", "load_not_taken"},
    {"load_missing", "phone_reports_load"},
    {"firmware_part_missing", "phone_reports_load"},
    {"config_malformed", "config_rejected"},
    {"config_malformed", "boot_loop"},
    {"sip_wrong_password", "config_rejected"},
    {"sip_wrong_password", "boot_loop"},
    {"sip_unknown_account", "config_rejected"},
    {"sip_unknown_account", "boot_loop"},
    {"registration_refused", "boot_loop"},
    {"no_call_server", "boot_loop"},
    {"call_server_closes", "boot_loop"},
    {"sip_answers_unheard", "boot_loop"},
    {"sip_alg", "sip_answers_unheard"},
    {"sip_alg", "one_way_audio"},
    {"registration_flapping", "keepalive_missed"},
});

bool is_so(When when, const Finding& cause, const Finding& symptom) {
  switch (when) {
    case When::always:
      return true;
    case When::same_host:
      return !cause.about.empty() && symptom.about.find(cause.about) != std::string::npos;
    case When::by_udp:
      return symptom.about.starts_with("udp ");
    case When::by_https:
      return symptom.about.starts_with("https:");
  }
  return false;
}

/// The highest severity of a finding and its consequences.
Severity gravest_with(const std::vector<Finding>& all, const Finding& cause) {
  Severity out = cause.severity;
  for (const Finding& f : all) {
    if (f.cause == cause.code && !f.of_box) out = std::max(out, f.severity);
  }
  return out;
}

}  // namespace

void order_by_cause(std::vector<Finding>& findings) {
  for (const Link& link : kLinks) {
    for (const Finding& cause : findings) {
      if (cause.code != link.cause.text()) continue;
      for (Finding& symptom : findings) {
        if (symptom.code == link.symptom.text() && symptom.cause.empty() && is_so(link.when, cause, symptom))
          symptom.cause = link.cause.text();
      }
    }
  }
  const auto has_cause_here = [&](const Finding& f) {
    return !f.cause.empty() && !f.of_box && std::ranges::find(findings, f.cause, &Finding::code) != findings.end();
  };
  std::vector<std::pair<Severity, const Finding*>> roots;
  for (const Finding& f : findings) {
    if (!has_cause_here(f)) roots.emplace_back(gravest_with(findings, f), &f);
  }
  std::ranges::stable_sort(roots, std::ranges::greater{}, &std::pair<Severity, const Finding*>::first);
  std::vector<Finding> out;
  std::vector<std::string_view> done;
  const auto add = [&](const auto& self, const Finding& f) -> void {
    out.push_back(f);
    if (std::ranges::find(done, f.code) != done.end())
      return;  // two of one code: the consequences are listed after the first
    done.push_back(f.code);
    for (const Finding& symptom : findings) {
      if (has_cause_here(symptom) && symptom.cause == f.code) self(self, symptom);
    }
  };
  for (const auto& [severity, root] : roots)
    add(add, *root);
  findings = std::move(out);
}

void fold(std::vector<Finding>& findings) {
  order_by_cause(findings);
  std::vector<Finding> out;
  for (Finding& f : findings) {
    if (f.cause.empty() || f.of_box || out.empty()) {
      out.push_back(std::move(f));
    } else {
      out.back().follows.push_back({f.code, std::move(f.seen)});
    }
  }
  findings = std::move(out);
}

}  // namespace dw::doctor
