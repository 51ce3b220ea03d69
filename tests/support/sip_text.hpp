#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sbc/base/endpoint.hpp"

namespace dw::sim {

/// Name and value.
using SipField = std::pair<std::string, std::string>;

/// A SIP message as the phones and servers of tests read and write it (RFC 3261 §7): fields in their order, names as
/// they were written. Compact names are found by their long ones; a folded line is one value.
struct SipText {
  std::string first;  ///< request line or status line
  std::vector<SipField> fields;
  std::string body;

  /// Nothing: it can't be read, or Content-Length is not the body's. `why` then says what is wrong.
  static std::optional<SipText> read(std::string_view octets, std::string* why = nullptr);
  /// With the Content-Length that is true: in the place of its field, else behind all others.
  std::string str() const;

  bool is_request() const { return !first.starts_with("SIP/2.0 "); }
  int status() const;          ///< 0: a request
  std::string method() const;  ///< of a response its CSeq's
  std::string uri() const;     ///< of the request line
  unsigned cseq() const;

  bool has(std::string_view name) const;
  std::string get(std::string_view name) const;  ///< the first value; empty: none
  std::vector<std::string> all(std::string_view name) const;
  std::vector<std::string> values(std::string_view name) const;  ///< of all of that name, split at commas
  SipText& set(std::string_view name, std::string value);        ///< in place of the first
  SipText& add(std::string_view name, std::string value);
  SipText& push_front(std::string_view name, std::string value);
  SipText& drop(std::string_view name);
  SipText& with_body(std::string type, std::string octets);
};

/// The messages of a stream, one after the other (RFC 3261 §18.3).
class SipStream {
 public:
  void push(std::string_view octets) { octets_ += octets; }
  /// The next message; nothing: it is not whole yet, or its end can't be found. Empty lines between messages are pings.
  std::optional<std::string> next();
  unsigned pings() const { return pings_; }
  bool broken() const { return broken_; }  ///< a message without Content-Length

 private:
  std::string octets_;
  unsigned pings_ = 0;
  bool broken_ = false;
};

/// "sip:1001@192.0.2.1:5060;transport=udp?Replaces=…" in its parts.
struct SipUri {
  std::string scheme, user, host, params, headers;
  std::uint16_t port = 0;  ///< 0: none given

  static std::optional<SipUri> read(std::string_view text);
  std::uint16_t port_or_default() const { return port == 0 ? 5060 : port; }
  std::string header(std::string_view name) const;  ///< of `headers`, unescaped; empty: none
  std::string without_headers() const;
};

/// "expires" of "<sip:a@b;x=1>;expires=60": "60". Only parameters of the header, not of the URI in brackets.
/// Nothing: it is not there; empty: it has no value.
std::optional<std::string> sip_param(std::string_view value, std::string_view name);
/// The same within a URI.
std::optional<std::string> sip_uri_param(std::string_view uri, std::string_view name);
/// Of the parameters of a challenge or of credentials, without its quotes; empty: none.
std::string sip_auth_param(std::string_view params, std::string_view name);
std::string sip_uri(std::string_view value);  ///< within the brackets, or all before the first ";"
std::string sip_user(std::string_view uri);
std::string sip_host(std::string_view uri);                        ///< "host" or "host:port"
std::string sip_display(std::string_view value);                   ///< before the brackets; empty: none
std::string sip_tag(std::string_view value);                       ///< empty: none
std::string sip_via(const SipText& m);                             ///< the topmost; empty: none
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
