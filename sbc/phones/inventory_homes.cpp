// Where phones and their lines are registered, as their configs say.
#include <algorithm>

#include "sbc/base/text_cursor.hpp"
#include "sbc/phones/inventory.hpp"

namespace dw::phones {
namespace {

const LineHome* home_in(const Phone& phone, std::string_view user, Protocol protocol, bool must_be_named) {
  const auto of_line = std::ranges::find_if(phone.homes, [&](const LineHome& home) {
    return home.protocol == protocol && !home.user.empty() && equal_ignoring_case(home.user, user);
  });
  if (of_line != phone.homes.end()) return &*of_line;
  if (must_be_named) return nullptr;
  const auto of_all = std::ranges::find_if(
      phone.homes, [&](const LineHome& home) { return home.protocol == protocol && home.user.empty(); });
  return of_all == phone.homes.end() ? nullptr : &*of_all;
}

}  // namespace

const LineHome* Inventory::home_of(std::string_view device, std::string_view user, const IpAddress& at,
                                   Protocol protocol) const {
  if (!device.empty()) {
    const Phone* const phone = find(device);
    return phone ? home_in(*phone, user, protocol, false) : nullptr;
  }
  const auto here = at_address_.find(at);
  if (here == at_address_.end()) return nullptr;
  // Several may be behind one address: whose line it is says the user, as long as they don't contradict each other.
  const LineHome* found = nullptr;
  bool named = false;
  for (const std::string& key : here->second) {
    const Phone& phone = *index_.at(key);
    const LineHome* const own = home_in(phone, user, protocol, true);
    const LineHome* const home = own ? own : home_in(phone, user, protocol, false);
    if (!home || (named && !own)) continue;
    const bool same = found && found->host == home->host && found->port == home->port;
    if (found && named == (own != nullptr) && !same) return nullptr;
    found = home;
    named = own != nullptr;
  }
  return found;
}

}  // namespace dw::phones
