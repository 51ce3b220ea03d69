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

/// Searches the link of `ours` for UPnP routers (SSDP, UPnP Device Architecture 1.1 §1.3). Returns the URLs of their
/// descriptions, each once. The first search takes answers from `router` only; if it does not answer, a second one
/// takes answers from anybody. URLs that `may_talk_to` rejects are left out. Returns within twice kSsdpWithin, however
/// much arrives. Blocks: for the thread pool.
std::vector<std::string> ssdp_search(const IpAddress& ours, const IpAddress& router,
                                     const std::function<bool(std::string_view url)>& may_talk_to,
                                     const std::atomic<bool>& give_up);

}  // namespace dw::nat
