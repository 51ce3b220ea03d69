#include <algorithm>
#include <cstdlib>
#include <vector>

#include "sbc/base/bytes.hpp"
#include "sbc/net/srv_answer.hpp"

/// A DNS message: an error or bounded records come out, and ordering them loses none, invents none and keeps
/// to the priorities, whatever the source of chance gives (here the message's own octets).
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace dw;
  const Bytes message{data, size};
  const auto answer = net::parse_srv_answer(message);
  if (!answer) {
    if (answer.error().text.empty()) std::abort();
    return 0;
  }
  if (answer->records.empty() || answer->records.size() > net::kMaxSrvRecords) std::abort();
  if (answer->ttl < Duration::zero()) std::abort();
  std::vector<net::SrvRecord> ordered = answer->records;
  std::size_t drawn = 0;
  net::put_in_order(ordered, [&](std::uint32_t) { return std::uint32_t{message[drawn++ % size]} << 8; });
  if (!std::ranges::is_sorted(ordered, {}, &net::SrvRecord::priority)) std::abort();
  if (!std::ranges::is_permutation(ordered, answer->records)) std::abort();
  return 0;
}
