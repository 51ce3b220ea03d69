#include "sbc/admin/file_door.hpp"

#include <algorithm>
#include <utility>

#include "sbc/admin/reply.hpp"
#include "tftp-proxy/core/http_semantics.hpp"

namespace dw::admin {
namespace {

using provisioning::Content;

unsigned status_of(Errc code) {
  return code == Errc::not_found ? 404 : code == Errc::forbidden ? 403 : 503;
}

}  // namespace

void FileDoor::give(const std::shared_ptr<net::HttpExchange>& exchange, provisioning::ContentPtr content) {
  const std::uint64_t id = next_id_++;
  auto& download = *(downloads_[id] = std::make_unique<Download>());
  download.exchange = exchange;
  download.content = std::move(content);
  exchange->on_end([this, id](bool, std::uint64_t) { downloads_.erase(id); });
  const auto again = [this, id] {
    if (const auto found = downloads_.find(id); found != downloads_.end()) consider(*found->second);
  };
  download.subscription = Content::subscribe(download.content, again);
  download.deadline = std::make_unique<net::Timer>(loop_, [this, id] {
    const auto found = downloads_.find(id);
    if (found == downloads_.end() || found->second->answered) return;
    reply(*found->second, error_reply(503, "the file did not arrive from the origin in time"));
  });
  download.deadline->arm_after(first_answer_);
  consider(download);
}

void FileDoor::consider(Download& download) {
  if (download.answered) return download.exchange->wake();
  const Content& content = *download.content;
  if (content.state() == Content::State::failed)
    return reply(download, error_reply(status_of(content.error().code), content.error().text));
  if (content.state() == Content::State::waiting || !content.size()) return;
  net::HttpReply whole = reply_of(200, "application/octet-stream", {});
  const std::uint64_t size = *content.size();
  whole.stream = net::HttpBody{size, [kept = download.content, size](std::uint64_t offset, MutableBytes into) -> long {
                                 const auto ready = provisioning::sendable(*kept, offset, size);
                                 if (!ready) return net::HttpBody::kAbort;
                                 if (ready->empty()) return net::HttpBody::kWait;
                                 const Bytes part = ready->first(std::min(ready->size(), into.size()));
                                 std::ranges::copy(part, into.begin());
                                 return static_cast<long>(part.size());
                               }};
  reply(download, std::move(whole));
}

void FileDoor::reply(Download& download, net::HttpReply reply) {
  download.answered = true;
  const auto exchange = download.exchange;  // its end may come within reply(), and destroys the download
  exchange->reply(std::move(reply));
}

}  // namespace dw::admin
