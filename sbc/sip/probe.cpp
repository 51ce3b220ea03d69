#include "sbc/sip/probe.hpp"

#include <fmt/format.h>

#include "sbc/base/base64.hpp"
#include "sbc/base/text_cursor.hpp"

namespace dw::sip {
namespace {

const Field* find_by_name(const Message& m, std::string_view name) {
  for (const Field& field : m.fields()) {
    if (equal_ignoring_case(m.name_of(field), name)) return &field;
  }
  return nullptr;
}

}  // namespace

std::string make_probe(const ProbeText& text) {
  const std::string us = text.local.to_string();
  const std::string address = text.local.address.to_string();
  const char* family = text.local.address.is_v4() ? "IP4" : "IP6";
  const std::string sdp = fmt::format(
      "v=0\r\no=dropwire 1 1 IN {0} {1}\r\ns=-\r\nc=IN {0} {1}\r\nt=0 0\r\nm=audio 20000 RTP/AVP 0 8\r\n"
      "a=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\na=sendrecv\r\n",
      family, address);
  std::string out = fmt::format(
      "OPTIONS sip:{0} SIP/2.0\r\nVia: SIP/2.0/{1} {2};branch=z9hG4bK{3};rport\r\nMax-Forwards: 70\r\n"
      "From: <sip:probe@{4}>;tag={3}\r\nTo: <sip:{0}>\r\nCall-ID: {3}@{4}\r\nCSeq: 1 OPTIONS\r\n"
      "Contact: <sip:probe@{2}>\r\n{5}: ",
      text.host, to_string(text.transport), us, text.token, address, kProbeField);
  const std::string rest =
      fmt::format("\r\nContent-Type: application/sdp\r\nContent-Length: {}\r\n\r\n{}", sdp.size(), sdp);
  const std::size_t size = out.size() + rest.size();
  out.append(size < kMinSipProbe ? kMinSipProbe - size : 1, '1');
  return out + rest;
}

bool is_probe(const Message& request) {
  return request.is_request() && request.method() == Method::options && request.text().size() >= kMinSipProbe &&
         request.text().size() <= kMaxSipProbe && find_by_name(request, kProbeField) != nullptr;
}

std::string probe_lines(const Message& request) {
  return fmt::format("{}: {}\r\n", kProbeReceived, to_base64(as_bytes(request.text())));
}

std::optional<std::string> received_in(const Message& response) {
  const Field* const field = find_by_name(response, kProbeReceived);
  if (!field) return {};
  const auto octets = from_base64(response.value(*field));
  if (!octets) return {};
  return std::string(as_text(*octets));
}

}  // namespace dw::sip
