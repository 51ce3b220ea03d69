#include "tftp-proxy/core/content.hpp"

#include <vector>

namespace dw::provisioning {

ContentPtr Content::of(Buffer octets, ContentMeta meta) {
  auto content = std::make_shared<Content>();
  content->meta_ = std::move(meta);
  *content->octets_ = std::move(octets);
  content->state_ = State::complete;
  return content;
}

ContentPtr Content::failure(Error error) {
  auto content = std::make_shared<Content>();
  content->error_ = std::move(error);
  content->state_ = State::failed;
  return content;
}

std::optional<std::uint64_t> Content::size() const {
  if (state_ == State::complete) return octets_->size();
  return meta_.size;
}

void Content::begin(ContentMeta meta) {
  if (state_ != State::waiting) return;
  meta_ = std::move(meta);
  state_ = State::streaming;
  notify();
}

void Content::append(Bytes more) {
  if (state_ != State::streaming || more.empty()) return;
  if (octets_.use_count() > 1) octets_ = std::make_shared<Buffer>(*octets_);
  if (meta_.size && octets_->empty()) octets_->reserve(static_cast<std::size_t>(*meta_.size));
  octets_->insert(octets_->end(), more.begin(), more.end());
  notify();
}

void Content::take(Buffer all) {
  if (state_ != State::streaming || !octets_->empty() || all.empty()) return;
  all.shrink_to_fit();  // it stays in memory as long as phones ask for it
  octets_ = std::make_shared<Buffer>(std::move(all));
  notify();
}

void Content::share(const Content& same) {
  if (state_ != State::streaming || !octets_->empty() || same.state_ != State::complete) return;
  octets_ = same.octets_;
  notify();
}

void Content::share_if_equal(const Content& other) {
  if (state_ != State::streaming || other.state_ != State::complete || *octets_ != *other.octets_) return;
  octets_ = other.octets_;
  notify();
}

void Content::finish() {
  if (state_ != State::streaming) return;
  if (meta_.size && *meta_.size != octets_->size()) {
    fail({Errc::unavailable, "the origin promised " + std::to_string(*meta_.size) + " octets and sent " +
                                 std::to_string(octets_->size())});
    return;
  }
  state_ = State::complete;
  notify();
}

void Content::fail(Error error) {
  if (done()) return;
  error_ = std::move(error);
  state_ = State::failed;
  notify();
}

void Content::notify() {
  std::vector<std::weak_ptr<std::function<void()>>> now(callbacks_.begin(), callbacks_.end());
  for (const auto& weak : now) {
    if (const auto callback = weak.lock()) (*callback)();
  }
}

Content::Subscription Content::subscribe(const ContentPtr& content, std::function<void()> on_change) {
  Subscription s;
  s.content_ = content;
  s.callback_ = std::make_shared<std::function<void()>>(std::move(on_change));
  content->callbacks_.push_back(s.callback_);
  return s;
}

Content::Subscription::~Subscription() {
  const auto content = content_.lock();
  if (!content) return;
  std::erase_if(content->callbacks_, [&](const auto& weak) {
    const auto callback = weak.lock();
    return !callback || callback == callback_;
  });
}

}  // namespace dw::provisioning
