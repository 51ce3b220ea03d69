#pragma once
#include <vector>

#include "nat/fast/core/rtnetlink.hpp"
#include "sbc/base/result.hpp"
#include "sbc/net/descriptor.hpp"

namespace dw::nat::fast {

/// What the kernel knows now of this network namespace's interfaces, and of one's filters. An interface without a
/// qdisc for them, or that is gone, has none.
Result<std::vector<Link>> list_links();
Result<std::vector<Filter>> list_filters(unsigned interface, Direction direction);

/// Becomes readable when an interface or a filter has changed, or when so many did that the kernel dropped the news.
/// So it only says that it is time to list again.
class LinkNews {
 public:
  static Result<LinkNews> open();
  int descriptor() const { return socket_.number(); }
  void drain();

 private:
  explicit LinkNews(net::Descriptor socket) : socket_(std::move(socket)) {}
  net::Descriptor socket_;
};

}  // namespace dw::nat::fast
