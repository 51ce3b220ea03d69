#pragma once
#include <atomic>
#include <functional>
#include <string>
#include <vector>

#include "sbc/base/endpoint.hpp"
#include "sbc/base/time.hpp"

namespace dw::nat {

inline constexpr std::size_t kMaxSsdpPlaces = 8;
inline constexpr Duration kSsdpWithin = std::chrono::milliseconds(2500);  ///< for each of two searches

/// Asks the link of `ours` for routers of UPnP (SSDP, UPnP Device Architecture 1.1 §1.3) and gives where
/// their descriptions are, each once. First only `router` is heard, and when it answers it is the only one;
/// else whoever answers. Only those that `may_talk_to` lets pass count. Takes at most twice kSsdpWithin,
/// however much comes. Blocks: for the thread pool.
std::vector<std::string> ssdp_search(const IpAddress& ours, const IpAddress& router,
                                     const std::function<bool(std::string_view url)>& may_talk_to,
                                     const std::atomic<bool>& give_up);

}  // namespace dw::nat
