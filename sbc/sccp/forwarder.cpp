#include "sbc/sccp/forwarder.hpp"

#include <algorithm>

#include "sbc/sccp/text_policy.hpp"

namespace dw::sccp {

MutableBytes Forwarder::pass(Buffer& to, const Message& message, const StandIns& ours) {
  const Frame& frame = message.frame();
  const MessageType& type = message.type();
  to.insert(to.end(), frame.octets.begin(), frame.octets.end());
  const MutableBytes payload = MutableBytes(to).last(frame.payload.size());
  bool rewritten = replace_addresses(payload, message.layout(), ours);
  if (options_.blank_text && type.text < payload.size()) {
    const std::size_t octets = std::min<std::size_t>(type.text_octets, payload.size() - type.text);
    rewritten = blank_addresses(payload.subspan(type.text, octets)) || rewritten;
  }
  if (rewritten) ++counters_.rewritten;
  return payload;
}

void Forwarder::drop(const Message& message, std::string_view why, Output& out) {
  ++counters_.dropped;
  out.report(SessionEvent::Kind::dropped, std::string(message.type().name) + ": " + std::string(why));
}

void Forwarder::send(Buffer& to, const Draft& draft, std::uint32_t header_version) {
  draft.write(to, header_version);
  ++counters_.answered;
}

}  // namespace dw::sccp
