#include "sbc/sccp/server_res.hpp"

#include <algorithm>

#include "sbc/sccp/address_fields.hpp"

namespace dw::sccp {
namespace {

constexpr std::size_t kNameField = 48;
constexpr std::uint16_t kPorts = 240;
constexpr std::uint16_t kAddresses = 260;
constexpr std::size_t kFlatList = 280;
constexpr std::size_t kTaggedList = 360;

}  // namespace

Result<Buffer> server_res_naming(const Frame& original, const Endpoint& server) {
  const std::size_t octets = original.payload.size();
  if (octets < kFlatList) return fail(Errc::truncated, "ServerRes is shorter than its list", octets);
  Buffer payload(octets);
  const std::string name = server.address.to_string();
  std::copy_n(name.begin(), std::min(name.size(), kNameField - 1), payload.begin());
  const AddressField field{AddressRole::station, octets >= kTaggedList ? AddressForm::tagged : AddressForm::flat,
                           kAddresses, kPorts, AddressField::kNone};
  if (!write_field(payload, field, server))
    return fail(Errc::unsupported, "ServerRes can't carry an IPv6 address here");
  Buffer out;
  write_frame(out, original.version, original.id, payload);
  return out;
}

}  // namespace dw::sccp
