// What one thread needs for a proxy's work on a Cisco INVITE, by sbc/sip and by libosip2, in alternating
// rounds of CPU time: parse; a Via of our own on top, Max-Forwards one less, other hosts in Request-URI and
// Contact, other addresses and another port in the SDP; write the new message with its Content-Length.
//
//   sip_parse [ROUNDS [SECONDS]]    rounds of each (9), seconds of each round (0.1)
//
// Told as `what dropwire=NS osip=NS ratio=R`: medians of nanoseconds a message, and of the rounds' ratios.
// With sdp the body is parsed and rewritten, without it passes as it came; parse alone reads what a proxy
// must.
#include <osipparser2/osip_parser.h>
#include <osipparser2/sdp_message.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <string>
#include <vector>

#include "sbc/base/bytes.hpp"
#include "sbc/sip/edits.hpp"
#include "sbc/sip/message.hpp"
#include "sbc/sip/sdp.hpp"
#include "sip_messages.hpp"

namespace {

using namespace dw;
using std::string_view;

constexpr string_view kOwn = "192.0.2.10:5060", kOwnHost = "192.0.2.10", kServer = "pbx.example.net";
constexpr string_view kVia = "SIP/2.0/UDP 192.0.2.10:5060;branch=z9hG4bK7d1b2f3a4c5e6f70";
constexpr string_view kToken = "k3v9q2m8x7c1a";
constexpr std::uint16_t kAudioPort = 20002;

[[noreturn]] void die(const char* what) {
  std::fprintf(stderr, "sip_parse: %s\n", what);
  std::exit(2);
}
template <class T>
T must(Result<T> result, const char* what) {
  if (!result) die(what);
  return std::move(*result);
}

enum class What { parse, sip, sdp };

/// The new message in `out`, which keeps its memory.
void by_dropwire(string_view octets, What what, std::string& out) {
  static sip::Message message;
  if (!message.parse(as_bytes(octets)) || message.fault()) die("sbc/sip refused the INVITE");
  const sip::Field* contact_field = message.find(sip::FieldName::contact);
  const auto contact = must(sip::parse_name_addr(message.value(*contact_field)), "Contact");
  const auto contact_uri = must(sip::parse_uri(contact.uri), "Contact's URI");
  const auto uri = must(sip::parse_uri(message.request_uri()), "Request-URI");
  if (what == What::parse) return;

  out.clear();
  sip::Edits edits(message);
  edits.replace(uri.host_port, kServer);
  std::string line = "Via: ";
  line.append(kVia).append("\r\n");
  edits.insert_before(*message.find(sip::FieldName::via), line);
  edits.replace(message.value_of(sip::FieldName::max_forwards), std::to_string(*message.max_forwards() - 1));
  line = kOwn;
  line.append(";dw=").append(kToken);
  edits.replace(contact_uri.host_port, line);
  if (what == What::sdp) {
    const auto sdp = must(sip::parse_sdp(message.body()), "SDP");
    static const auto own = IpAddress::parse(kOwnHost);
    sip::SdpRewrite rewrite;
    rewrite.own = *own;
    rewrite.version = *sdp.version + 1;
    rewrite.to[0] = Endpoint{*own, kAudioPort};
    std::string body;
    must(sip::rewrite_sdp(sdp, message.body(), rewrite, body), "SDP");
    edits.set_body(std::move(body));
  }
  edits.write(out);
  if (!edits.ok()) die("too many edits");
}

/// libosip2 owns what it is given and frees it with osip_free.
char* given(string_view text) {
  char* out = static_cast<char*>(osip_malloc(text.size() + 1));
  std::memcpy(out, text.data(), text.size());
  out[text.size()] = 0;
  return out;
}
void give(char*& where, string_view text) {
  osip_free(where);
  where = given(text);
}

void rewrite_body(osip_message_t* message) {
  osip_body_t* body = nullptr;
  sdp_message_t* sdp = nullptr;
  if (osip_message_get_body(message, 0, &body) < 0 || sdp_message_init(&sdp) != 0 ||
      sdp_message_parse(sdp, body->body) != 0)
    die("libosip2 refused the SDP");
  give(sdp->o_addr, kOwnHost);
  give(sdp->o_sess_version, std::to_string(std::atol(sdp->o_sess_version) + 1));
  give(sdp->c_connection->c_addr, kOwnHost);
  sdp_message_m_port_set(sdp, 0, given(std::to_string(kAudioPort)));
  char* text = nullptr;
  if (sdp_message_to_str(sdp, &text) != 0) die("libosip2 did not write the SDP");
  osip_free(body->body);
  body->body = text;
  body->length = std::strlen(text);
  sdp_message_free(sdp);
}

void by_osip(string_view octets, What what, std::string& out) {
  osip_message_t* message = nullptr;
  if (osip_message_init(&message) != 0 || osip_message_parse(message, octets.data(), octets.size()) != 0)
    die("libosip2 refused the INVITE");
  if (what != What::parse) {
    give(message->req_uri->host, kServer);
    osip_via_t* via = nullptr;
    osip_via_init(&via);
    osip_via_parse(via, kVia.data());
    osip_list_add(&message->vias, via, 0);
    osip_header_t* hops = nullptr;
    if (osip_message_header_get_byname(message, "max-forwards", 0, &hops) < 0) die("no Max-Forwards");
    give(hops->hvalue, std::to_string(std::atoi(hops->hvalue) - 1));
    osip_contact_t* contact = nullptr;
    if (osip_message_get_contact(message, 0, &contact) < 0) die("no Contact");
    give(contact->url->host, kOwnHost);
    give(contact->url->port, "5060");
    osip_uri_uparam_add(contact->url, given("dw"), given(kToken));
    if (what == What::sdp) rewrite_body(message);
    osip_message_force_update(message);
    char* text = nullptr;
    std::size_t length = 0;
    if (osip_message_to_str(message, &text, &length) != 0) die("libosip2 did not write the INVITE");
    out.assign(text, length);
    osip_free(text);
  }
  osip_message_free(message);
}

double cpu_now() {
  timespec t;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) * 1e-9;
}
/// Nanoseconds a message.
template <class Work>
double time_of(double seconds, Work work) {
  const double begin = cpu_now();
  double spent = 0;
  std::uint64_t done = 0;
  do {
    for (int i = 0; i < 200; ++i)
      work();
    done += 200;
    spent = cpu_now() - begin;
  } while (spent < seconds);
  return spent / static_cast<double>(done) * 1e9;
}
double median(std::vector<double> v) {
  std::ranges::sort(v);
  return v[v.size() / 2];
}

std::string lower(std::string text) {
  for (char& c : text)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c | 0x20);
  return text;
}
/// Both wrote what they were to write, libosip2 with names in cases of its own.
void check(std::string written, bool sdp, const char* who) {
  const std::string via = "Via: " + std::string(kVia) + "\r\n";
  std::vector<std::string> wanted = {"INVITE sip:9000@pbx.example.net;user=phone SIP/2.0\r\n", via,
                                     "\r\nMax-Forwards: 69\r\n", "@192.0.2.10:5060;", ";dw=k3v9q2m8x7c1a"};
  if (sdp)
    wanted.insert(wanted.end(), {"o=Cisco-SIPUA 7382 1 IN IP4 192.0.2.10\r\n", "c=IN IP4 192.0.2.10\r\n",
                                 "m=audio 20002 RTP/AVP 0 8 18 102 9 116 101\r\n"});
  written = lower(std::move(written));
  for (const std::string& text : wanted) {
    if (written.contains(lower(text))) continue;
    std::fprintf(stderr, "%s did not write %s\n%s", who, text.c_str(), written.c_str());
    std::exit(2);
  }
  const std::size_t body = written.find("\r\n\r\n") + 4, length = written.find("\r\ncontent-length: ");
  if (length == std::string::npos || std::strtoul(written.c_str() + length + 18, nullptr, 10) != written.size() - body)
    die("Content-Length is not the body's");
  if (written.find(lower(via)) > written.find("127.64.")) die("our Via is not on top");
}

}  // namespace

int main(int argc, char** argv) {
  const int rounds = argc > 1 ? std::max(1, std::atoi(argv[1])) : 9;
  const double seconds = argc > 2 ? std::atof(argv[2]) : 0.1;
  if (parser_init() != 0) die("libosip2 did not start");
  std::string invite, ours, theirs;
  bench::append_invite(invite, bench::identity(500, "192.0.2.10", 7), 7, 101, true);
  std::printf("invite octets=%zu\n", invite.size());
  for (const auto& [what, name] :
       {std::pair{What::sdp, "with-sdp"}, {What::sip, "without-sdp"}, {What::parse, "parse"}}) {
    by_dropwire(invite, what, ours);
    by_osip(invite, what, theirs);
    if (what != What::parse) {
      check(ours, what == What::sdp, "sbc/sip");
      check(theirs, what == What::sdp, "libosip2");
    }
    std::vector<double> a, b, ratios;
    for (int round = 0; round < rounds; ++round) {
      a.push_back(time_of(seconds, [&] { by_dropwire(invite, what, ours); }));
      b.push_back(time_of(seconds, [&] { by_osip(invite, what, theirs); }));
      ratios.push_back(b.back() / a.back());
    }
    std::printf("%s dropwire=%.0f osip=%.0f ratio=%.2f least=%.2f most=%.2f\n", name, median(a), median(b),
                median(ratios), *std::ranges::min_element(ratios), *std::ranges::max_element(ratios));
  }
}
