#include <cstdlib>

#include "nat/core/portmap/policy.hpp"

/// URLs of UPnP devices and the kernel's routes: whatever the text, we talk to the router or to our own link alone.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace dw;
  namespace pm = nat::portmap;
  const std::string_view text = as_text(Bytes{data, size});
  const auto routes = pm::parse_routes(text);
  if (routes.size() > pm::kMaxRoutes) std::abort();
  const IpAddress router = IpAddress::v4(0xc0a80101), ours = IpAddress::v4(0xc0a8010a);
  const IpAddress gateway = pm::gateway_toward(routes, IpAddress::v4(0xcb007114));
  if (gateway && !gateway.is_v4()) std::abort();
  const std::string_view place = pm::location_in(text);
  if (!place.empty() && !pm::device_address(place)) std::abort();
  const auto address = pm::device_address(text);
  if (address && !address->is_v4()) std::abort();
  if (pm::may_talk_to(text, router, ours, routes) &&
      (!address || (*address != router && !(address->is_private() && pm::same_link(routes, *address, ours)))))
    std::abort();
  return 0;
}
