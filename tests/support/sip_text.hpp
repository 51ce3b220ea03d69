#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sbc/base/endpoint.hpp"

namespace dw::sim {

/// A SIP message as simulated phones and servers read and write it (RFC 3261 §7): enough for well-formed text
/// with long field names, one value a line, and no folding.
struct SipText {
  std::string first;  ///< request line or status line
  std::vector<std::pair<std::string, std::string>> fields;
  std::string body;

  /// Nothing when a line has no colon, or when Content-Length is not the body's.
  static std::optional<SipText> read(std::string_view octets);
  std::string str() const;  ///< with the Content-Length that is true

  bool is_request() const { return !first.starts_with("SIP/2.0 "); }
  int status() const;          ///< 0: a request
  std::string method() const;  ///< of a response its CSeq's
  std::string uri() const;     ///< of the request line
  unsigned cseq() const;

  bool has(std::string_view name) const;
  std::string get(std::string_view name) const;  ///< the first value; empty: none
  std::vector<std::string> all(std::string_view name) const;
  SipText& set(std::string_view name, std::string value);  ///< in place of the first
  SipText& add(std::string_view name, std::string value);
  SipText& push_front(std::string_view name, std::string value);
  SipText& drop(std::string_view name);
  SipText& with_body(std::string type, std::string octets);
};

/// "expires" of "<sip:a@b;x=1>;expires=60": "60". Only parameters of the header, not of the URI in brackets.
/// Nothing: it is not there; empty: it has no value.
std::optional<std::string> sip_param(std::string_view value, std::string_view name);
/// The same within a URI.
std::optional<std::string> sip_uri_param(std::string_view uri, std::string_view name);
std::string sip_uri(std::string_view value);  ///< within the brackets, or all before the first ";"
std::string sip_user(std::string_view uri);
std::string sip_host(std::string_view uri);                        ///< "host" or "host:port"
std::string sip_tag(std::string_view value);                       ///< empty: none
std::string sip_branch(const SipText& m);                          ///< of the topmost Via
std::string sip_sent_by(const SipText& m);                         ///< of the topmost Via: "192.0.2.1:5060"
std::optional<Endpoint> sip_endpoint(std::string_view host_port);  ///< a literal; 5060 when no port is there

/// A response to `request`, as RFC 3261 §8.2.6.2 builds it.
SipText sip_answer(const SipText& request, int status, std::string_view to_tag);
/// The ACK of a final answer other than 2xx (§17.1.1.3), or the CANCEL of `sent` (§9.1).
SipText sip_hop(const SipText& sent, std::string_view method, std::string to);

/// One audio stream at this place. `version`: of the o= line; `direction`: "sendrecv", "sendonly"…
std::string sip_sdp(const Endpoint& at, unsigned version = 1, std::string_view direction = "sendrecv");
/// Where a description's first stream is; nothing when it has none.
std::optional<Endpoint> sip_media(std::string_view sdp);

}  // namespace dw::sim
