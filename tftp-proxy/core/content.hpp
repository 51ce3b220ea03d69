#pragma once
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "sbc/base/bytes.hpp"
#include "sbc/base/result.hpp"

namespace dw::provisioning {

/// What an origin said of a file beside its octets. Empty strings where it said nothing.
struct ContentMeta {
  std::optional<std::uint64_t> size;  ///< octets in all, if the origin said so before the end
  std::string etag;                   ///< as the origin wrote it, quotes included
  std::string last_modified;          ///< HTTP date
  std::string origin;                 ///< "http://pbx:6970/", "cache", "rewrite of …": for logs and stories
  std::vector<std::pair<std::string, std::string>>
      headers{};  ///< of a service's page only: its header fields for the phone
};

/// One file's octets, shared by everyone who asked for it, while they still arrive. Made by whoever fetches
/// it, read by the TFTP and HTTP servers. Octets are only appended; what a reader saw does not change. Single-threaded
/// (the loop's). States: waiting (nothing known) → streaming (size may be known, octets arrive) → complete or
/// failed. A failed content never counts as a shorter file.
class Content {
 public:
  enum class State { waiting, streaming, complete, failed };

  /// A finished one.
  static std::shared_ptr<Content> of(Buffer octets, ContentMeta meta);
  static std::shared_ptr<Content> failure(Error error);

  State state() const { return state_; }
  bool done() const { return state_ == State::complete || state_ == State::failed; }
  /// Known from the origin, or because it is complete.
  std::optional<std::uint64_t> size() const;
  /// What is there so far. The span is good until the next `append` (a reader asks again when notified).
  Bytes octets() const { return *octets_; }
  const ContentMeta& meta() const { return meta_; }
  /// Why, when failed: Errc::not_found, forbidden, unavailable (try again later), too_long, exhausted…
  const Error& error() const { return error_; }

  // The maker's side.
  void begin(ContentMeta meta);  ///< waiting → streaming
  void append(Bytes more);
  /// In place of append: all octets, which are not copied.
  void take(Buffer all);
  /// In place of append: all octets of a complete one, which both have from then on, so that a file that many take one
  /// after the other is in memory once.
  void share(const Content& same);
  /// The same where what came, to its end, turns out to be what a complete one has.
  void share_if_equal(const Content& other);
  /// The origin sent its last octet. Fails instead (unavailable) if fewer or more octets than announced came.
  void finish();
  void fail(Error error);

  /// Calls `on_change` after each change until the Subscription is gone. A callback may drop any subscription,
  /// its own too, and may add some (they hear from the next change on).
  class Subscription {
   public:
    Subscription() = default;
    Subscription(Subscription&& other) noexcept { swap(other); }
    Subscription& operator=(Subscription&& other) noexcept {
      Subscription gone(std::move(other));
      swap(gone);
      return *this;
    }
    ~Subscription();
    void swap(Subscription& other) noexcept {
      std::swap(content_, other.content_);
      std::swap(callback_, other.callback_);
    }

   private:
    friend class Content;
    std::weak_ptr<Content> content_;
    std::shared_ptr<std::function<void()>> callback_;
  };
  static Subscription subscribe(const std::shared_ptr<Content>& content, std::function<void()> on_change);
  std::size_t subscribers() const { return callbacks_.size(); }

 private:
  void notify();

  State state_ = State::waiting;
  std::shared_ptr<Buffer> octets_ = std::make_shared<Buffer>();  ///< changed only while it is this one's alone
  ContentMeta meta_;
  Error error_{};
  std::list<std::weak_ptr<std::function<void()>>> callbacks_;
};

using ContentPtr = std::shared_ptr<Content>;

}  // namespace dw::provisioning
