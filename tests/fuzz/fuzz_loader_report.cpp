#include "nat/fast/core/loader_report.hpp"

#include "tests/fuzz/require.hpp"

/// Whatever is taken for a loader's report stays within its bounds and is written as it came.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace dw;
  using namespace dw::nat::fast;
  const Bytes octets{data, size};
  const auto report = parse_loader_report(octets);
  if (!report) return 0;
  dw::require(report->interfaces.size() <= LoaderReport::kMaxInterfaces);
  for (const InterfaceReport& one : report->interfaces)
    dw::require(!to_string(one).empty() && one.name.size() <= LoaderReport::kMaxName);
  Buffer again;
  ByteWriter out(again);
  write(out, *report);
  dw::require(Buffer(octets.begin(), octets.end()) == again);
  return 0;
}
