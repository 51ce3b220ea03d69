#pragma once
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "sbc/net/http_server.hpp"

namespace dw::test {

/// An HTTP exchange without a connection: the test is the client. Reads the body as the real server does,
/// when the reply comes and at each wake().
class FakeExchange : public net::HttpExchange {
 public:
  FakeExchange(std::string method, std::string target, std::map<std::string, std::string> headers = {})
      : method_(std::move(method)), headers_(std::move(headers)) {
    const std::size_t mark = target.find('?');
    target_ = target.substr(0, mark);
    if (mark != std::string::npos) query_ = target.substr(mark + 1);
  }

  std::string_view method() const override { return method_; }
  std::string_view target() const override { return target_; }
  std::string_view query() const override { return query_; }
  std::string header(const std::string& name) const override {
    const auto found = headers_.find(name);
    return found == headers_.end() ? "" : found->second;
  }
  std::vector<std::pair<std::string, std::string>> headers() const override {
    return {headers_.begin(), headers_.end()};
  }
  std::string_view body() const override { return request_body_; }
  Endpoint peer() const override { return over_unix_ ? Endpoint{} : peer_; }
  Endpoint local() const override { return over_unix_ ? Endpoint{} : Endpoint{IpAddress::v4(0xc0000201), 6970}; }
  bool over_unix() const override { return over_unix_; }
  void settle_connection() override { settled_ = true; }

  void reply(net::HttpReply reply) override {
    if (reply_) return;
    reply_ = std::move(reply);
    if (!reply_->stream) body_ = reply_->text;
    wake();
  }
  void wake() override {
    if (!reply_ || !reply_->stream || method_ == "HEAD") return;
    while (!aborted_ && body_.size() < reply_->stream->size) {
      Buffer into(kRead);
      const long count = reply_->stream->read(body_.size(), into);
      if (count == net::HttpBody::kWait) return;
      if (count < 0) {
        aborted_ = true;
        ended_ = count == net::HttpBody::kEnd;
        break;
      }
      body_.append(as_text(Bytes(into).first(static_cast<std::size_t>(count))));
    }
  }
  void on_end(std::function<void(bool, std::uint64_t)> callback) override { on_end_ = std::move(callback); }

  // The test's side.
  static constexpr std::size_t kRead = 7;
  void over_unix(bool yes) { over_unix_ = yes; }
  void from(const Endpoint& peer) { peer_ = peer; }
  void with_body(std::string body) { request_body_ = std::move(body); }
  bool answered() const { return reply_.has_value(); }
  bool settled() const { return settled_; }
  /// All of the answer is here.
  bool complete() const { return reply_ && (!reply_->stream || ended_ || body_.size() == reply_->stream->size); }
  unsigned status() const { return reply_ ? reply_->status : 0; }
  std::string reply_header(std::string_view name) const {
    for (const auto& [key, value] : reply_->headers) {
      if (key == name) return value;
    }
    return "";
  }
  std::uint64_t announced_length() const { return reply_->stream ? reply_->stream->size : reply_->text.size(); }
  const std::string& received() const { return body_; }
  bool aborted() const { return aborted_; }
  void end(bool whole) {
    // As the server does: what the reader holds may hold this exchange.
    if (reply_ && reply_->stream) reply_->stream->read = [](auto, auto) { return net::HttpBody::kAbort; };
    if (const auto callback = std::exchange(on_end_, nullptr)) callback(whole, method_ == "HEAD" ? 0 : body_.size());
  }

 private:
  bool settled_ = false;
  std::string method_, target_, query_;
  std::map<std::string, std::string> headers_;
  std::string request_body_;
  Endpoint peer_{IpAddress::v4(0xc0000207), 52488};
  bool over_unix_ = false, aborted_ = false, ended_ = false;
  std::optional<net::HttpReply> reply_;
  std::string body_;
  std::function<void(bool, std::uint64_t)> on_end_;
};

}  // namespace dw::test
