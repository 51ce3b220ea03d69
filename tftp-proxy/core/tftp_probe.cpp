#include "tftp-proxy/core/tftp_probe.hpp"

#include "sbc/base/text_cursor.hpp"

namespace dw::tftp {
namespace {

constexpr std::string_view kFrom = "from=";
constexpr std::size_t kMaxEndpointText = 64;

std::string_view word(ProbePort port) {
  return port == ProbePort::fresh ? "fresh" : "same";
}

}  // namespace

std::optional<ProbePort> probe_of(const Request& request, std::size_t octets) {
  if (request.write || request.file != kProbeName || octets < kMinProbe || octets > kMaxProbe) return {};
  OptionWalk options(request.options);
  while (const auto option = options.next()) {
    if (option->name != kProbeName) continue;
    for (const ProbePort port : {ProbePort::same, ProbePort::fresh}) {
      if (option->value == word(port)) return port;
    }
  }
  return {};
}

Buffer probe_answer(const Endpoint& from, Bytes request) {
  Buffer out;
  ByteWriter writer(out);
  writer.text(kFrom);
  writer.text(from.to_string());
  writer.text("\n");
  writer.octets(request);
  return out;
}

Buffer make_probe(ProbePort port) {
  Buffer options;
  ByteWriter writer(options);
  write(writer, Option{kProbeName, word(port)});
  const std::string filler(kMinProbe, '.');  // whatever else is in it, it is long enough
  write(writer, Option{"filler", filler});
  Buffer out;
  ByteWriter packet(out);
  write(packet, Request{false, kProbeName, "octet", options});
  return out;
}

Result<ProbeAnswer> parse_probe_answer(Bytes datagram) {
  const auto packet = parse_packet(datagram);
  if (!packet) return std::unexpected(packet.error());
  const auto* data = std::get_if<Data>(&*packet);
  if (data == nullptr || data->block != 1) return fail(Errc::malformed, "not the answer to a probe");
  TextCursor text(as_text(data->octets));
  if (!text.skip_text(kFrom)) return fail(Errc::malformed, "not the answer to a probe");
  const std::string_view from = text.take_until("\n");
  const auto endpoint =
      from.size() <= kMaxEndpointText ? Endpoint::parse(from) : fail(Errc::too_long, "an endpoint too long");
  if (!endpoint || !text.skip_char('\n')) return fail(Errc::malformed, "not the answer to a probe");
  return ProbeAnswer{*endpoint, data->octets.subspan(text.offset())};
}

}  // namespace dw::tftp
