#include "sbc/net/srv_answer.hpp"

#include <ares.h>

#include <algorithm>
#include <memory>
#include <span>
#include <string_view>
#include <utility>

#include "sbc/base/byte_reader.hpp"

namespace dw::net {
namespace {

constexpr std::size_t kMaxMessage = 65535;  // octets, RFC 1035 §4.2.2
constexpr int kMaxLabels = 128;             // in one name of 255 octets

/// Skips labels up to the root or to a pointer, which need not be followed to find the name's end (RFC 1035 §4.1.4).
void skip_name(ByteReader& in) {
  constexpr unsigned kPointer = 0xc0;
  for (int labels = 0; labels < kMaxLabels && in.ok(); ++labels) {
    const unsigned length = in.u8("name");
    if (length == 0) return;
    if ((length & kPointer) == kPointer) return in.skip(1, "name");
    if ((length & kPointer) != 0) break;
    in.skip(length, "name");
  }
  in.refuse(Errc::malformed, "name");
}

/// The lowest time to live in the answer section. One with the highest bit set counts as 0 (RFC 2181 §8).
Result<Duration> least_ttl(Bytes message) {
  ByteReader in(message);
  in.skip(4, "id and flags");
  const unsigned questions = in.u16be("questions");
  const unsigned answers = in.u16be("answers");
  in.skip(4, "other counts");
  for (unsigned i = 0; i < questions && in.ok(); ++i) {
    skip_name(in);
    in.skip(4, "question");
  }
  std::uint32_t least = answers == 0 ? 0 : 0x7fffffff;
  for (unsigned i = 0; i < answers && in.ok(); ++i) {
    skip_name(in);
    in.skip(4, "type and class");
    const std::uint32_t ttl = in.u32be("ttl");
    in.skip(in.u16be("length"), "data");
    least = std::min(least, (ttl & 0x80000000U) != 0 ? 0U : ttl);
  }
  if (!in.ok()) return std::unexpected(in.error());
  return std::chrono::seconds(least);
}

std::string without_dot(std::string_view name) {
  if (name.ends_with('.')) name.remove_suffix(1);
  return std::string(name);
}

/// Moves the next one to try to the front of `left`, which has one priority: the first whose running sum of weights
/// reaches a number drawn between 0 and the total. The others keep their order.
void draw_next(std::span<SrvRecord> left, const Random& random) {
  if (left.size() < 2) return;
  std::uint32_t whole = 0;
  for (const SrvRecord& r : left)
    whole += r.weight;
  const std::uint32_t drawn = whole == 0 ? 0 : std::min(random(whole), whole);
  std::uint32_t sum = 0;
  const auto next = std::ranges::find_if(left, [&](const SrvRecord& r) { return (sum += r.weight) >= drawn; });
  std::rotate(left.begin(), next, next + 1);
}

}  // namespace

Result<SrvAnswer> parse_srv_answer(Bytes message) {
  if (message.size() > kMaxMessage) return fail(Errc::too_long, "the answer is longer than 65535 octets");
  ares_srv_reply* first = nullptr;
  const int status = ares_parse_srv_reply(message.data(), static_cast<int>(message.size()), &first);
  const std::unique_ptr<ares_srv_reply, decltype(&ares_free_data)> owned(first, ares_free_data);
  if (status == ARES_ENODATA || (status == ARES_SUCCESS && !first))
    return fail(Errc::not_found, "the answer has no SRV record");
  if (status != ARES_SUCCESS) return fail(Errc::malformed, "the answer can't be read");
  SrvAnswer out;
  for (const ares_srv_reply* r = first; r && out.records.size() < kMaxSrvRecords; r = r->next)
    out.records.push_back({r->priority, r->weight, r->port, without_dot(r->host ? r->host : "")});
  Result<Duration> ttl = least_ttl(message);
  if (!ttl) return std::unexpected(std::move(ttl.error()));
  out.ttl = *ttl;
  return out;
}

void put_in_order(std::vector<SrvRecord>& records, const Random& random) {
  // By priority, those without weight first; equal ones stay as the DNS server sent them. An insertion sort, as clang
  // warns about libstdc++'s stable sort.
  const auto before = [](const SrvRecord& a, const SrvRecord& b) {
    return std::pair(a.priority, a.weight != 0) < std::pair(b.priority, b.weight != 0);
  };
  for (auto next = records.begin(); next != records.end(); ++next)
    std::rotate(std::upper_bound(records.begin(), next, *next, before), next, next + 1);
  for (auto begin = records.begin(); begin != records.end(); ++begin) {
    const auto end =
        std::find_if(begin, records.end(), [&](const SrvRecord& r) { return r.priority != begin->priority; });
    draw_next({begin, end}, random);
  }
}

}  // namespace dw::net
