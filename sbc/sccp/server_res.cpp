#include "sbc/sccp/server_res.hpp"

#include "sbc/sccp/message.hpp"

namespace dw::sccp {

Result<Buffer> server_res_naming(const Frame& original, const Endpoint& server) {
  constexpr std::size_t kServers = 5;
  const std::size_t octets = original.payload.size();
  const AddressLayout layout = address_layout(messages().find(number(MessageId::server_res)), original.payload, 0);
  if (layout.count < kServers) return fail(Errc::truncated, "ServerRes is shorter than its list", octets);
  Draft ours(MessageId::server_res, octets);
  ours.set(Field::text, server.address.to_string());
  if (!ours.set_address(server)) return fail(Errc::unsupported, "ServerRes can't carry an IPv6 address here");
  Buffer out;
  ours.write(out, original.version);
  return out;
}

}  // namespace dw::sccp
