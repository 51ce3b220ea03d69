// How a lab phone registers, and what firmware it says it has.
#include <fmt/core.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>

#include "tests/lab/sip_lab_phone.hpp"

namespace dw::lab {

namespace {

constexpr int kRegisterDelta = 5, kLeastRegistration = 20;  // s (sip-sbc §0.5)

// What a multi-line 9.x phone sends with its one REGISTER.
std::string bulk_body() {
  const std::string head =
      "--uniqueBoundary\r\nContent-Type: application/x-cisco-remotecc-request+xml\r\n"
      "Content-Disposition: session;handling=required\r\n\r\n<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
  std::string out =
      head +
      "<x-cisco-remotecc-request>\n <bulkregisterreq>\n  <contact all=\"true\">\n   <register></register>\n"
      "  </contact>\n </bulkregisterreq>\n</x-cisco-remotecc-request>\r\n" +
      head + "<x-cisco-remotecc-request>\n <optionsindreq>\n";
  for (int line = 2; line <= 8; ++line)
    out += fmt::format(
        "  <linefeatures "
        "index=\"{}\"><callwaiting>on</callwaiting><autoanswer>off</autoanswer></linefeatures>\n",
        line);
  return out + " </optionsindreq>\n</x-cisco-remotecc-request>\r\n--uniqueBoundary--\r\n";
}

}  // namespace

SipFirmware firmware(SipModel model) {
  switch (model) {
    case SipModel::cp7960:
      return {"Cisco-CP7960G/8.0", "", ""};
    case SipModel::cp7975:
      return {"Cisco-CP7975G/9.3.1", "437",
              "replaces,join,sdp-anat,norefersub,resource-priority,extended-refer,X-cisco-callinfo,X-cisco-"
              "serviceuri,"
              "X-cisco-escapecodes,X-cisco-service-control,X-cisco-srtp-fallback,X-cisco-monrec,X-cisco-config,"
              "X-cisco-sis-5.1.0,X-cisco-xsi-8.5.1"};
    case SipModel::cp7970:
      break;
  }
  return {"Cisco-CP7970G/8.4.0", "30006", "(null),X-cisco-xsi"};
}

std::string lower_mac(const std::string& device) {
  std::string out = device.substr(std::min<std::size_t>(3, device.size()));
  std::ranges::transform(out, out.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

void SipLabPhone::connect(TimePoint now) {
  retry_at_.reset();
  registration_.wanted = true;
  if (options_.link.tcp) {
    if (!link_.up() || link_.lost()) return link_.connect();
  }
  send_register(now, registration_, "register");
}

// What to add to a request for a challenge; false when it can't be answered, or was before.
bool SipLabPhone::answer_challenge(SipText& again, const SipText& challenge) const {
  const bool proxy = challenge.status() == 407;
  const std::string asked = challenge.get(proxy ? "Proxy-Authenticate" : "WWW-Authenticate");
  const std::string uri = again.method() == "REGISTER" ? "sip:" + host() : again.uri();
  const std::string value = digest_answer(asked, again.method(), uri, user_, password_, options_.qop);
  again.set(proxy ? "Proxy-Authorization" : "Authorization", value);
  return !value.empty();
}

// Newer loads ask a server for a token before they move back to it (cisco-provisioning §5.3).
void SipLabPhone::send_token(TimePoint now) {
  const std::string aor = "<sip:" + user_ + "@" + host() + ">";
  const std::string id = lower_mac(device_) + "-" + random_hex(16) + "@" + own_.to_string();
  SipText out = message("REFER", "sip:" + host(), aor + ";tag=" + random_hex(16),
                        "<sip:" + device_ + "@" + host() + ">", id, 1000);
  out.add("Contact", "<" + contact_uri() + ">");
  out.add("Expires", "10");
  out.add("Refer-To", "<urn:X-cisco-remotecc:token-registration>");
  out.add("Referred-By", aor);
  finish(out, "", "");
  request(now, std::move(out), id);
}

// kind: register, unregister, heartbeat.
void SipLabPhone::send_register(TimePoint now, Registration& r, const std::string& kind, const SipText* challenge) {
  const SipFirmware ware = firmware(options_.model);
  const Endpoint& server = options_.link.server;
  const std::string aor = "<sip:" + user_ + "@" + host() + ">";
  const std::string uri = "sip:" + host() + (server.port == 5060 ? "" : ":" + std::to_string(server.port));
  SipText out = message("REGISTER", uri, aor + ";tag=" + r.tag, aor, r.call_id, ++r.cseq);
  r.contact = "<" + contact_uri() + ">";
  if (options_.model != SipModel::cp7960) {
    const std::string mac = device_.substr(3);
    r.contact += fmt::format(
        ";+sip.instance=\"<urn:uuid:00000000-0000-0000-0000-{}>\";+u.sip!devicename.ccm.cisco.com=\"{}\""
        ";+u.sip!model.ccm.cisco.com=\"{}\"",
        lower_mac(device_), device_, ware.model);
  }
  const std::string expiry = kind == "heartbeat"    ? ";expires=0;cisco-keep-alive"
                             : kind == "unregister" ? ";expires=0"
                                                    : "";
  out.add("Contact", r.contact + expiry);
  if (*ware.supported != '\0') out.add("Supported", ware.supported);
  if (challenge != nullptr) {
    if (!answer_challenge(out, *challenge)) return fail("can't answer the challenge");
  } else {
    r.challenges = 0;
  }
  if (options_.model == SipModel::cp7975 && kind == "register") {
    out.add("MIME-Version", "1.0");
    finish(out, "multipart/mixed; boundary=uniqueBoundary", bulk_body());
  } else {
    finish(out, "", "");
  }
  out.add("Expires", kind == "register" ? std::to_string(options_.expires) : "0");
  request(now, std::move(out), r.call_id);
}

void SipLabPhone::on_register_response(TimePoint now, const SipText& sent, const SipText& response) {
  Registration& r = sent.get("Call-ID") == heartbeat_.call_id ? heartbeat_ : registration_;
  const std::string contact = sent.get("Contact");
  const std::string kind = contact.ends_with("cisco-keep-alive") ? "heartbeat"
                           : sent.get("Expires") == "0"          ? "unregister"
                                                                 : "register";
  const int status = response.status();
  if (status == 401 || status == 407) {
    say("challenged " + kind);
    if (++r.challenges > 2) {
      r.challenges = 0;
      return happen("rejected", response.first);
    }
    return send_register(now, r, kind, &response);
  }
  r.challenges = 0;
  if (const int seconds = std::atoi(response.get("Retry-After").c_str()); status == 503 && seconds > 0) {
    if (kind == "register") retry_at_ = now + std::chrono::seconds(seconds);  // stays with this server
    return happen("put-off", "seconds=" + std::to_string(seconds));
  }
  if (status >= 300) return happen("rejected", response.first);
  if (kind == "heartbeat") return happen("heartbeat");
  if (kind == "unregister") {
    r.refresh.reset();
    for (const std::string& c : response.values("Contact")) {
      if (!options_.lenient && c.starts_with(r.contact)) problem("still bound after it unregistered: " + c);
    }
    return happen("unregistered");
  }
  on_registered(now, sent, response);
}

void SipLabPhone::on_registered(TimePoint now, const SipText& sent, const SipText& response) {
  judge_registered(response, sent.get("Contact"));
  std::string granted = response.get("Expires");
  for (const std::string& contact : response.values("Contact")) {
    const auto expires = sip_param(contact, "expires");
    if (sip_uri(contact) == contact_uri() && expires && !expires->empty()) granted = *expires;
  }
  // Only a lower one than its own counts.
  const int asked = static_cast<int>(options_.expires);
  const int expires = granted.empty() ? asked : std::min(std::atoi(granted.c_str()), asked);
  happen("registered", fmt::format("expires={} date={} {}", granted, response.has("Date") ? "yes" : "no",
                                   response.has("Date") ? response.get("Date") : ""));
  if (expires - kRegisterDelta < kLeastRegistration) {
    problem(fmt::format("granted {} s, so it unregisters itself", expires));
    return send_register(now, registration_, "unregister");
  }
  registration_.refresh = now + std::chrono::seconds(expires - kRegisterDelta);
}

}  // namespace dw::lab
