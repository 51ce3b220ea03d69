#include "sbc/trace/describe.hpp"

#include <fmt/format.h>

#include <memory>

#include "sbc/base/byte_reader.hpp"
#include "sbc/base/escape.hpp"
#include "sbc/base/text_cursor.hpp"
#include "sbc/sccp/frame.hpp"
#include "sbc/sip/message.hpp"
#include "tftp-proxy/core/tftp_packet.hpp"

namespace dw::trace {
namespace {

constexpr std::size_t kMaxText = 200;
constexpr std::size_t kMaxMessages = 64;  // in one record
constexpr std::size_t kMaxFetch = 600;    // characters: two URLs and a sentence

std::string unread(const char* protocol, Bytes octets) {
  return fmt::format("{} {} octets", protocol, octets.size());
}

void describe_sip(Bytes octets, std::vector<std::string>& out) {
  const auto message = std::make_unique<sip::Message>();
  if (octets.size() <= 4 && trim(as_text(octets)).empty()) {
    out.emplace_back("SIP keepalive");
    return;
  }
  if (!message->parse(octets)) {
    out.push_back(unread("SIP", octets));
    return;
  }
  const auto start = message->is_request() ? fmt::format("{} {}", message->method_text(), message->request_uri())
                                           : fmt::format("{} {}", message->status(), message->reason());
  const std::string cseq = message->is_request() ? fmt::format("CSeq {}", message->cseq())
                                                 : fmt::format("CSeq {} {}", message->cseq(), message->method_text());
  out.push_back(fmt::format("SIP {}, {}, Call-ID {}{}", escaped(start, kMaxText), cseq,
                            escaped(message->call_id(), kMaxText),
                            message->body().empty() ? "" : fmt::format(", body {} bytes", message->body().size())));
}

void describe_sccp(Bytes octets, std::vector<std::string>& out) {
  sccp::FrameStream frames;
  frames.feed({}, octets);
  std::size_t described = 0;
  while (out.size() < kMaxMessages) {
    const auto frame = frames.next();
    if (!frame) break;
    described += frame->octets.size();
    out.push_back("SCCP " + sccp::to_string(*frame));
  }
  if (described < octets.size()) out.push_back(unread("SCCP part of a message,", octets.subspan(described)));
}

void describe_http(Bytes octets, std::vector<std::string>& out) {
  TextCursor cursor(as_text(octets));
  out.push_back("HTTP " + escaped(cursor.take_line(), kMaxText));
}

void describe_tftp(Bytes octets, std::vector<std::string>& out) {
  const auto packet = tftp::parse_packet(octets);
  out.push_back(packet ? "TFTP " + tftp::to_string(*packet) : unread("TFTP", octets));
}

}  // namespace

std::vector<std::string> describe(const WireRecord& record) {
  std::vector<std::string> out;
  switch (record.protocol) {
    case WireRecord::Protocol::sip:
      describe_sip(record.octets, out);
      break;
    case WireRecord::Protocol::sccp:
      describe_sccp(record.octets, out);
      break;
    case WireRecord::Protocol::http:
      describe_http(record.octets, out);
      break;
    case WireRecord::Protocol::tftp:
      describe_tftp(record.octets, out);
      break;
    case WireRecord::Protocol::fetch:
      out.push_back("fetch " + escaped(as_text(record.octets), kMaxFetch));
      break;
  }
  return out;
}

}  // namespace dw::trace
