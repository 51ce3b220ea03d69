// Any options behind a mode: what is agreed to stays within the limits, and the OACK names nothing else.
#include <cstdlib>

#include "sbc/base/text_cursor.hpp"
#include "tftp-proxy/core/tftp_options.hpp"

namespace {

void check(dw::Bytes options, dw::tftp::Mode mode) {
  using namespace dw::tftp;
  const TermLimits limits{1428, 16};
  Terms terms(Request{false, "f", "octet", options}, mode, limits);
  terms.set_size(options.size());
  if (terms.blksize() < kMinBlksize || terms.blksize() > limits.max_blksize) std::abort();
  if (terms.windowsize() < 1 || terms.windowsize() > limits.max_windowsize) std::abort();
  if (terms.oack().empty()) {
    if (terms.blksize() != kDefaultBlksize || terms.windowsize() != 1 || terms.timeout()) std::abort();
    return;
  }
  const auto packet = parse_packet(terms.oack());
  if (!packet) std::abort();
  OptionWalk walk(std::get<Oack>(*packet).options);
  std::size_t agreed = 0;
  while (const auto option = walk.next()) {
    const auto is = [&](std::string_view name) { return dw::equal_ignoring_case(option->name, name); };
    if (!is("blksize") && !is("timeout") && !is("windowsize") && !is("tsize")) std::abort();
    if (is("blksize") && option->value != std::to_string(terms.blksize())) std::abort();
    ++agreed;
  }
  if (agreed == 0 || agreed > 4) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  check({data, size}, dw::tftp::Mode::octet);
  check({data, size}, dw::tftp::Mode::netascii);
  return 0;
}
