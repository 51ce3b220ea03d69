#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace dw::lab {

struct SipHeader {
  std::string name, value;
};

/// A SIP message as a lab program sees it: start line, headers in their order, body. The lab's own reader and
/// writer; shares nothing with the proxy's.
struct SipText {
  std::string start;
  std::vector<SipHeader> headers;
  std::string body;

  bool is_request() const { return !start.starts_with("SIP/2.0 "); }
  std::string method() const;  ///< of a request; of a response the method in its CSeq
  std::string target() const;  ///< the Request-URI
  int status() const;          ///< 0 for a request
  unsigned cseq() const;
  std::string get(std::string_view name) const;  ///< the first one's value, "" when there is none
  bool has(std::string_view name) const;
  std::vector<std::string> values(std::string_view name) const;  ///< of all of that name, split at commas
  void add(std::string name, std::string value) { headers.push_back({std::move(name), std::move(value)}); }
  void set(std::string_view name, const std::string& value);
  void drop(std::string_view name);
  std::string to_string() const;
};

/// One whole message; `why` says what is wrong with it when there is none.
std::optional<SipText> parse_sip(std::string_view octets, std::string& why);

/// A message out of a stream: how long the first one is, 0 when it isn't whole yet. Empty lines in front
/// count with it. Nothing when it can't be told (no Content-Length).
std::optional<std::size_t> sip_length(std::string_view octets);

/// "sip:1001@192.0.2.1:5060;transport=udp?Replaces=…"
struct SipUri {
  std::string scheme, user, host, params, headers;
  std::uint16_t port = 0;  ///< 0: none given

  std::uint16_t port_or_default() const { return port == 0 ? 5060 : port; }
  std::string param(std::string_view name) const;   ///< of `params`, "" when absent
  std::string header(std::string_view name) const;  ///< of `headers`, unescaped
  std::string without_headers() const;
};
std::optional<SipUri> parse_uri(std::string_view text);

/// "\"Anna\" <sip:1001@192.0.2.1>;tag=1"
struct NameAddr {
  std::string display, uri, params;
  std::string param(std::string_view name) const;
};
NameAddr parse_name_addr(std::string_view text);

/// "SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK1"
struct Via {
  std::string transport, host, params;
  std::uint16_t port = 0;
  std::string param(std::string_view name) const;
  bool has_param(std::string_view name) const;
};
Via parse_via(std::string_view text);

/// Answers a digest challenge (RFC 2617, MD5; with qop=auth when it is offered and wanted); "" when it can't.
std::string digest_answer(const std::string& challenge, const std::string& method, const std::string& uri,
                          const std::string& user, const std::string& password, bool with_qop);

/// As many lower-case hex digits of chance.
std::string random_hex(std::size_t digits);
std::string percent_encode(std::string_view text);

}  // namespace dw::lab
