// What a real phone would not take (cisco-provisioning §5, sip-sbc §0, §2.2, §2.6).
#include <fmt/core.h>

#include <algorithm>

#include "tests/lab/sip_lab_phone.hpp"

namespace dw::lab {

namespace {

// Of SIPCC (sip-sbc §2.6).
constexpr std::size_t kMaxMessage = 3072, kMaxUrl = 512, kMaxCallId = 128, kMaxTag = 256, kMaxDisplay = 64,
                      kMaxVia = 128, kMaxLocations = 6;

bool is_name_addr(const std::string& name) {
  return name == "From" || name == "To" || name == "Contact";
}

}  // namespace

void SipLabPhone::judge_message(const SipText& message, std::size_t octets) {
  if (octets > kMaxMessage) problem(fmt::format("a message of {} octets", octets));
  const std::string length = message.get("Content-Length");
  if (length != std::to_string(message.body.size())) {
    problem(fmt::format("Content-Length \"{}\" and {} octets of body", length, message.body.size()));
  }
  for (const char* name : {"From", "To", "Call-ID", "CSeq", "Via"}) {
    const auto count = message.values(name).size();
    if (count == 0) problem(std::string("no ") + name);
    if (count > 1 && std::string(name) != "Via") problem(std::string("more than one ") + name);
  }
  if (options_.lenient) return;
  if (message.get("Call-ID").size() > kMaxCallId) problem("a Call-ID of more than 128 characters");
  for (const std::string& value : message.values("Via")) {
    if (sip_param(value, "branch").value_or("").size() > kMaxVia) problem("a branch of more than 128 characters");
  }
  for (const std::string name : {"From", "To", "Contact", "Record-Route", "Refer-To"}) {
    const auto values = message.values(name);
    if (values.size() > kMaxLocations) problem("more than six of " + name);
    for (const std::string& value : values) {
      if (sip_uri(value).size() > kMaxUrl) problem("a URL of more than 512 characters in " + name);
      if (is_name_addr(name) && sip_tag(value).size() > kMaxTag) problem("a tag of more than 256 characters");
      if (sip_display(value).size() > kMaxDisplay + 2) problem("a display name of more than 64 characters");
    }
  }
  if (message.has("Record-Route")) problem("told of a route set: " + message.get("Record-Route"));
  if (message.has("Route")) problem("a Route that the phone would have to obey: " + message.get("Route"));
}

// In CM mode a phone sends to its servers only, over TCP only on the connection that it has.
void SipLabPhone::judge_route(const std::string& uri, const std::string& where) {
  if (options_.lenient) return;
  const auto parsed = SipUri::read(uri);
  if (!parsed) return problem("no URI in " + where + ": " + uri);
  const Endpoint& server = options_.link.server;
  if (parsed->host != server.address.to_string() || parsed->port_or_default() != server.port) {
    problem("told to route to " + uri + " (" + where + ")");
  }
  const std::string transport = sip_uri_param(uri, "transport").value_or("");
  if (!transport.empty() && transport != (options_.link.tcp ? "tcp" : "udp")) {
    problem("told to use " + transport + " (" + where + ")");
  }
}

void SipLabPhone::judge_request(const SipText& message) {
  if (options_.lenient) return;
  const auto vias = message.values("Via");
  if (!vias.empty()) {
    if (sip_endpoint(sip_sent_by(message)) != options_.link.server) {
      problem("told to answer to " + vias[0]);
    }
    if (!sip_branch(message).starts_with("z9hG4bK")) problem("a branch without the cookie: " + vias[0]);
    if (!vias[0].starts_with(options_.link.tcp ? "SIP/2.0/TCP " : "SIP/2.0/UDP "))
      problem("a transport that it is not: " + vias[0]);
  }
  if (!message.has("Max-Forwards") && message.method() != "ACK") problem("no Max-Forwards");
  if (message.uri() != contact_uri()) problem("a Request-URI that is not its Contact: " + message.uri());
  for (const std::string& contact : message.values("Contact"))
    judge_route(sip_uri(contact), "Contact of " + message.method());
}

// The phone gets back what it sent: one Via, its own; From, To, Call-ID and CSeq octet for octet.
void SipLabPhone::judge_response(const SipText& message, const SipText& sent) {
  const auto vias = message.values("Via");
  if (vias.size() != 1) problem(fmt::format("{} Via in a response", vias.size()));
  std::string via = vias.empty() ? "" : vias[0];
  if (sip_param(via, "rport") && !options_.lenient) problem("an rport that it did not ask for");
  if (!via.starts_with(sent.get("Via"))) problem("a Via that is not its own: " + via);
  const std::string to = sent.get("To");
  const std::string got = message.get("To");
  const bool had_tag = !sip_tag(to).empty();
  if (got != to && (had_tag || !got.starts_with(to + ";tag="))) problem("To was " + to + ", came back as " + got);
  for (const char* name : {"From", "Call-ID", "CSeq"}) {
    if (message.get(name) != sent.get(name)) {
      problem(fmt::format("{} was {}, came back as {}", name, sent.get(name), message.get(name)));
    }
  }
  const bool of_dialog = sent.method() == "INVITE" || sent.method() == "REFER" || sent.method() == "SUBSCRIBE";
  if (!of_dialog || message.status() >= 300) return;
  for (const std::string& contact : message.values("Contact"))
    judge_route(sip_uri(contact), fmt::format("Contact of {} to {}", message.status(), sent.method()));
}

void SipLabPhone::judge_in_dialog(const SipText& message, const SipCall& call) {
  const std::string from = message.get("From"), to = message.get("To");
  if (without_tag(from) != call.remote) problem("From in a dialog changed: " + call.remote + ", now " + from);
  if (without_tag(to) != call.local) problem("To in a dialog changed: " + call.local + ", now " + to);
  if (sip_tag(from) != call.remote_tag || sip_tag(to) != call.local_tag) {
    problem("tags of another dialog: " + from + ", " + to);
  }
  if (message.method() != "ACK" && message.cseq() <= call.remote_cseq)
    problem("CSeq went back to " + message.get("CSeq"));
}

// A restart is for the registration that it names; another one is ignored.
void SipLabPhone::judge_service_control(const SipText& message) {
  const std::size_t at = message.body.find("RegisterCallId={");
  if (at == std::string::npos) return;
  const std::size_t begin = at + 16, end = std::min(message.body.find('}', begin), message.body.size());
  const std::string named = message.body.substr(begin, end - begin);
  if (named != registration_.call_id) problem("a service-control for the registration " + named);
}

// The Contact that it sent, octet for octet, with what was granted behind it, and nobody else's.
void SipLabPhone::judge_registered(const SipText& response, const std::string& contact) {
  const auto contacts = response.values("Contact");
  if (options_.lenient) return;
  if (contacts.size() != 1) problem(fmt::format("{} Contacts in the 200 to REGISTER", contacts.size()));
  const bool own = std::ranges::any_of(contacts, [&](const std::string& c) {
    const std::string rest = c.starts_with(contact + ";expires=") ? c.substr(contact.size() + 9) : "x";
    return !rest.empty() && std::ranges::all_of(rest, [](char digit) { return digit >= '0' && digit <= '9'; });
  });
  if (!own) problem("its Contact came back as " + response.get("Contact") + ", was " + contact);
}

}  // namespace dw::lab
