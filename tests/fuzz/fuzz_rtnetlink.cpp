#include "nat/fast/core/rtnetlink.hpp"

#include "tests/fuzz/require.hpp"

/// A kernel's list of interfaces or filters that makes no sense ends, and lists no more than its octets can hold.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace dw::nat::fast;
  constexpr std::size_t kShortest = 16 + 16;  // a header and an ifinfomsg
  const dw::Bytes octets{data, size};
  std::vector<Link> links;
  std::vector<Filter> filters;
  Dump of_links, of_filters;
  read_links(octets, links, of_links);
  read_filters(octets, filters, of_filters);
  dw::require(links.size() <= size / kShortest && filters.size() <= size / kShortest);
  dw::require(of_links.error >= 0 && of_filters.error >= 0);
  return 0;
}
